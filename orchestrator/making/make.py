"""One site, anywhere: models write it, a browser looks at it, and what is wrong goes back to them until it is proved.

Nothing here knows GitHub or Actions. Everything that happens is emitted as an event.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.core.deadline import Deadline
from orchestrator.core.errors import PagewrightError
from orchestrator.core.events import AttemptEvent, CheckEvent, Emit, FindingEvent, NoteEvent, ShotEvent, emit_group
from orchestrator.core.report import Attempt, Finding, Report
from orchestrator.core.scaffold import Framework, find_entries, is_bundled
from orchestrator.core.sentences import describe_outcome, describe_spending
from orchestrator.core.site import Site, add_standard_files, blob_id, broken_rules, unfit_for
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import GeneratedSite, Generation, Kit, begin_generation
from orchestrator.generate.tried import PastRepair
from orchestrator.making.bundling import Bundling, is_unbuilt
from orchestrator.making.proving import ProvedAttempt, ProvingTools, attempt_key, prove

if TYPE_CHECKING:
    from orchestrator.verify.verification import Subject

VERIFYING_SHARE = 0.1
VERIFYING_S = 10.0
MOST_FOR_VERIFYING = 0.25
"""The time that is kept for the browser: this share of all time, at least so many seconds, and at most this share."""

STANDING_S = 30.0
STANDING_SHARE = 1 / 3
"""Seconds that must be left to look at the published site, and the share of them that it may take."""


@dataclass(frozen=True)
class Assignment:
    """What is to be made. `name`: of the folder that it is served in; `owner`, `year`: as the licence names them.

    `published`: all files of the present site, those too that are made from others; None if `given` has them all.
    """

    given: Material
    name: str
    owner: str
    year: int
    published: Site | None = None


@dataclass(frozen=True)
class MakingTools:
    """What a site is made with.

    `browser`: None for the one that is found. `secrets` must be in no file. `on_no_sandbox` is called with the reason
    before the browser runs without its sandbox; it may raise. `keep` gets whole files, below a folder's name: those of
    each attempt, and its screenshots. `cache`: where the bundler's packages are kept.
    """

    kit: Kit
    max_attempts: int
    browser: Path | None = None
    cdn_mirror: Path | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    on_no_sandbox: Callable[[str], None] | None = None
    keep: Callable[[str, Mapping[str, bytes]], None] | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class MakingResult:
    """The result of an assignment: the attempt that is kept, the first one, and all calls of models."""

    kept: ProvedAttempt
    first: GeneratedSite
    generation: Generation


async def make_site(assignment: Assignment, means: MakingTools, deadline: Deadline, emit: Emit) -> MakingResult:
    """Make a site before `deadline`. Raises PagewrightError where not even the template's site keeps the rules."""
    maker = _Maker(assignment, means, deadline, emit, Bundling(assignment.given.framework, means.cache, emit))
    try:
        return await maker.make()
    finally:
        await maker.bundling.end()


