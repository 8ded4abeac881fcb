"""The corpus as it is verified: by the tests, and by `make bench` for its figures."""

from orchestrator.evaluator.corpus import MIRROR, Case
from orchestrator.verify.browser import Cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect
from orchestrator.verify.report import Limits, Report
from orchestrator.verify.server import Served

LIMITS = Limits(load=5, check=1, whole=20)


async def seen_of(case: Case, cage: Cage, served: Served) -> Report:
    """Return what a browser sees of one site."""
    served.site = case.site
    target = Target(served.url, case.site.files.keys(), MIRROR)
    return await inspect(cage, target, [(1, check) for check in case.checks if check.js], LIMITS)


def is_found(case: Case, report: Report) -> bool:
    """Whether the defect was found: the check that fails, or a finding of its kind that names it."""
    if case.kind == "check":
        return any(check.state == "failed" and case.says in check.text for check in report.checks)
    return any(found.kind == case.kind and case.says in f"{found.text} {found.where}" for found in report.findings)
