"""A site made in one step, with what was tried for it."""

from dataclasses import dataclass

from orchestrator.core.deadline import Deadline
from orchestrator.core.events import Emit, Event, NoteEvent
from orchestrator.core.report import Attempt
from orchestrator.core.site import Site
from orchestrator.generate.draft import Broken, Material
from orchestrator.generate.generation import Kit, begin_generation


@dataclass(frozen=True)
class Made:
    """What `Generation.generate_site` returned, and what the generation then knows."""

    site: Site
    built_by: str
    is_fallback: bool
    attachments_changed: tuple[tuple[str, ...], ...]
    attempts: tuple[Attempt, ...]
    cost_usd: float | None


def notes_into(said: list[str]) -> Emit:
    """Return what takes events and keeps what the notes among them say."""

    def take(event: Event) -> None:
        if isinstance(event, NoteEvent):
            said.append(event.text)

    return take


async def generate(given: Material, kit: Kit, deadline: Deadline, broken: Broken) -> Made:
    generation = await begin_generation(given, kit, deadline, broken)
    made = await generation.generate_site()
    known = made.site, made.built_by, made.is_fallback, made.attachments_changed
    return Made(*known, generation.attempts, generation.cost_usd)
