"""Records as one line for a person. Pure."""

from collections.abc import Sequence

from orchestrator.core.report import Attempt, CheckResult, Finding


def describe_outcome(attempt: Attempt) -> str:
    """Return what came of an attempt, with what its server did that a person should know."""
    return f"{attempt.outcome}; {attempt.note}" if attempt.note else attempt.outcome


def describe_spending(attempt: Attempt) -> str:
    """Return what one attempt took."""
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
    """Return a cost as text; a price that is unknown is never shown as nothing."""
    return "unknown" if cost is None else f"${cost:.4f}"


def describe_check(check: CheckResult) -> str:
    """Return what came of a check."""
    saw = f" (saw {check.seen:.200})" if check.seen else ""
    return f"{check.state}, round {check.round}: {check.text:.200}{saw}"


def describe_finding(finding: Finding) -> str:
    """Return what a finding says, and where."""
    return f"{finding.kind}: {finding.text:.300} ({finding.where:.200})"
