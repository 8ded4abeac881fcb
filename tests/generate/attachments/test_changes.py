"""When an attachment may be changed, and how the change is shown."""

import pytest

from orchestrator.generate.attachments.changes import DIFF_LINES, diff, may_change


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
    assert diff("d.csv", b"a\nWigdet\n", b"a\nWidget\n")[2:] == ("@@ -2 +2 @@", "-Wigdet", "+Widget")


def test_a_long_change_is_cut_and_counted() -> None:
    lines = diff("d.csv", b"", b"row\n" * 100)
    assert len(lines) == DIFF_LINES + 1
    assert lines[-1] == "… 63 lines more"


def test_what_is_no_text_or_gone_is_said_in_a_line() -> None:
    assert diff("p.png", b"\xff\x00", b"\xff") == ("p.png: 2 bytes became 1",)
    assert diff("d.csv", b"a", None) == ("d.csv was deleted",)


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


ALLOWED = [
    ("fix.py", "Commit fix.py after fixing the error in it.", ""),
    ("execute.py", "Commit execute.py after fixing the error in it.", ""),
    ("sum.py", "Commit `sum.py` by correcting its rounding first.", ""),
    ("app.js", "The attached app.js throws on load. Fix it and use it.", ""),
    ("fix.py", "There is an error in fix.py. Fix it.", ""),
    ("fix.py", "fix.py has a bug, please repair it.", ""),
    ("fix.py", "Commit fix.py with the typo corrected.", ""),
    ("tool.html", "Add a dark mode to the attached tool.html.", ""),
    ("app.js", "Add input validation to app.js.", ""),
    ("style.css", "Add a print layout to style.css", ""),
    ("query.sql", "Correct query.sql.", ""),
    ("fix.py", "Fix the bug in fix.py", ""),
    ("fix.py", "Please refactor fix.py.", ""),
    ("fix.py", "In fix.py, correct the off-by-one error.", ""),
    ("main.ts", "main.ts must be rewritten to use fetch.", ""),
    ("run.sh", "run.sh needs to be cleaned up.", ""),
    ("data.csv", "Correct the typo in data.csv.", ""),
    ("data.csv", "Remove the duplicate rows from data.csv.", ""),
    ("notes.md", "notes.md must be translated into French.", ""),
    ("data.csv", "Sort data.csv by price and publish it.", ""),
    ("index.html", "Add a dark mode to the attached page.", ""),
    ("index.html", "Make it blue.", ""),
    ("fix.py", "Korrigiere den Fehler in fix.py.", "Korrigiere den Fehler in fix.py"),
    ("fix.py", "Bitte übergib fix.py, nachdem der Fehler darin behoben ist.", "nachdem der Fehler darin behoben ist"),
    ("fix.py", "Corrige el error de fix.py y publícalo.", "Corrige el error de fix.py"),
    ("fix.py", "Corrige l\u2019erreur dans fix.py.", "Corrige l'erreur dans fix.py"),
    ("fix.py", "Corrija o erro em fix.py.", "Corrija o erro em fix.py"),
    ("fix.py", "fix.py में गलती ठीक करो", "fix.py में गलती ठीक करो"),
    ("daten.csv", "Sortiere daten.csv nach Preis.", "Sortiere daten.csv nach Preis"),
    ("app.js", "Исправь ошибку в app.js.", "Исправь ошибку в app.js"),
    ("app.js", "Correggi il bug in app.js.", "correggi il bug in app.js"),
    ("app.js", "Herstel de fout in app.js.", "Herstel de fout in app.js"),
]
REFUSED = [
    ("fix.py", "Add a description of fix.py to the README.", ""),
    ("fix.py", "Add a description of fix.py to the README.", "Add a description of fix.py to the README"),
    ("fix.py", "Run fix.py in CI and change the heading.", ""),
    ("fix.py", "Add a test for fix.py.", ""),
    ("fix.py", "Add fix.py to the repository.", ""),
    ("fix.py", "Add a link to fix.py.", ""),
    ("fix.py", "Commit fix.py unchanged.", ""),
    ("fix.py", "Commit fix.py exactly as attached, after fixing the page.", ""),
    ("fix.py", "Do not fix the error in fix.py.", ""),
    ("fix.py", "Do not fix the error in fix.py.", "fix the error in fix.py"),
    ("fix.py", "Never change fix.py.", "change fix.py"),
    ("fix.py", "Commit fix.py. Fix the title.", ""),
    ("fix.py", "Users can edit fix.py in the browser.", "edit fix.py in the browser"),
    ("fix.py", "Show the code of fix.py on the page.", ""),
    ("fix.py", "Explain the error in fix.py.", ""),
    ("fix.py", "Use fix.py.", "a quote that is nowhere in it"),
    ("fix.py", "Fix the error in other.py.", "Fix the error in other.py"),
    ("fix.py", "Korrigiere den Fehler in other.py.", "Korrigiere den Fehler in other.py"),
    ("fix.py", "Ändere fix.py nicht.", "Ändere fix.py nicht"),
    ("fix.py", "Übernimm fix.py unverändert.", "Übernimm fix.py unverändert"),
    ("fix.py", "No cambies fix.py.", "cambies fix.py"),
    ("fix.py", "Ne modifie pas fix.py.", "Ne modifie pas fix.py"),
    ("fix.py", "Não altere fix.py.", "Não altere fix.py"),
    ("fix.py", "Korrigiere fix.py.", "fix.py"),
    ("data.csv", "Commit data.csv after fixing the error in fix.py.", ""),
    ("data.csv", "Show data.csv as a table that visitors can sort.", ""),
    ("data.csv", "The page lets users correct data.csv.", "users correct data.csv"),
    ("data.csv", "Load data.csv and add up its column.", ""),
    ("data.csv", "Add a chart of data.csv to the page.", ""),
    ("data.csv", "Convert data.csv to a chart.", ""),
    ("logo.png", "Place logo.png in the header and change its size with CSS.", ""),
    ("notes.md", "Render notes.md as HTML.", ""),
    ("notes.md", "Add a button that clears notes.md.", ""),
]


@pytest.mark.parametrize(("name", "brief", "declared"), ALLOWED)
def test_a_brief_that_asks_for_a_change_allows_it(name: str, brief: str, declared: str) -> None:
    assert may_change(name, brief, declared)


@pytest.mark.parametrize(("name", "brief", "declared"), REFUSED)
def test_nothing_else_allows_a_change(name: str, brief: str, declared: str) -> None:
    assert not may_change(name, brief, declared)
