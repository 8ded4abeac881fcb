"""Records as one line for a person. Pure."""

from collections.abc import Sequence

from orchestrator.core.report import Attempt, CheckResult, Finding


def describe_outcome(attempt: Attempt) -> str:
    """Return the outcome of an attempt, with what a person should know about its server."""
    return f"{attempt.outcome}; {attempt.note}" if attempt.note else attempt.outcome


def describe_spending(attempt: Attempt) -> str:
    """Return what one attempt cost in tokens, money and time."""
    if not attempt.was_called:
        return "nothing spent"
    return f"{describe_tokens([attempt])}, {describe_cost(attempt.cost_usd)}, {attempt.seconds:.1f} s"


def describe_tokens(attempts: Sequence[Attempt]) -> str:
    """Return how many tokens some attempts read and wrote."""
    cached = sum(attempt.tokens_cached for attempt in attempts)
    read = sum(attempt.tokens_in for attempt in attempts)
    written = sum(attempt.tokens_out for attempt in attempts)
    return f"{read} tokens in{f' ({cached} cached)' if cached else ''}, {written} out"


def describe_cost(cost: float | None) -> str:
    """Return a cost as text; an unknown price is never shown as zero."""
    return "unknown" if cost is None else f"${cost:.4f}"


def describe_check(check: CheckResult) -> str:
    """Return the outcome of a check."""
    saw = f" (saw {check.seen:.200})" if check.seen else ""
    return f"{check.state}, round {check.round}: {check.text:.200}{saw}"


def describe_finding(finding: Finding) -> str:
    """Return what a finding says, and where."""
    return f"{finding.kind}: {finding.text:.300} ({finding.where:.200})"
