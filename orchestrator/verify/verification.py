"""Site + checks -> Report: served as Pages will serve it, opened in a browser that has no other way out."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.core.paths import is_page
from orchestrator.core.record import Record
from orchestrator.core.report import CheckResult, Report
from orchestrator.core.site import Site
from orchestrator.core.task import Check, Task
from orchestrator.verify.browser import Cage
from orchestrator.verify.checks import Asked, Shown, label_checks, make_verdict, seconds_asked
from orchestrator.verify.files import CheckedFiles, decide_check
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.opening import open_page, visit_page
from orchestrator.verify.proofs import InvalidProof, Proof, parse_proof
from orchestrator.verify.quoting import MissingFile, empty_out_file, fill_in_files, speaks_of_files
from orchestrator.verify.running import run_proof
from orchestrator.verify.server import ServedSite, serve_site
from orchestrator.verify.settling import follow_requests

BLANK = b"<!doctype html><html lang=en><title></title><body></body></html>"
NO_TIME_FOR_PROOF = "there was no time left to try its proof"
MARGIN_S = 0.5
"""How much longer than on the site a proof is tried where it must fail."""


@dataclass(frozen=True)
class Subject:
    """What is verified.

    - `base`: the repository's name
    - `before`: the site of the round before, empty in the first
    - `asked`: the checks of all rounds
    - `this`: the number of the current round
    - `attachments`: as they were sent
    - `proofs`: label of a check in prose -> the model's proof
    """

    site: Site
    base: str
    asked: Asked
    this: int = 1
    before: Site = field(default_factory=lambda: Site({}))
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    proofs: Mapping[str, str] = field(default_factory=dict)


def collect_checks(task: Task, record: Record | None) -> Asked:
    """Return the checks of all rounds: what an earlier one asked for must still hold."""
    rounds = record.rounds if record else ()
    earlier = [(entry.round, Check(text=text)) for entry in rounds for text in entry.checks if entry.round < task.round]
    return [*earlier, *((task.round, check) for check in task.checks)]


async def verify(
    subject: Subject,
    limits: TimeLimits,
    opening: Callable[[str], AbstractAsyncContextManager[Cage]],
    cdn_mirror: Path | None = None,
) -> Report:
    """Serve the site under its name and report what a browser saw. `opening`: opens one for a URL."""
    until = time.monotonic() + limits.whole
    with serve_site(subject.site, subject.base) as served:
        async with opening(served.url) as cage:
            target = Target(served.url, subject.site.files.keys(), cdn_mirror)
            report = await inspect_page(cage, target, subject.asked, limits)
            trial = _Trial(cage, served, target, limits.within(until - time.monotonic()))
            return replace(report, checks=tuple(await _decide_checks(subject, report, trial)))


@dataclass(frozen=True)
class _Trial:
    """Where proofs are tried."""

    cage: Cage
    served: ServedSite
    target: Target
    limits: TimeLimits


async def _decide_checks(subject: Subject, report: Report, trial: _Trial) -> list[CheckResult]:
    """Return the verdicts, those on files and in prose too."""
    repository = CheckedFiles(subject.site.files, subject.attachments)
    until = time.monotonic() + trial.limits.whole
    verdicts: list[CheckResult] = []
    for label, entry, verdict in zip(label_checks(subject.asked), subject.asked, report.checks, strict=True):
        by_rule = _apply_file_rules(entry, verdict, repository)
        if by_rule.kind != "prose" or label not in subject.proofs:
            verdicts.append(by_rule)
        elif time.monotonic() < until:
            verdicts.append(await _try_proof(entry, subject.proofs[label], subject, trial))
        else:
            verdicts.append(make_verdict(entry, "prose", (False, NO_TIME_FOR_PROOF), subject.proofs[label]))
    return verdicts


def _apply_file_rules(entry: tuple[int, Check], verdict: CheckResult, repository: CheckedFiles) -> CheckResult:
    """Return the verdict of the rules on a check about files; where they have none, it is in prose."""
    if verdict.kind != "file":
        return verdict
    found = decide_check(entry[1].text, repository)
    if found.holds is None:
        return make_verdict(entry, "prose", (False, f"the files alone do not tell: {found.seen}"))
    return make_verdict(entry, "file", (found.holds, found.seen))


async def _try_proof(entry: tuple[int, Check], text: str, subject: Subject, trial: _Trial) -> CheckResult:
    """Try a proof on the site, then where it must fail: what holds on a blank page shows nothing."""
    try:
        proof = parse_proof(text)
    except InvalidProof as error:
        return make_verdict(entry, "prose", (False, f"its proof could not be read: {error}"), text)
    seconds = trial.limits.check + max(seconds_asked(entry[1].text), seconds_asked(text))
    started = time.monotonic()
    shown = await _run_proof_on(trial, subject.site, proof, seconds)
    if not shown[0]:
        return make_verdict(entry, "prose", (False, f"its proof does not hold: {shown[1]}"), text)
    # What only waits must not pass for what looks.
    patience = time.monotonic() - started + MARGIN_S
    others = _sites_without_files(subject) if speaks_of_files(proof) else {"a blank page": _blank_pages(subject.site)}
    if entry[0] == subject.this and subject.before.files:
        others["the page as it was before"] = subject.before
    for name, site in others.items():
        if (await _run_proof_on(trial, site, proof, min(patience, seconds)))[0]:
            return make_verdict(entry, "prose", (False, f"its proof holds on {name} too, so it proves nothing"), text)
    return make_verdict(entry, "prose", shown, text)


async def _run_proof_on(trial: _Trial, site: Site, proof: Proof, seconds: float) -> Shown:
    """Run a proof on `site`, freshly opened."""
    trial.served.site = site
    try:
        proof = fill_in_files(proof, site.files)
    except MissingFile as error:
        return False, str(error)
    try:
        async with open_page(trial.cage, trial.target) as page:
            await visit_page(page, trial.target, follow_requests(page), trial.limits)
            return await run_proof(page, proof, seconds)
    except (Error, PlaywrightTimeoutError) as error:
        return False, error.message.partition("\n")[0]


def _sites_without_files(subject: Subject) -> dict[str, Site]:
    """Return the site without what the model wrote: once without its files, once with nothing in them.

    What was attached and stays as it was sent is there all the same.
    """
    site, sent = subject.site.files, subject.attachments
    kept = {path: data for path, data in site.items() if sent.get(path) == data}
    page = {"index.html": BLANK}
    emptied = {path: empty_out_file(path, data) for path, data in site.items()}
    return {
        "a site without its files": Site({**kept, **page}),
        "a site whose files are empty": Site({**emptied, **kept, **page}),
    }


def _blank_pages(site: Site) -> Site:
    """Return the site with nothing on its pages."""
    pages = {path: BLANK for path in site.files if is_page(path)}
    return site.with_changes({"index.html": BLANK, **pages})
