"""Task (+ the present site) -> the files that make the site: by a model, or by the template where none answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.deadline import Deadline
from orchestrator.errors import RuleBroken
from orchestrator.generate import prompt
from orchestrator.generate.fallback import Ask, fallback_note, fallback_site
from orchestrator.generate.models.call import ask_each
from orchestrator.generate.reply import reply
from orchestrator.handover import Attempt
from orchestrator.paths import fold, path_problem
from orchestrator.record import Record
from orchestrator.settings import Models
from orchestrator.site import LICENCE, Site
from orchestrator.task import Task

Broken = Callable[[Site], Sequence[str]]

FALLBACK = "fallback"
_MADE_BY_TEMPLATE = ("index.html", "README.md", LICENCE, ".nojekyll")


@dataclass(frozen=True)
class Given:
    """What there is to work with. `present`: the site as it is, empty for a new one; `attachments`: this round's."""

    task: Task
    attachments: Mapping[str, bytes]
    present: Site
    record: Record | None


@dataclass(frozen=True)
class Generated:
    """The site, and who made it: a model's name, or `fallback`."""

    site: Site
    built_by: str
    attempts: tuple[Attempt, ...] = ()

    @property
    def is_fallback(self) -> bool:
        """Whether no model had a part in it."""
        return self.built_by == FALLBACK

    @property
    def cost_usd(self) -> float | None:
        """What all answers cost, used or not; None where one's price is unknown."""
        prices = [attempt.cost_usd for attempt in self.attempts if attempt.seconds]  # the others were not asked
        known = [price for price in prices if price is not None]
        return sum(known) if len(known) == len(prices) else None


async def generate(given: Given, models: Models, deadline: Deadline, broken: Broken) -> Generated:
    """Return the site that the models make of what is given, or the template's. Attachments stay byte for byte.

    `broken`: says which rules a site breaks; an answer that breaks one is not used. Raises RuleBroken where even the
    template's site breaks one: then it is the attachments'.
    """
    attempts: list[Attempt] = []
    if models.chain:
        asked = prompt.messages(prompt.load(), given.task, given.attachments, given.present, given.record)
        made, name, attempts = await ask_each(models, asked, lambda text: _usable(text, given, broken), deadline)
        if made is not None:
            return Generated(_joined(given, made), name, tuple(attempts))
    site = _joined(given, _template(given))
    if problems := broken(site):
        raise RuleBroken.by(problems)
    return Generated(site, FALLBACK, tuple(attempts))


def _usable(text: str, given: Given, broken: Broken) -> tuple[dict[str, bytes] | None, str]:
    """Return the files of an answer, or None and what is wrong with it."""
    found = reply.parse(text)
    if any("does not end" in complaint for complaint in found.complaints):
        return None, found.complaints[0]
    files = {path: body.encode() for path, body in found.files.items()}
    if not files:
        return None, found.complaints[0]
    site = _joined(given, files)
    if not site.files.get("index.html", b"").strip():
        return None, "the answer has no index.html, or an empty one"
    if problems := broken(site):
        return None, f"the answer breaks a rule: {problems[0]}"
    return files, ""


def _joined(given: Given, made: Mapping[str, bytes]) -> Site:
    """Return present files, then what was made, then the attachments: each wins over those before it."""
    taken = {fold(name) for name in given.attachments}
    kept = {path: data for path, data in made.items() if fold(path) not in taken}
    return given.present.changed(kept).changed(given.attachments)


def _template(given: Given) -> dict[str, bytes]:
    """Return the template's page; in a site that a model made, only a note: a good page is never replaced."""
    task, rounds = given.task, given.record.rounds if given.record else ()
    title = _title(task.task)
    files = {path: data for path, data in sorted(given.present.files.items()) if _is_attachment(path)}
    # Who built last does not say whose page it is: a fallback leaves a model's page in place.
    before = fallback_site(title, [Ask(entry.round, entry.brief) for entry in rounds], files)
    if given.present.files and before.get("index.html") != given.present.files.get("index.html"):
        readme = given.present.files.get("README.md", b"")
        return {"README.md": fallback_note(readme, Ask(task.round, task.brief), list(given.attachments))}
    asks = [Ask(entry.round, entry.brief) for entry in rounds if entry.round != task.round]
    return fallback_site(
        title, [*asks, Ask(task.round, task.brief)], dict(sorted({**files, **given.attachments}.items()))
    )


def _is_attachment(path: str) -> bool:
    return path not in _MADE_BY_TEMPLATE and path_problem(path) is None  # what is left is the owner's


def _title(task: str) -> str:
    # Evaluators put a seed behind the name: it tells tasks apart and says nothing.
    named = re.sub(r"[-_\s]+(?=[0-9a-f]*\d)[0-9a-f]{4,}$", "", task)
    words = re.sub(r"[-_\s]+", " ", named).strip()
    return words[:1].upper() + words[1:] or "Site"
