"""A run on GitHub, followed until it is over: its jobs and steps, and what the jobs themselves tell."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryFile

from orchestrator.core.envelope import Envelope, StampedEvent
from orchestrator.core.errors import GitHubFailed, RuleBroken
from orchestrator.core.events import AcceptedEvent, Event
from orchestrator.github.conditional import ConditionalApi, TooMuch
from orchestrator.watching.artifacts import MAX_ZIP_BYTES, SOURCES, ArtifactEvents, read_events
from orchestrator.watching.history import merge_streams, tell_history
from orchestrator.watching.looks import FoundRun, ListedArtifact, RunLook, parse_artifacts, parse_run

PACE = ((60.0, 3.0), (600.0, 10.0))
"""Until so many seconds after the run last moved on: how many seconds lie between two looks."""

SLOW_S = 30.0
LOG = "The log of the run says the same."


def choose_pause(seconds: float) -> float:
    """Return how long to wait for the next look, so many seconds after the run last moved on."""
    return next((pause for until, pause in PACE if seconds < until), SLOW_S)


async def follow_run(follower: "RunFollower") -> AsyncIterator[StampedEvent]:
    """Yield what happens to a run, each event once, until the run is over. Raises GitHubFailed."""
    clock = follower.api.clock
    moved_at, state = clock.now(), ""
    while True:
        for stamped in await follower.look():
            yield stamped
        if follower.is_over:
            return
        if follower.state != state:
            moved_at, state = clock.now(), follower.state
        await clock.sleep(choose_pause(clock.now() - moved_at))


@dataclass
class RunFollower:
    """Looks at the run of a request. `warn` takes what a person should know beside the events.

    `state`: which attempt it is, and how far; `is_over`: there is nothing to look at any more.
    """

    request: str
    found: FoundRun
    api: ConditionalApi
    warn: Callable[[str], None]
    state: str = ""
    is_over: bool = False
    _attempt: int = 0
    _counts: dict[int, int] = field(default_factory=dict)
    _told: set[tuple[object, ...]] = field(default_factory=set)
    _read: set[int] = field(default_factory=set)

    async def look(self) -> list[StampedEvent]:
        """Return what has happened since the last look, as far as possible in the order of its time."""
        path = f"/runs/{self.found.run.id}"
        run = await self._fetch_run(path)
        if run is None:
            raise GitHubFailed("The run is no longer on GitHub.", "Somebody has deleted it: look in the list of runs.")
        # What an earlier attempt came to is known for good; the last one that was seen may have gone on meanwhile.
        numbers = range(max(1, self._attempt), run.run_attempt)
        earlier = [await self._fetch_run(f"{path}/attempts/{number}") for number in numbers]
        self._attempt = run.run_attempt
        # Asked last: a run that is over by now has left all that it leaves.
        told = [await self._read_artifact(each, run) for each in await self._list_unread(path)]
        self.state, self.is_over = f"{run.run_attempt} {run.status}", run.status == "completed"
        engine = [stamped for attempt in (*earlier, run) if attempt for stamped in self._stamp_news(attempt)]
        jobs = [[each for each in one.events if self._is_news(*_identify_line(each))] for one in told]
        return list(merge_streams(engine, *jobs))

    async def _fetch_run(self, path: str) -> RunLook | None:
        run = await self.api.fetch_json(path)
        jobs = await self.api.fetch_json(f"{path}/jobs?per_page=100")
        return None if run is None or jobs is None else parse_run(run, jobs)

    async def _list_unread(self, path: str) -> list[ListedArtifact]:
        listed = await self.api.fetch_json(f"{path}/artifacts?per_page=100")
        artifacts = () if listed is None else parse_artifacts(listed)
        return [each for each in artifacts if each.name in SOURCES and each.id not in self._read]

    async def _read_artifact(self, artifact: ListedArtifact, run: RunLook) -> ArtifactEvents:
        self._read.add(artifact.id)
        with TemporaryFile() as archive:
            try:
                path = f"/artifacts/{artifact.id}/zip"
                if artifact.is_expired or not await self.api.download(path, archive, MAX_ZIP_BYTES):
                    self.warn(f"The artifact {artifact.name} has expired: GitHub keeps it for 14 days. {LOG}")
                    return ArtifactEvents()
                source = SOURCES[artifact.name]
                read = await asyncio.to_thread(read_events, archive, source, self.request, run.run_attempt)
            except TooMuch:
                self.warn(f"The artifact {artifact.name} is larger than the limits allow. {LOG}")
                return ArtifactEvents()
            except RuleBroken as error:
                self.warn(f"The artifact {artifact.name} is not one that the workflow makes. {error}")
                return ArtifactEvents()
        if read.refused:
            self.warn(f"The artifact {artifact.name} has {read.refused} lines of another form. They are left out.")
        return read

    def _stamp_news(self, run: RunLook) -> Iterator[StampedEvent]:
        for moment in tell_history(run, self.found.accepted):
            if self._is_news(*_identify_event(moment.event, run.run_attempt)):
                number = self._counts[run.run_attempt] = self._counts.get(run.run_attempt, 0) + 1
                head = Envelope(n=number, id=self.request, at=moment.at, source="engine", run_attempt=run.run_attempt)
                yield StampedEvent(head, moment.event)

    def _is_news(self, *identity: object) -> bool:
        is_news = identity not in self._told
        self._told.add(identity)
        return is_news


def _identify_line(stamped: StampedEvent) -> tuple[object, ...]:
    head = stamped.envelope
    return head.source, head.run_attempt, head.n


def _identify_event(event: Event, attempt: int) -> tuple[object, ...]:
    """Return what says that two events are the same, although GitHub corrects its times now and then."""
    fields = event.model_dump(exclude={"seconds"})
    return "engine", 0 if isinstance(event, AcceptedEvent) else attempt, *fields.values()
