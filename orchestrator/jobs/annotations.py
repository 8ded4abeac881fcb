"""The annotations of a build: made once, from the attempt that is kept, the worst first. Pure."""

from collections.abc import Sequence

from orchestrator.core.report import CheckResult, Finding
from orchestrator.core.sentences import describe_check, describe_finding

MOST = 9
"""GitHub keeps the first ten annotations of each kind a step; the tenth says how many more there are.

https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs
"""

_KINDS = ("build", "error", "empty", "limit", "missing", "console", "external", "layout", "accessibility")
"""Kinds of findings, the worst first. Kinds that are not listed come last."""


def describe_worst_first(checks: Sequence[CheckResult], findings: Sequence[Finding]) -> list[str]:
    """Return a line for each check that failed, the newest round's first, and then for each finding."""
    failed = sorted((check for check in checks if check.state == "failed"), key=lambda check: -check.round)
    ordered = sorted(findings, key=lambda one: _KINDS.index(one.kind) if one.kind in _KINDS else len(_KINDS))
    return [*map(describe_check, failed), *map(describe_finding, ordered)]


def limit_lines(lines: Sequence[str]) -> list[str]:
    """Return no more lines than GitHub shows."""
    left = len(lines) - MOST
    return list(lines) if left <= 1 else [*lines[:MOST], f"{left} more: see the summary of the run."]
