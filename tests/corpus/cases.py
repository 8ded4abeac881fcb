"""The corpus as it is verified: by the tests, and by `make bench` for its figures."""

from dataclasses import replace

from orchestrator.compare.corpus import MIRROR, Case, load_good_cases
from orchestrator.core.report import Report
from orchestrator.verify.browser import Cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect_page
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.server import ServedSite

LIMITS = TimeLimits(load=5, check=1, whole=20)


async def seen_of(case: Case, cage: Cage, served: ServedSite) -> Report:
    """Return what a browser sees of one site."""
    served.site = case.site
    target = Target(served.url, case.site.files.keys(), MIRROR)
    return await inspect_page(cage, target, [(1, check) for check in case.checks if check.js], LIMITS)


def is_found(case: Case, report: Report) -> bool:
    """Whether the defect was found: the check that fails, or a finding of its kind that names it."""
    if case.kind == "check":
        return any(check.state == "failed" and case.says in check.text for check in report.checks)
    return any(found.kind == case.kind and case.says in f"{found.text} {found.where}" for found in report.findings)


PAGE = "index.html"
BROKEN = (
    ("<title>Tips</title>", "<title>Tipps</title>"),
    ('<html lang="en">', "<html>"),
    ("</body>", "<script>gone()</script></body>"),
)
"""Defects of the good site `tip`: what stands there, and what takes its place. Each is another finding."""


def with_defects(number: int) -> Case:
    """Return a good site with so many defects."""
    case = next(case for case in load_good_cases() if case.name == "tip")
    text = case.site.files[PAGE].decode()
    for sound, broken in BROKEN[:number]:
        if text.count(sound) != 1:
            raise ValueError(f"{sound!r} does not stand once in the page")
        text = text.replace(sound, broken)
    return replace(case, site=case.site.with_changes({PAGE: text.encode()}))


def repairs(number: int) -> list[str]:
    """Return the answers of a model that fixes one of them each time."""
    return [
        f'<edit path="{PAGE}">\n<<<<<<< SEARCH\n{broken}\n=======\n{sound}\n>>>>>>> REPLACE\n</edit>\n'
        for sound, broken in BROKEN[:number]
    ]
