"""What a person sees who opens the link of a repository or of a run in a browser: plain pages, for reading only."""

import asyncio
from collections.abc import Callable, Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orchestrator.core.runs import Job
from orchestrator.local.github import LocalGitHub
from orchestrator.local.runs import Run
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

    def make_handler(show: Callable[[LocalGitHub, Request], str | None]) -> Callable[[Request], object]:
        async def respond(request: Request) -> Response:
            body = await asyncio.to_thread(show, github, request)
            if body is None:
                return HTMLResponse(_render_page("404", "<p>There is no such page here.</p>"), 404)
            return HTMLResponse(body)

        return respond

    return [
        Route("/", make_handler(_render_overview)),
        Route("/{owner}/{repo}", make_handler(_render_repository)),
        Route("/{owner}/{repo}/actions/runs/{run:int}", make_handler(_render_run)),
    ]


def _render_overview(github: LocalGitHub, _: Request) -> str:
    repositories = github.store.list_repositories(github.owner)
    rows = [
        (_render_link(f"/{one.full_name}", one.full_name), f"{one.pushed_at:%Y-%m-%d %H:%M}") for one in repositories
    ]
    runs = [run for repository in repositories for run in github.runs.list_runs(repository.full_name)]
    return _render_page(
        "GitHub on this machine",
        f"<h2>Repositories</h2>{_render_table(('name', 'pushed'), rows)}"
        f"<h2>Runs</h2>{_render_table(('run', 'state', 'started'), [_run_row(run) for run in runs])}",
    )


def _run_row(run: Run) -> tuple[str, str, str]:
    link = _render_link(f"/{run.repository}/actions/runs/{run.id}", run.display_title)
    return link, run.conclusion or run.status, f"{run.created_at:%H:%M:%S}"


def _render_repository(github: LocalGitHub, request: Request) -> str | None:
    found = _find_repository(github, request)
    if found is None:
        return None
    address = f"{github.api_url}/{found.full_name}"
    parts = [f"<pre>git clone {escape(address)}</pre>"]
    if github.sites.refresh_site(found):
        url = f"{github.pages_url}/{found.full_name}/"
        parts.append(f"<p>Published at {_render_link(url, url)}</p>")
    if head := github.store.resolve_head(found):
        files = [entry for entry in github.store.list_tree(found, head) if entry.type == "blob"]
        parts.append(_render_table(("file", "bytes"), [(escape(entry.path), str(entry.size)) for entry in files]))
        commits = github.store.list_commits(found, head, limit=COMMITS)
        rows = [(commit.sha[:12], escape(commit.message.partition("\n")[0])) for commit in commits]
        parts.append(f"<h2>Commits</h2>{_render_table(('commit', 'subject'), rows)}")
    return _render_page(found.full_name, "".join(parts))


def _render_run(github: LocalGitHub, request: Request) -> str | None:
    run = github.runs.find_run(request.path_params["run"])
    found = _find_repository(github, request)
    if run is None or found is None or run.repository.lower() != found.full_name.lower():
        return None
    state = f"<p>{run.conclusion or run.status}, attempt {run.run_attempt}</p>"
    if summary := github.summary_of(run.id):
        state += f"<h2>Summary</h2><pre>{escape(summary)}</pre>"
    return _render_page(run.display_title, state + "".join(_render_job(github, job) for job in run.jobs))


def _render_job(github: LocalGitHub, job: Job) -> str:
    rows = [(escape(step.name), step.conclusion or step.status) for step in job.steps]
    log = escape(github.runs.load_log(job.id)) or "nothing yet"
    return f"<h2>{escape(job.name)}</h2>{_render_table(('step', 'state'), rows)}<pre>{log}</pre>"


def _find_repository(github: LocalGitHub, request: Request) -> StoredRepository | None:
    return github.store.find_repository(request.path_params["owner"], request.path_params["repo"])


def _render_link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _render_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{cells}</table>"


def _render_page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{_STYLE}</style>'
        f"</head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )
