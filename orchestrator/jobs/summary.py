"""The page that Actions shows for a run. Pure; everything from outside is a code span, cut to size."""

from collections.abc import Sequence

from orchestrator.core.errors import PagewrightError
from orchestrator.core.order import Order
from orchestrator.core.report import Attempt, Build, CheckResult
from orchestrator.core.sentences import describe_cost, describe_outcome, describe_tokens
from orchestrator.jobs.notify import Publication

LONGEST = 160
_SIGNS = {
    "passed": "✅ passed",
    "failed": "❌ failed",
    "own": "🟡 own proof",
    "unproved": "⚪ unproved",
    "unreadable": "🚫 unreadable",
}


def code_span(text: str) -> str:
    """Return `text` as a code span of a table cell in which nothing is markup."""
    flat = " ".join(text.split())
    cut = flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
    # A backtick ends the span and a bar the cell, even when escaped.
    return f"`{cut.replace('`', chr(39)).replace('|', '¦')}`" if cut else ""


def render_build_summary(order: Order, build: Build) -> str:
    """Return what job `build` has to show."""
    lines = [f"## Build: {code_span(order.title)}", ""]
    if brief := code_span(str(order.request.get("brief", ""))):
        lines += [f"> {brief}", ""]
    if build.error:
        lines += [f"**Nothing was built.** {code_span(build.error)}", ""]
    elif build.published:
        lines += [
            f"This request was already answered by commit {code_span(build.published)}, so nothing was built.",
            "",
        ]
    elif build.fallback:
        why = "no model gave a usable answer" if build.attempts else "no model is configured"
        lines += [f"⚠️ **Fallback**: {why}, so the page was made from the template.", ""]
    if build.checks:
        lines += _render_table(("round", "check", "state", "seen"), [_check_row(check) for check in build.checks])
    if build.findings:
        rows = [(finding.kind, code_span(finding.text), code_span(finding.where)) for finding in build.findings[:50]]
        lines += _render_table(("finding", "text", "where"), rows)
    lines += [f"- {code_span(note)}" for note in build.notes] + [""] * bool(build.notes)
    for changed in build.attachments_changed:
        lines += [
            "An attachment was changed, as the brief asks:",
            "",
            *(f"- {code_span(line)}" for line in changed),
            "",
        ]
    lines += [f"- A change was refused: {code_span(refused.sentence)}" for refused in build.attachments_refused]
    lines += [""] * bool(build.attachments_refused)
    return "\n".join([*lines, *_render_costs(build)])


def render_publish_summary(
    order: Order, build: Build | None, ended: Publication | PagewrightError, log_url: str
) -> str:
    """Return the summary of job `publish`, for a result or an error."""
    lines = [f"## Publish: {code_span(order.title)}", ""]
    if isinstance(ended, Publication):
        lines += [
            f"- page: {ended.pages_url}",
            f"- repository: {ended.repo_url}",
            f"- commit: {code_span(ended.commit_sha)}",
        ]
    else:
        lines += [f"❌ **Not published**: {code_span(ended.cause)}", "", f"What to do: {code_span(ended.remedy)}", ""]
    if build is not None and build.checks:
        states = [check.state for check in build.checks]
        lines += [f"- checks: {', '.join(f'{states.count(state)} {state}' for state in _SIGNS if state in states)}"]
    return "\n".join([*lines, f"- request: {code_span(order.id)} · [log]({log_url})", ""])


def _check_row(check: CheckResult) -> tuple[str, ...]:
    return str(check.round), code_span(check.text), _SIGNS[check.state], code_span(check.seen)


def _render_costs(build: Build) -> list[str]:
    spent = f"{describe_tokens(build.attempts)} · cost {describe_cost(build.cost_usd)}"
    total = f"Built by {code_span(build.built_by) or 'nothing'} · {spent}"
    if not build.attempts:
        return [total, ""]
    rows = [
        (
            code_span(attempt.model),
            code_span(describe_outcome(attempt)),
            describe_tokens([attempt]) if attempt.was_called else "",
            describe_cost(attempt.cost_usd) if attempt.was_called else "",
            f"{attempt.seconds:.1f} s" if attempt.was_called else "",
            _describe_verification(attempt),
        )
        for attempt in build.attempts
    ]
    return [*_render_table(("model", "outcome", "tokens", "cost", "time", "checks of its site"), rows), total, ""]


def _describe_verification(attempt: Attempt) -> str:
    """Return what a browser saw of an attempt's site, or an empty text if no browser opened it."""
    if not attempt.verified:
        return ""
    return f"{attempt.passed} passed, {attempt.failed} failed, {len(attempt.findings)} findings"


def _render_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines: list[tuple[str, ...]] = [head, ("---",) * len(head), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]
