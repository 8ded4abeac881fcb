"""Task (+ the present site) -> the files that make the site: by a model, or by the template if no model answers."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.core.deadline import Deadline
from orchestrator.core.errors import RuleBroken
from orchestrator.core.events import Emit, ignore_event
from orchestrator.core.paths import fold_path, path_problem
from orchestrator.core.report import Attempt, RefusedChange
from orchestrator.core.settings import Models
from orchestrator.core.site import LICENCE, Site
from orchestrator.generate import prompt
from orchestrator.generate.asking import SharedState
from orchestrator.generate.attachments.changes import diff_attachment
from orchestrator.generate.attachments.digest import describe_attachments
from orchestrator.generate.conversation import converse
from orchestrator.generate.draft import Broken, Draft, Material, has_readme
from orchestrator.generate.fallback import Ask, fallback_note, fallback_site, model_readme
from orchestrator.generate.models import presets
from orchestrator.generate.models.budget import TaskBudget
from orchestrator.generate.models.presets import Model, Preset
from orchestrator.generate.prompt import Prompts
from orchestrator.generate.sections import with_section
from orchestrator.generate.tried import PastRepair

FALLBACK = "fallback"
READING_SHARE = 0.1
"""The share of the time for models in which attachments are read."""

_MADE_BY_TEMPLATE = ("index.html", "README.md", LICENCE, ".nojekyll")


@dataclass(frozen=True)
class Kit:
    """What is needed to ask models: which ones to ask, and the files in `prompts/`, read and validated."""

    models: Models
    prompts: Prompts
    presets: Mapping[str, Preset]

    @classmethod
    def load(cls, models: Models) -> "Kit":
        """Read `prompts/`; raise UsageError that names what is wrong there."""
        return cls(models, prompt.load_prompts(), presets.load_presets())


@dataclass(frozen=True)
class GeneratedSite:
    """The site, and who made it: a model's name, or `fallback`.

    - `attachments_changed`: attachment -> the lines of its diff
    - `proofs`: label of a check in prose -> the model's proof
    - `attached`: the attachments of all rounds, as they were sent
    - `attachments_refused`: the changes of attachments that were refused so far, in any answer
    - `is_cut_off`: the answer ended in the middle, so the template's page may be better
    """

    site: Site
    built_by: str
    attachments_changed: tuple[tuple[str, ...], ...] = ()
    proofs: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, bytes] = field(default_factory=dict)
    attachments_refused: tuple[RefusedChange, ...] = ()
    is_cut_off: bool = False

    @property
    def is_fallback(self) -> bool:
        """Whether no model wrote any of it."""
        return self.built_by == FALLBACK


@dataclass(frozen=True)
class Generation:
    """The models of one task, what they work with, and what they may still spend."""

    shared: SharedState
    chain: Sequence[Model]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Everything that was tried so far."""
        return tuple(self.shared.budget.attempts)

    @property
    def cost_usd(self) -> float | None:
        """What all answers cost, used or not; None if one's price is unknown."""
        prices = [attempt.cost_usd for attempt in self.attempts if attempt.was_called]
        known = [price for price in prices if price is not None]
        return sum(known) if len(known) == len(prices) else None

    def record_verification(self, **seen: Any) -> None:
        """Add to the last attempt what verifying it showed."""
        attempts = self.shared.budget.attempts
        attempts[-1:] = [attempt.model_copy(update={"verified": True, **seen}) for attempt in attempts[-1:]]

    async def generate_site(self) -> GeneratedSite:
        """Return the site that the models make of what is given, or the template's. Attachments stay byte for byte.

        Raises RuleBroken if even the template's site breaks a rule: then the attachments are the cause.
        """
        if (chosen := await _ask_models(self.shared, self.chain)) is not None:
            return _finish_draft(self.shared, *chosen)
        made = self._generate_from_template()
        if problems := self.shared.broken(made.site):
            raise RuleBroken.from_problems(problems)
        return made

    def template_site(self) -> GeneratedSite | None:
        """Return the site that needs no model, None if it breaks a rule."""
        made = self._generate_from_template()
        return None if self.shared.broken(made.site) else made

    def _generate_from_template(self) -> GeneratedSite:
        given = self.shared.given
        site = given.present.with_changes(_template_files(given)).with_changes(given.attachments)
        site = site.with_changes(_dated_readme(given, site.files))
        return GeneratedSite(site, FALLBACK, attached=given.attached, attachments_refused=self.refused_changes(site))

    def refused_changes(self, site: Site) -> tuple[RefusedChange, ...]:
        """Return the changes of attachments that were not taken in the whole task and that `site` does not hold."""
        return _refused_changes(self.shared, site.files)

    async def ask_for_repair(
        self, made: GeneratedSite, wrong: Sequence[str], passing_over: int = 0, tried: Sequence[PastRepair] = ()
    ) -> GeneratedSite | None:
        """Return the site with what is `wrong` repaired, None if no model repairs it.

        `passing_over`: how many of the models gained nothing with it; those behind them are asked first. `tried`: the
        repairs before this one.
        """
        refused = self.refused_changes(made.site)
        told = (*wrong, *(f"Do not try this again: {one.sentence}." for one in refused))
        given = replace(self.shared.given, made=made.site, wrong=told, proofs=made.proofs, tried=tuple(tried))
        given = replace(given, refused=refused)
        able = [model for model in self.chain if not model.problem]
        first = next((place for place, model in enumerate(able) if model.name == made.built_by), 0) + passing_over
        shared = replace(self.shared, given=given)
        chosen = await _ask_models(shared, able[first:] or able[-1:])
        return None if chosen is None else _finish_draft(shared, *chosen)


