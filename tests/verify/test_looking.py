"""What is told of how a page looks, and what is cut. Without a browser."""

from orchestrator.core.report import Finding
from orchestrator.verify.findings import LONGEST_TEXT, limit_findings, make_finding
from orchestrator.verify.looking import drop_unsure_layout

LAYOUT = make_finding("layout", "too wide", "p")
LABEL = make_finding("accessibility", "no label", "input")


def many(number: int, where: str = "p") -> list[Finding]:
    return [make_finding("missing", str(one), where) for one in range(number)]


def test_where_a_style_or_script_could_not_be_reached_the_layout_is_not_judged() -> None:
    assert drop_unsure_layout([LAYOUT, LABEL], ["https://cdn.example/a.css"]) == (
        [LABEL],
        ["The layout was not judged: https://cdn.example/a.css could not be reached from here."],
    )


def test_without_layout_findings_or_lost_files_nothing_is_left_out() -> None:
    assert drop_unsure_layout([LAYOUT, LABEL], []) == ([LAYOUT, LABEL], [])
    assert drop_unsure_layout([LABEL], ["https://cdn.example/a.css"]) == ([LABEL], [])


def test_many_lost_files_are_counted() -> None:
    _, notes = drop_unsure_layout([LAYOUT], [f"https://cdn.example/{one}.css" for one in range(9)])
    assert "4.css (5 of 9) could not be reached" in notes[0]


def test_a_list_that_is_cut_says_how_long_it_was() -> None:
    assert limit_findings(many(5), 5) == many(5)
    cut = limit_findings(many(9), 5)
    assert cut[:4] == many(4)
    assert (cut[4].text, cut[4].where) == ("4", "p; 5 of 9 like this are listed")
    assert limit_findings(many(9, ""), 5)[4].where == "5 of 9 like this are listed"
    assert len(limit_findings(many(9, "x" * 999), 5)[4].where) == LONGEST_TEXT