@dataclass
class _Maker:
    """One assignment under way. `seen`: what a browser saw of each site so far; `number`: of the last attempt."""

    assignment: Assignment
    means: MakingTools
    deadline: Deadline
    emit: Emit
    bundling: Bundling
    seen: dict[str, Report] = field(default_factory=dict)
    number: int = 0

    async def make(self) -> MakingResult:
        """Have the site written and proved. An app that nobody could bundle gives way to the template's page."""
        given, kit = self.assignment.given, self.means.kit
        if kit.models.chain or find_entries(given.present.files):
            self.bundling.begin_installing()
        with emit_group(self.emit, "Generate the site"):
            generation = await self.start_generation()
            first = await generation.generate_site()
            self.tell_attempts(generation.attempts, first)
        kept = await prove(first, self.make_ways(generation), given.task.round, self.means.max_attempts)
        if is_unbuilt(kept.report) and (template := generation.template_site()) is not None:
            kept = await self._verify_attempt(generation, template)
        return MakingResult(kept, first, generation)

    async def start_generation(self) -> Generation:
        left = self.deadline.remaining
        thinking = self.deadline.earlier_by(min(max(VERIFYING_S, VERIFYING_SHARE * left), MOST_FOR_VERIFYING * left))
        return await begin_generation(
            self.assignment.given, self.means.kit, thinking, self._find_broken_rules, self.emit
        )

    def make_ways(self, generation: Generation) -> ProvingTools:
        """Return the functions that verify and repair an attempt."""
        standing = self._inspect_published_site if self.assignment.given.present.files else None
        repair = partial(self._repair, generation)
        return ProvingTools(
            partial(self._verify_attempt, generation), repair, standing, generation.template_site, self.emit
        )

    async def _verify_attempt(self, generation: Generation, generated: GeneratedSite) -> ProvedAttempt:
        self.number += 1
        framework = self.bundling.find_framework(generated.site, is_fallback=generated.is_fallback)
        bundled, wrong = await self._add_bundle(generated.site, framework)
        site = self._add_standard_files(bundled, framework)
        made = attempt_key(site, generated.proofs)
        if self.means.keep is not None:
            self.means.keep(f"site/{self.number}", site.files)
        self.emit(AttemptEvent(number=self.number, files=len(site.files), digest=site.digest(), by=generated.built_by))
        with emit_group(self.emit, "Verify it in a browser"):
            if wrong:
                self.seen[made] = Report((), wrong)
                self._tell_report(self.seen[made])
            elif made in self.seen:
                self._say("Exactly this site was opened before, so its results are used again.")
            else:
                subject = self._verification_subject(site, generated)
                for round_, check in subject.asked:
                    self.emit(CheckEvent(attempt=self.number, label=check.text, round=round_, state="trying"))
                self.seen[made] = await self._run_verification(subject, self.deadline.remaining)
                self._tell_report(self.seen[made])
                self._keep_screenshots(self.seen[made].screenshots)
        report = self.seen[made]
        if not generated.is_fallback:
            generation.record_verification(
                passed=report.count("passed"), failed=report.count("failed"), findings=report.findings
            )
        return ProvedAttempt(generated, site, report, self.number, framework)

    async def _add_bundle(self, site: Site, framework: Framework) -> tuple[Site, tuple[Finding, ...]]:
        return await self.bundling.add_bundle(site) if is_bundled(framework) else (site, ())

    async def _repair(
        self,
        generation: Generation,
        made: GeneratedSite,
        wrong: Sequence[str],
        passing_over: int,
        tried: Sequence[PastRepair],
    ) -> GeneratedSite | None:
        with emit_group(self.emit, "Repair it"):
            before = len(generation.attempts)
            repaired = await generation.ask_for_repair(made, wrong, passing_over, tried)
            self.tell_attempts(generation.attempts[before:], repaired or made)
        return repaired

    async def _inspect_published_site(self) -> Sequence[Finding]:
        """Return what a browser finds of the published site, opened as the new one is. Nothing where time is short."""
        with emit_group(self.emit, "Look at the published site"):
            left = self.deadline.remaining
            if left < STANDING_S:
                self._say("There is no time to open the published site, so every finding counts as new.")
                return ()
            subject = self._verification_subject(self._published_site)
            try:
                findings = (await self._run_verification(subject, left * STANDING_SHARE)).findings
            except PagewrightError as error:  # the new site is good without it
                self._say(f"The published site could not be opened, so every finding counts as new: {error}")
                return ()
            self._say(f"The published site has {len(findings)} findings. The same findings do not cause a repair.")
            return findings

    def _verification_subject(self, site: Site, generated: GeneratedSite | None = None) -> "Subject":
        """Return what is opened: a new site with the checks of all rounds, or the published one with those before.

        The checks are run on both: what they do to a page may be what makes it complain.
        """
        from orchestrator.verify.verification import Subject, collect_checks  # noqa: PLC0415

        given, name = self.assignment.given, self.assignment.name
        this, asked = given.task.round, collect_checks(given.task, given.record)
        if generated is None:
            return Subject(site, name, [entry for entry in asked if entry[0] < this])
        subject = Subject(site, name, asked, this=this, before=self._published_site)
        return replace(subject, attachments=generated.attached, proofs=generated.proofs)

    async def _run_verification(self, subject: "Subject", seconds: float) -> Report:
        # Imported here: a run that has nothing to verify needs no browser.
        from orchestrator.verify.browser import open_cage  # noqa: PLC0415
        from orchestrator.verify.limits import TimeLimits  # noqa: PLC0415
        from orchestrator.verify.verification import verify  # noqa: PLC0415

        opening = partial(open_cage, self.means.browser, on_no_sandbox=self._report_no_sandbox)
        return await verify(subject, TimeLimits().within(seconds), opening, self.means.cdn_mirror)

    def _report_no_sandbox(self, reason: str) -> None:
        if self.means.on_no_sandbox is not None:
            self.means.on_no_sandbox(reason)
        self._say(f"The browser runs without its sandbox: {reason}.")

    @property
    def _published_site(self) -> Site:
        return self.assignment.published or self.assignment.given.present

    def _add_standard_files(self, site: Site, framework: Framework = "vanilla") -> Site:
        return add_standard_files(site, self.assignment.owner, self.assignment.year, framework)

    def _find_broken_rules(self, site: Site) -> list[str]:
        """Return the rules that `site` would break once it is finished."""
        given = self.assignment.given
        present = {path: blob_id(data) for path, data in given.present.files.items()}
        final = self._add_standard_files(site)
        broken = broken_rules(final, present, self.means.secrets, allow_workflows=given.allow_workflows)
        return broken + unfit_for(given.task.target, final.files)

    def tell_attempts(self, attempts: Sequence[Attempt], generated: GeneratedSite) -> None:
        """Tell what was asked of the models, and what of it was refused."""
        for attempt in attempts:
            self._say(f"{attempt.model}: {describe_outcome(attempt)} ({describe_spending(attempt)})")
        for refused in generated.attachments_refused:
            self._say(f"A change was refused: {refused.sentence}.")

    def _tell_report(self, report: Report) -> None:
        for check in report.checks:
            fields = check.model_dump(include={"round", "kind", "state", "seen"})
            self.emit(CheckEvent(attempt=self.number, label=check.text, **fields))
        for finding in report.findings:
            self.emit(FindingEvent(attempt=self.number, **finding.model_dump()))
        for note in report.notes:
            self._say(note)

    def _keep_screenshots(self, shots: Mapping[str, bytes]) -> None:
        """Keep the screenshots of an attempt, and tell of each."""
        if self.means.keep is None:
            return
        place = f"shots/{self.number}"
        self.means.keep(place, {f"{name}.png": image for name, image in shots.items()})
        for name, image in shots.items():
            # A PNG says its width in bytes 16 to 19: https://www.w3.org/TR/png/#11IHDR
            width = int.from_bytes(image[16:20], "big")
            self.emit(ShotEvent(attempt=self.number, name=name, width=width, file=f"{place}/{name}.png"))

    def _say(self, text: str) -> None:
        self.emit(NoteEvent(text=text))