async def begin_generation(
    given: Material,
    kit: Kit,
    deadline: Deadline,
    broken: Broken,
    tell: Emit = ignore_event,
) -> Generation:
    """Return what is needed to make a site before `deadline`.

    `broken`: says which rules a site breaks; `tell`: receives what goes on as events.
    """
    litellm, told = None, dict[str, str]()
    if kit.models.chain:
        told = await describe_attachments(given.attached, deadline.remaining * READING_SHARE)
        litellm = await asyncio.to_thread(presets.import_litellm)
    given = replace(given, told=told)
    shared = SharedState(litellm, kit.prompts, given, TaskBudget(kit.models.max_cost_usd, deadline), broken, tell=tell)
    return Generation(shared, presets.resolve_chain(kit.models, kit.presets, litellm))


async def _ask_models(shared: SharedState, chain: Sequence[Model]) -> tuple[Model, Draft] | None:
    """Ask the models in order: the first draft without flaws is taken, else the first that is a site at all."""
    lesser: tuple[Model, Draft] | None = None
    for place, model in enumerate(chain):
        if model.problem:
            shared.budget.attempts.append(Attempt(model=model.name, outcome=model.problem))
            continue
        # One that hangs must not use up the time of those behind it.
        waiting = 1 + sum(not other.problem for other in chain[place + 1 :])
        until = shared.budget.deadline.share(waiting)
        draft = await converse(shared, model, until, has_next=waiting > 1)
        if draft is not None and not draft.flaws:
            return model, draft
        if draft is not None and draft.is_usable and lesser is None:
            lesser = model, draft
    return lesser


def _finish_draft(shared: SharedState, model: Model, draft: Draft) -> GeneratedSite:
    given, files = shared.given, dict(draft.files)
    if draft.flaws:
        shared.budget.attempts.append(Attempt(model=model.name, outcome=f"used as it is: {draft.flaws[0].text}"[:300]))
    if not has_readme(files):
        files["README.md"] = model_readme(_site_title(given.task.task), _round_asks(given), given.attachments)
    files |= _dated_readme(given, files)
    changed = [(name, data) for name, data in given.attached.items() if files.get(name) != data]
    diffs = tuple(diff_attachment(name, data, files.get(name)) for name, data in changed)
    refused, is_cut_off = _refused_changes(shared, files), draft.is_cut_off and bool(draft.flaws)
    return GeneratedSite(Site(files), model.name, diffs, draft.proofs, given.attached, refused, is_cut_off)


def _refused_changes(shared: SharedState, files: Mapping[str, bytes]) -> tuple[RefusedChange, ...]:
    attached = shared.given.attached
    return tuple(one for name, one in sorted(shared.refused.items()) if files.get(name) == attached.get(name))


def _dated_readme(given: Material, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the README with a dated section about a later round; nothing if it is an attachment or the first."""
    path = next((path for path in files if fold_path(path) == "readme.md"), None)
    if path is None or path in given.attached or given.day is None or given.task.round < 2:
        return {}
    changed = sorted(name for name, data in files.items() if name != path and given.present.files.get(name) != data)
    return {path: with_section(files[path], given.task.round, given.day, changed)}


def _template_files(given: Material) -> dict[str, bytes]:
    """Return the template's page; in a site that a model made, only a note: a good page is never replaced."""
    task, rounds = given.task, given.record.rounds if given.record else ()
    title = _site_title(task.task)
    files = {path: data for path, data in sorted(given.present.files.items()) if _is_attachment(path)}
    # Who built last does not say whose page it is: a fallback leaves a model's page in place.
    before = fallback_site(title, [Ask(entry.round, entry.brief) for entry in rounds], files)
    if given.present.files and before.get("index.html") != given.present.files.get("index.html"):
        readme = given.present.files.get("README.md", b"")
        return {"README.md": fallback_note(readme, Ask(task.round, task.brief), list(given.attachments))}
    return fallback_site(title, _round_asks(given), dict(sorted({**files, **given.attachments}.items())))


def _round_asks(given: Material) -> list[Ask]:
    """Return what each round asked for, this one last."""
    task, rounds = given.task, given.record.rounds if given.record else ()
    earlier = [Ask(entry.round, entry.brief) for entry in rounds if entry.round != task.round]
    return [*earlier, Ask(task.round, task.brief)]


def _is_attachment(path: str) -> bool:
    return path not in _MADE_BY_TEMPLATE and path_problem(path) is None  # what is left is the owner's


def _site_title(task: str) -> str:
    # Evaluators put a seed behind the name: it tells tasks apart and says nothing.
    named = re.sub(r"[-_\s]+(?=[0-9a-f]*\d)[0-9a-f]{4,}$", "", task)
    words = re.sub(r"[-_\s]+", " ", named).strip()
    return words[:1].upper() + words[1:] or "Site"
