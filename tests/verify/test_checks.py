"""What is said of a check; what a browser makes of it: test_browser.py."""

import pytest

from orchestrator.core.task import Check
from orchestrator.verify.checks import Kind, is_path, is_prose, label_checks, make_verdict, seconds_asked


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


@pytest.mark.parametrize(
    ("shown", "state", "seen"),
    [((True, "yes"), "passed", "yes"), ((False, "no"), "failed", "no"), (None, "failed", "not run")],
)
@pytest.mark.parametrize("kind", ["js", "file"])
def test_any_other_check_passed_or_failed(kind: Kind, shown: tuple[bool, str] | None, state: str, seen: str) -> None:
    verdict = make_verdict((1, Check(text="x", js=True)), kind, shown)
    assert (verdict.kind, verdict.state, verdict.seen) == (kind, state, seen)


def test_half_a_surrogate_pair_is_made_printable() -> None:
    verdict = make_verdict((1, Check(text="x", js=True)), "js", (False, "a\ud83d"))
    assert verdict.seen == "a?"
    assert verdict.model_dump_json()


def test_checks_are_numbered_within_their_round() -> None:
    assert label_checks([(1, Check(text="a")), (1, Check(text="b")), (3, Check(text="c"))]) == ["1.1", "1.2", "3.1"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Page displays the solved captcha within 15 seconds", 15),
        ("shows it in less than 2.5 s", 2.5),
        ("the total appears within ten seconds", 10),
        ("await new Promise(done => setTimeout(done, 8000)) || true", 8),
        ("within 500 ms", 0.5),
        ("within 3 seconds, and the rest within 12 seconds", 12),
        ("within 1000 seconds", 60),
        (f"setTimeout(f, {'9' * 5_000})", 60),
        (f"within {'9' * 5_000} seconds", 60),
        ("has 15 rows", 0),
        ("document.title === 'within 4 rows'", 0),
    ],
)
def test_a_check_says_itself_how_long_it_may_take(text: str, seconds: float) -> None:
    assert seconds_asked(text) == seconds


@pytest.mark.parametrize("unit", ["setTimeout(f, ", "setTimeout(f,9", "within 9 ", "a.", "a, ", "'", "{", " "])
def test_a_check_without_end_takes_no_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert 0 <= seconds_asked(text) <= 60
    assert is_path(text) in (True, False)
    assert is_prose(text) in (True, False)
