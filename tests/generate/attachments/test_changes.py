"""When an attachment may be changed, and how the change is shown."""

import pytest

from orchestrator.generate.attachments.changes import DIFF_LINES, diff_attachment, may_change, reason_to_refuse
from tests.generate.attachments.sentences import ALLOWED, REFUSED


@pytest.mark.parametrize(
    "brief",
    [
        "Correct the typo 'Wigdet' in data.csv.",
        "Sort data.csv by date.",
        "Please fix the spelling in the attached data.csv and show it.",
        "Remove the duplicate rows from data.csv.",
        "Add a row for June to data.csv",
        "Make the page blue; also update `data.csv` with the new prices.",
        "data.csv must be translated into German.",
        "The file data.csv should be alphabetically sorted.",
        "REWRITE DATA.CSV",
        "data.csv must be rewritten.",
        "Correct the totals in data.csv.",
        "Drop the last column of ./data.csv",
        "In data.csv, replace Wigdet by Widget.",
        "Please clean up data.csv.",
        "Correct the quantity of b in data.csv to 3. Also show the qty column.",
        "Make the page blue. Then fix the header of data.csv.",
    ],
)
def test_a_brief_that_orders_a_change_is_understood(brief: str) -> None:
    assert may_change("data.csv", brief)


@pytest.mark.parametrize(
    "brief",
    [
        "Publish a single-page site that fetches data.csv from attachments, sums its sales column and sets the title.",
        "Introduce a currency select that converts the computed total using data.csv from attachments.",
        "Add a table that lists the products of data.csv.",
        "Update the page to show the rows in data.csv.",
        "Add the total from data.csv to the heading.",
        "Add data.csv as a table to the page.",
        "In data.csv there are sales; update the page.",
        "Show the sorted rows of data.csv.",
        "Display updated prices in data.csv.",
        "Convert data.csv to HTML.",
        "Convert the amounts in data.csv to EUR.",
        "Fix parsing of data.csv.",
        "Improve error handling for data.csv.",
        "Add totals for each region in data.csv.",
        "Update the currency label to the one in data.csv.",
        "Change the source from data.csv to rates.json.",
        "Add an edit button for data.csv.",
        "Users can edit data.csv in a textarea.",
        "Remove duplicates from data.csv before summing.",
        "Do not change data.csv.",
        "Never edit the file data.csv!",
        "You must not, under any circumstances, change data.csv.",
        "Don't touch, edit or change data.csv.",
        "Instead of editing data.csv, filter it.",
        "There is no need to change data.csv.",
        "When I update data.csv, the page must follow.",
        "The total must change when rows are added to data.csv.",
        "Show data.csv. Correct the title.",
        "Correct old-data.csv.",
        "Correct data.csv.bak and data.csvs",
        "Sort the rows by date.",
        "",
    ],
)
def test_a_brief_that_only_uses_an_attachment_leaves_it_alone(brief: str) -> None:
    assert not may_change("data.csv", brief)


def test_a_name_full_of_signs_is_a_name_and_no_pattern() -> None:
    assert may_change("a+(b).csv", "Sort a+(b).csv by date")
    assert not may_change("a+(b).csv", "Sort aab.csv by date")


def test_a_change_is_shown_as_the_lines_that_differ() -> None:
    assert diff_attachment("d.csv", b"a\nWigdet\n", b"a\nWidget\n")[2:] == ("@@ -2 +2 @@", "-Wigdet", "+Widget")


def test_a_long_change_is_cut_and_counted() -> None:
    lines = diff_attachment("d.csv", b"", b"row\n" * 100)
    assert len(lines) == DIFF_LINES + 1
    assert lines[-1] == "… 63 lines more"


def test_what_is_no_text_or_gone_is_said_in_a_line() -> None:
    assert diff_attachment("p.png", b"\xff\x00", b"\xff") == ("p.png: 2 bytes became 1",)
    assert diff_attachment("d.csv", b"a", None) == ("d.csv was deleted",)


@pytest.mark.parametrize(
    "brief",
    [
        "Commit fix.py after fixing the error in it.",
        "- Commit `fix.py` with the error corrected.",
        "fix.py has a bug, repair it.",
        "The script fix.py is to be refactored and committed.",
    ],
)
def test_code_changes_where_a_sentence_speaks_of_working_on_it(brief: str) -> None:
    assert may_change("fix.py", brief)


@pytest.mark.parametrize(
    "brief",
    [
        "Commit fix.py unchanged and add a README.",
        "Do not fix the error in fix.py.",
        "Users can edit fix.py in the browser.",
        "Show fix.py and add line numbers.",
        "Commit fix.py. Fix the title.",
        "Run fix.py in CI.",
    ],
)
def test_code_that_is_only_used_or_protected_stays(brief: str) -> None:
    assert not may_change("fix.py", brief)


def test_data_beside_code_that_changes_stays() -> None:
    assert not may_change("data.csv", "Commit data.csv after fixing the error in fix.py.")


def test_an_attached_page_is_the_page_and_may_change() -> None:
    assert may_change("index.html", "Add a dark mode to the attached page.")


@pytest.mark.parametrize(("name", "brief", "declared"), ALLOWED)
def test_a_brief_that_asks_for_a_change_allows_it(name: str, brief: str, declared: str) -> None:
    assert may_change(name, brief, declared)


@pytest.mark.parametrize(("name", "brief", "declared"), REFUSED)
def test_nothing_else_allows_a_change(name: str, brief: str, declared: str) -> None:
    assert not may_change(name, brief, declared)


def test_a_refusal_says_which_of_three_reasons_it_has() -> None:
    brief = "Show fix.py on the page."
    assert reason_to_refuse("fix.py", brief) == "not asked for"
    assert reason_to_refuse("fix.py", brief, "correct the error in fix.py") == "words not in the brief"
    assert reason_to_refuse("fix.py", brief, "Show fix.py on the page") == "words that ask for no change"
    assert reason_to_refuse("fix.py", "Fix the error in fix.py.", "Fix the error in fix.py") is None


def test_a_change_that_was_not_declared_is_judged_as_if_it_had_been() -> None:
    declared = [(name, brief) for name, brief, words in ALLOWED if words]
    assert [brief for name, brief in declared if not may_change(name, brief)] == []


@pytest.mark.parametrize(
    ("brief", "may"),
    [
        ('Correct the typo in ("data.csv").', True),
        ("Correct the typo in ./data.csv.", True),
        ("Correct the typo in ((((`data.csv`.", True),
        ("Correct the typo in old/data.csv.", False),
        ("Correct the typo in x(data.csv", False),
        ("(" * 5_000, False),
    ],
)
def test_brackets_and_quotes_before_a_name_are_no_part_of_it(brief: str, may: bool) -> None:  # noqa: FBT001
    assert may_change("data.csv", brief) is may
