"""What differs between two reports of a site: checks that changed, findings that came or went. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.report import CheckResult, Finding

if TYPE_CHECKING:
    from orchestrator.core.report import Report

HOLDS = frozenset({"passed", "own"})
_FAILS = frozenset({"failed", "unproved"})

# `app.js:3:7` and `520 px` move when anything else on the page does.
_POSITION = re.compile(r":\d+(?::\d+)?(?!\w)|\b\d+ (?=px)")

# What lies in an element that is shown, and what a whole page is marked with, changes with the rest of the page.
_INSIDE = re.compile(r"(?<=Saw: )(?:(<html)\b.*|(<[^>]{0,500}>).*)", re.DOTALL)


@dataclass(frozen=True)
class Difference:
    """The differences from one report to a later one. Each check is as the later report has it.

    - `gained`: checks that hold only in the later report
    - `lost`: checks that held only in the earlier one
    - `failing`: checks that failed in both
    - `kept`: how many checks held in both
    - `came`: findings that only the later report has
    - `went`: findings that only the earlier one has
    """

    gained: tuple[CheckResult, ...] = ()
    lost: tuple[CheckResult, ...] = ()
    failing: tuple[CheckResult, ...] = ()
    kept: int = 0
    came: tuple[Finding, ...] = ()
    went: tuple[Finding, ...] = ()


def compare_reports(before: "Report", after: "Report") -> Difference:
    """Return what changed. Both reports hold the same checks in the same order."""
    pairs = list(zip(before.checks, after.checks, strict=False))
    return Difference(
        gained=tuple(new for old, new in pairs if old.state not in HOLDS and new.state in HOLDS),
        lost=tuple(new for old, new in pairs if old.state in HOLDS and new.state in _FAILS),
        failing=tuple(new for old, new in pairs if old.state == new.state == "failed"),
        kept=sum(old.state in HOLDS and new.state in HOLDS for old, new in pairs),
        came=tuple(find_new_findings(before.findings, after.findings)),
        went=tuple(find_new_findings(after.findings, before.findings)),
    )


def find_new_findings(before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
    """Return the findings of `after` that `before` does not have.

    If there were two of a kind and now there are three, one is new.
    """
    known = Counter(map(_identity, before))
    found: list[Finding] = []
    for finding in after:
        if known[_identity(finding)]:
            known[_identity(finding)] -= 1
        else:
            found.append(finding)
    return found


def _identity(finding: Finding) -> tuple[str, str]:
    """Return what identifies a finding in another version of the site.

    Places and sizes are left out, because they change.
    """
    text = finding.text
    if finding.kind == "accessibility":
        text = _INSIDE.sub(lambda found: found[1] or found[2], text)
    return finding.kind, _POSITION.sub("", text)
