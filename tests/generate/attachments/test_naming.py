"""Files that a brief speaks of without their names."""

import pytest

from orchestrator.generate.attachments.changes import may_change
from orchestrator.generate.attachments.naming import with_names

FILES = ("sum.py", "style.css", "data.csv", "notes.md", "tool.html")


@pytest.mark.parametrize(
    ("brief", "meant"),
    [
        ("Fix the error in the attached script.", "Fix the error in sum.py."),
        ("Fix the attached Python file.", "Fix sum.py."),
        ("Add a dark mode to the attached page", "Add a dark mode to tool.html"),
        ("Sort the attached CSV by date.", "Sort data.csv by date."),
        ("Shorten the enclosed notes.", "Shorten notes.md."),
        ("Behebe den Fehler in dem angehängten Skript.", "Behebe den Fehler in sum.py."),
        ("Clean the uploaded style sheet.", "Clean style.css."),
        ("Fix the attached file.", "Fix the attached file."),
        ("Fix the attachment.", "Fix the attachment."),
        ("Fix the attached query.", "Fix the attached query."),
        ("Use the script of the page.", "Use the script of the page."),
        ("Show the attached files.", "Show the attached files."),
    ],
)
def test_words_that_can_mean_one_attachment_alone_are_its_name(brief: str, meant: str) -> None:
    assert with_names(brief, FILES) == meant


def test_where_two_files_could_be_meant_nothing_is_guessed() -> None:
    assert with_names("Fix the attached script.", ["a.py", "b.js"]) == "Fix the attached script."
    assert with_names("Fix the attached Python script.", ["a.py", "b.js"]) == "Fix a.py."
    assert with_names("Fix the attachment.", ["a.py"]) == "Fix a.py."


def test_what_is_asked_of_the_attached_script_is_asked_of_it() -> None:
    assert may_change("sum.py", with_names("Commit the attached script after fixing the error in it.", FILES))
    assert not may_change("data.csv", with_names("Show the attached CSV as a table.", FILES))
