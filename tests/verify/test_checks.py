"""What is said of a check; what a browser makes of it: test_browser.py."""

import pytest

from orchestrator.task import Check
from orchestrator.verify.checks import evaluation, is_path, is_prose, result


@pytest.mark.parametrize("text", ["README.md", "document.title", " a . b ", "$x", "Responsive"])
def test_names_and_the_dots_between_them_are_a_path(text: str) -> None:
    assert is_path(text)
    assert not is_prose(text)


@pytest.mark.parametrize(
    "text", ["a()", "a b", "1", "'a'", "a === b", "a[0]", "", "a..b", ".a", "a.", "`a`", "a => b", "ä.b", "a > b"]
)
def test_anything_else_is_more_than_a_path(text: str) -> None:
    assert not is_path(text)


@pytest.mark.parametrize(
    "text",
    [
        "mobile-friendly",
        "README.md, LICENSE",
        "HTML/CSS",
        "Image, table",
        '{"selector": "#total"}',
        '"Shows the total"',
        "'Shows the total';",
        "`Shows the total`",
        "42",
        "true",
        "[1, 2]",
    ],
)
def test_what_parses_and_cannot_fail_is_prose(text: str) -> None:
    assert is_prose(text)


@pytest.mark.parametrize(
    "text", ["a() === 'b'", "'a' in window", "[...document.images].length > 0", "`${a}` === 'b'", "a - 1 === b", "!a"]
)
def test_an_expression_that_can_fail_is_none(text: str) -> None:
    assert not is_prose(text)


def test_an_expression_may_end_in_a_semicolon_or_a_comment() -> None:
    assert "\n1 === 1\n" in evaluation(" 1 === 1 ; \n")
    assert "\n1 // one\n" in evaluation("1 // one")


def test_a_check_that_is_no_javascript_is_unproved() -> None:
    verdict = result(Check(text="It is beautiful"), 2, is_js=False, shown=None)
    assert (verdict.kind, verdict.state, verdict.round, verdict.text) == ("prose", "unproved", 2, "It is beautiful")


@pytest.mark.parametrize(
    ("shown", "state", "seen"),
    [((True, "yes"), "passed", "yes"), ((False, "no"), "failed", "no"), (None, "failed", "not run")],
)
def test_a_check_that_is_javascript_passed_or_failed(shown: tuple[bool, str] | None, state: str, seen: str) -> None:
    verdict = result(Check(text="x", js=True), 1, is_js=True, shown=shown)
    assert (verdict.kind, verdict.state, verdict.seen) == ("js", state, seen)


def test_half_a_surrogate_pair_is_made_printable() -> None:
    verdict = result(Check(text="x", js=True), 1, is_js=True, shown=(False, "a\ud83d"))
    assert verdict.seen == "a?"
    assert verdict.model_dump_json()
