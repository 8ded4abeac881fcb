"""The page of a run: honest, and everything from outside is a code span."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.order import Order
from orchestrator.core.report import Attempt, Build, CheckResult, Finding, RefusedChange
from orchestrator.core.sentences import describe_cost, describe_spending
from orchestrator.jobs.notify import Publication
from orchestrator.jobs.summary import LONGEST, code_span, render_build_summary, render_publish_summary

ID = "0123456789abcdef"
HOSTILE = "`</code>` | <script>alert(1)</script> [x](javascript:x)\n\n# Big\n| --- | ![i](http://a) &lt; \\` **b**"


def order(brief: object = "Show the sum.") -> Order:
    return Order(ID, "k" * 16, "sum round 1", {"brief": brief} if brief is not None else {}, None, by_hand=False)


def shown(markdown: str) -> str:
    return str(MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown))


def check(**changes: Any) -> CheckResult:
    return CheckResult.model_validate({"round": 1, "text": "a == 1", "kind": "js", "state": "passed"} | changes)


def test_a_text_becomes_one_code_span() -> None:
    assert code_span("a  b\n c") == "`a b c`"
    assert code_span(" \n ") == ""
    assert code_span("x" * LONGEST) == f"`{'x' * LONGEST}`"
    assert code_span("x" * (LONGEST + 1)) == f"`{'x' * (LONGEST - 1)}…`"


@given(st.text(st.characters(codec="utf-8")) | st.text(st.sampled_from("`|\\<>[]()!#*_ \n-&x")))
def test_nothing_in_a_code_span_is_markup_and_no_cell_ends_early(text: str) -> None:
    page = shown(f"| a | b |\n| --- | --- |\n| {code_span(text)} | end |\n")
    assert page.count("<td>") == 2
    assert "<td>end</td>" in page
    assert {part.partition(">")[0].strip("/") for part in page.split("<")[1:]} <= {
        *("table", "thead", "tbody", "tr", "th", "td", "code")
    }


def test_a_build_shows_its_checks_findings_and_costs() -> None:
    build = Build(
        id=ID,
        built_by="m",
        cost_usd=0.0123,
        checks=(
            check(),
            check(state="failed", seen="null"),
            check(state="own", kind="prose"),
            check(state="unproved"),
            check(state="unreadable"),
        ),
        findings=(Finding(kind="console", text="Oops", where="app.js:1"),),
        attempts=(
            Attempt(
                model="m", outcome="used", tokens_in=10, tokens_out=20, cost_usd=0.0123, seconds=9.06, was_called=True
            ),
        ),
    )
    page = render_build_summary(order(), build)
    assert "## Build: `sum round 1`" in page
    assert "> `Show the sum.`" in page
    assert "| 1 | `a == 1` | ❌ failed | `null` |" in page
    signs = ("✅ passed", "❌ failed", "🟡 own proof", "⚪ unproved", "🚫 unreadable")
    assert [page.count(sign) for sign in signs] == [1] * 5
    assert "| console | `Oops` | `app.js:1` |" in page
    assert "| `m` | `used` | 10 tokens in, 20 out | $0.0123 | 9.1 s |" in page
    assert "Built by `m` · 10 tokens in, 20 out · cost $0.0123" in page
    assert shown(page).count("<table>") == 3


def test_a_price_that_is_unknown_is_never_shown_as_nothing() -> None:
    attempts = (
        Attempt(model="m", outcome="used", tokens_in=1, tokens_out=2, seconds=3, was_called=True),
        Attempt(model="n", outcome="no answer"),
    )
    page = render_build_summary(order(), Build(id=ID, attempts=attempts))
    assert "| `m` | `used` | 1 tokens in, 2 out | unknown | 3.0 s |" in page
    assert "| `n` | `no answer` |  |  |  |" in page
    assert "Built by nothing · 1 tokens in, 2 out · cost unknown" in page
    assert describe_cost(0) == "$0.0000"


def test_what_a_provider_had_read_before_is_told_apart() -> None:
    attempt = Attempt(
        model="m",
        outcome="used",
        was_called=True,
        tokens_in=90,
        tokens_cached=80,
        tokens_out=2,
        cost_usd=0.5,
        seconds=3,
    )
    assert describe_spending(attempt) == "90 tokens in (80 cached), 2 out, $0.5000, 3.0 s"
    assert describe_spending(Attempt(model="m", outcome="not asked")) == "nothing spent"


def test_an_attachment_that_was_changed_is_shown_line_by_line() -> None:
    page = render_build_summary(order(), Build(id=ID, attachments_changed=(("--- d.csv", "-a`b", "+<b>|"),)))
    assert "An attachment was changed, as the brief asks:\n\n- `--- d.csv`\n- `-a'b`\n- `+<b>¦`\n" in page


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (Build(id=ID, error="No model.\nNone."), "**Nothing was built.** `No model. None.`"),
        (
            Build(id=ID, published="a" * 40),
            f"This request was already answered by commit `{'a' * 40}`, so nothing was built.",
        ),
        (Build(id=ID, fallback=True), "**Fallback**: no model is configured"),
        (Build(id=ID, fallback=True, attempts=(Attempt(model="m", outcome="x"),)), "no model gave a usable answer"),
    ],
)
def test_what_did_not_go_as_usual_is_said(build: Build, sentence: str) -> None:
    assert sentence in render_build_summary(order(), build)


def test_an_event_without_a_brief_shows_none() -> None:
    assert ">" not in render_build_summary(order(None), Build(id=ID))


def test_at_most_fifty_findings_are_shown() -> None:
    build = Build(id=ID, findings=tuple(Finding(kind="error", text=str(n)) for n in range(80)))
    assert render_build_summary(order(), build).count("| error |") == 50


def test_a_publication_shows_where_it_lies() -> None:
    outcome = Publication("https://github.com/octo/sum", "a" * 40, "https://octo.github.io/sum/")
    page = render_publish_summary(
        order(), Build(id=ID, checks=(check(), check(), check(state="failed"))), outcome, "https://log.example"
    )
    assert "- page: https://octo.github.io/sum/\n- repository: https://github.com/octo/sum\n" in page
    assert f"- commit: `{'a' * 40}`" in page
    assert "- checks: 2 passed, 1 failed" in page
    assert f"- request: `{ID}` · [log](https://log.example)" in page


def test_a_failure_shows_its_cause_and_its_remedy() -> None:
    page = render_publish_summary(
        order(), None, GitHubFailed("GitHub refused.", "Renew the token."), "https://log.example"
    )
    assert "❌ **Not published**: `GitHub refused.`" in page
    assert "What to do: `Renew the token.`" in page
    assert "- checks" not in page


def test_nothing_hostile_is_markup_on_either_page() -> None:
    build = Build(
        id=ID,
        error=HOSTILE,
        checks=(check(text=HOSTILE, seen=HOSTILE),),
        findings=(Finding(kind="error", text=HOSTILE, where=HOSTILE),),
        attempts=(Attempt(model=HOSTILE[:200], outcome=HOSTILE),),
    )
    hostile = Order(ID, "k", HOSTILE, {"brief": HOSTILE}, None, by_hand=False)
    for page in (
        render_build_summary(hostile, build),
        render_publish_summary(hostile, build, GitHubFailed(HOSTILE, HOSTILE), "https://l.example"),
    ):
        html = shown(page)
        for markup in ("<script", "<h1", "<img", 'javascript:x"', "<b>"):
            assert markup not in html


def test_a_refused_change_of_an_attachment_is_shown() -> None:
    page = render_build_summary(
        order(), Build(id=ID, attachments_refused=(RefusedChange(name="d.csv", reason="not asked for"),))
    )
    said = "d.csv is an attachment and stays as it is, because the brief does not ask to change it"
    assert f"- A change was refused: `{said}`" in page
