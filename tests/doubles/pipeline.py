"""A pipeline on the local GitHub whose runs a test moves on by itself, and the engine's own account of them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from orchestrator.core.envelope import StampedEvent
from orchestrator.core.runs import Job, Step
from orchestrator.github.conditional import ConditionalApi
from orchestrator.jobs.stream import FILE
from orchestrator.local.actions.telling import RunTeller, events_folder
from orchestrator.local.following import EventReader
from orchestrator.local.runs import Run, Runs
from tests.doubles.hub import TOKEN, Hub, fault
from tests.doubles.runs import a_run

NAME = "octo/site"
ID = "0123456789abcdef"
WORKFLOW = ".github/workflows/build.yml"
REQUEST = {"task": "sum", "round": 1, "nonce": "the-nonce", "email": "a@example.com"}
PAYLOAD = {"client_payload": {"id": ID, "key": "b" * 16, "title": "sum round 1", "request": REQUEST}}


@dataclass
class Pipeline:
    """The repository octo/site with the workflow in it. `statuses`: of the answers that GitHub gave."""

    hub: Hub
    folder: Path
    statuses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hub.time.moment = float(int(time.time()))  # the local GitHub gives a run its first times itself
        self.hub.seed("site", {WORKFLOW: b"name: Build a site\non: [repository_dispatch, workflow_dispatch]\n"})
        runs = Runs(self.folder / "runs", RunTeller(self.folder).record_changes)
        (self.folder / "runs").mkdir(parents=True, exist_ok=True)
        self.hub.github = replace(self.hub.github, runs=runs, handover_of=lambda run: self.folder / "left" / str(run))
        self.hub.fail()

    @property
    def runs(self) -> Runs:
        return self.hub.github.runs

    def start(self, request: str = ID, **changes: Any) -> Run:
        """Queue a run."""
        client = PAYLOAD["client_payload"] | {"id": request}
        title = f"sum round 1 · {request}"
        given = {"display_title": title, "payload": {"client_payload": client}, "jobs": ()}
        return self.runs.create(a_run(repository=NAME, **(given | changes)))

    def move(self, run: Run, **changes: Any) -> Run:
        """Let a second pass, and change the run."""
        self.hub.time.moment += 1
        return self.runs.update(replace(run, **changes))

    def leave(self, run: Run, name: str, content: bytes) -> None:
        """Keep an artifact of a run."""
        folder = self.folder / "left" / str(run.id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    def conduct(self, run: Run) -> Run:
        """Take a queued run through both jobs to its end."""
        for state in self.play(run):
            assert state
        return self.find(run)

    def find(self, run: Run) -> Run:
        """Return a run as it is by now."""
        found = self.runs.find_run(run.id)
        assert found
        return found

    def play(self, run: Run) -> Iterator[str]:
        """Take a queued run through both jobs; yield after each change how far it is."""
        names = ("Build", "Publish")
        jobs = {name: Job(name, steps=(Step("Set up job", 1), Step("Work", 2), Step("Never", 3))) for name in names}
        run = self.move(run, status="in_progress", run_started_at=self.hub.time.utc(), jobs=tuple(jobs.values()))
        yield "started"
        for name in names:
            for job in self._job_states(jobs[name]):
                jobs[name] = job
                run = self.move(run, jobs=tuple(jobs.values()))
                yield f"{name} {len([step for step in job.steps if step.conclusion])} {job.status}"
        self.move(run, status="completed", conclusion="success")
        yield "ended"

    def _job_states(self, job: Job) -> list[Job]:
        at = self.hub.time.utc()
        moments = [at + timedelta(seconds=seconds) for seconds in range(1, 6)]
        first, second, third = job.steps
        began = replace(first, status="in_progress", started_at=moments[0])
        one = replace(began, status="completed", conclusion="success", completed_at=moments[1])
        two = replace(second, status="in_progress", started_at=moments[1])
        both = replace(two, status="completed", conclusion="success", completed_at=moments[3])
        skipped = replace(third, status="completed", conclusion="skipped")
        going = replace(job, status="in_progress", started_at=moments[0], steps=(began, second, third))
        over = replace(going, status="completed", conclusion="success", completed_at=moments[4])
        return [
            going,
            replace(going, steps=(one, second, third)),
            replace(going, steps=(one, two, third)),
            replace(going, steps=(one, both, third)),
            replace(over, steps=(one, both, skipped)),
        ]

    def told_here(self, run: Run) -> list[StampedEvent]:
        """Return what the engine has told of a run: what `watch --data` prints of it."""
        return list(EventReader(events_folder(self.folder, run.id) / FILE).read_new_events())

    def api(self, http: httpx.AsyncClient, token: str = TOKEN) -> ConditionalApi:
        """Return the API as `watch` asks it; its answers are noted."""

        async def note_status(answer: httpx.Response) -> None:
            self.statuses.append(answer.status_code)

        http.event_hooks["response"] = [note_status]
        return ConditionalApi(http, f"{self.hub.host.url}/repos/{NAME}/actions", self.hub.time.clock(), token)

    def fail(self, path: str, **fields: Any) -> None:
        """Let calls fail from now on."""
        self.hub.fail(fault(path, **fields))
