"""What a person sees who opens the link of a repository or of a run in a browser: plain pages, for reading only."""

import asyncio
from collections.abc import Callable, Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orchestrator.local.github import LocalGitHub
from orchestrator.local.runs import Job, Run
from orchestrator.local.store import StoredRepository

COMMITS = 50

_STYLE = """
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% }
  td, th { padding: .3rem .8rem .3rem 0; text-align: left; border-bottom: 1px solid #8885 }
  pre { padding: 1rem; overflow-x: auto; background: #8882; border-radius: .5rem; font-size: .85rem }
"""


def routes(github: LocalGitHub) -> list[Route]:
    """Return the routes. They come last: `/repos/…` and the like are the API's."""

    def page(show: Callable[[LocalGitHub, Request], str | None]) -> Callable[[Request], object]:
        async def respond(request: Request) -> Response:
            body = await asyncio.to_thread(show, github, request)
            if body is None:
                return HTMLResponse(_page("404", "<p>There is no such page here.</p>"), 404)
            return HTMLResponse(body)

        return respond

    return [
        Route("/", page(_overview)),
        Route("/{owner}/{repo}", page(_repository)),
        Route("/{owner}/{repo}/actions/runs/{run:int}", page(_run)),
    ]


def _overview(github: LocalGitHub, _: Request) -> str:
    repositories = github.store.owned_by(github.owner)
    rows = [(_link(f"/{one.full_name}", one.full_name), f"{one.pushed_at:%Y-%m-%d %H:%M}") for one in repositories]
    runs = [run for repository in repositories for run in github.runs.list(repository.full_name)]
    return _page(
        "GitHub on this machine",
        f"<h2>Repositories</h2>{_table(('name', 'pushed'), rows)}"
        f"<h2>Runs</h2>{_table(('run', 'state', 'started'), [_run_row(run) for run in runs])}",
    )


def _run_row(run: Run) -> tuple[str, str, str]:
    link = _link(f"/{run.repository}/actions/runs/{run.id}", run.display_title)
    return link, run.conclusion or run.status, f"{run.created_at:%H:%M:%S}"


def _repository(github: LocalGitHub, request: Request) -> str | None:
    found = _found(github, request)
    if found is None:
        return None
    address = f"{github.api_url}/{found.full_name}"
    parts = [f"<pre>git clone {escape(address)}</pre>"]
    if github.sites.get(found):
        url = f"{github.pages_url}/{found.full_name}/"
        parts.append(f"<p>Published at {_link(url, url)}</p>")
    if head := github.store.head(found):
        files = [entry for entry in github.store.tree(found, head) if entry.type == "blob"]
        parts.append(_table(("file", "bytes"), [(escape(entry.path), str(entry.size)) for entry in files]))
        commits = github.store.commits(found, head, limit=COMMITS)
        rows = [(commit.sha[:12], escape(commit.message.partition("\n")[0])) for commit in commits]
        parts.append(f"<h2>Commits</h2>{_table(('commit', 'subject'), rows)}")
    return _page(found.full_name, "".join(parts))


def _run(github: LocalGitHub, request: Request) -> str | None:
    run = github.runs.get(request.path_params["run"])
    found = _found(github, request)
    if run is None or found is None or run.repository.lower() != found.full_name.lower():
        return None
    state = f"<p>{run.conclusion or run.status}, attempt {run.run_attempt}</p>"
    if summary := github.summary_of(run.id):
        state += f"<h2>Summary</h2><pre>{escape(summary)}</pre>"
    return _page(run.display_title, state + "".join(_job(github, job) for job in run.jobs))


def _job(github: LocalGitHub, job: Job) -> str:
    rows = [(escape(step.name), step.conclusion or step.status) for step in job.steps]
    log = escape(github.runs.log(job.id)) or "nothing yet"
    return f"<h2>{escape(job.name)}</h2>{_table(('step', 'state'), rows)}<pre>{log}</pre>"


def _found(github: LocalGitHub, request: Request) -> StoredRepository | None:
    return github.store.find(request.path_params["owner"], request.path_params["repo"])


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{cells}</table>"


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{_STYLE}</style>'
        f"</head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )
