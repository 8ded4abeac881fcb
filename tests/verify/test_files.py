"""Checks about files: which texts rules decide, and what they decide."""

import pytest

from orchestrator.core.site import LICENCE, render_licence
from orchestrator.verify.files import CheckedFiles, Evidence, decide_check, is_about_files

README = b"# Sales\n\nAdds up sales.csv.\n\n## Usage\n\nOpen it.\n\nHow it works\n------------\n\nIt adds.\n"
FILES = {
    "README.md": README,
    LICENCE: render_licence("octo", 2026),
    "data.json": b'{"a": [1, 2]}',
    "bad.json": b'{"a": NaN}',
    "docs/notes.txt": b"one two three\nfour\n",
    "sales.csv": b"sales\n1\n",
    "changed.csv": b"sales\n2\n",
}
REPOSITORY = CheckedFiles(FILES, {"sales.csv": b"sales\n1\n", "changed.csv": b"sales\n1\n", "gone.csv": b"x"})

HOLD = [
    "Repo has MIT license",
    "Repo has an MIT license at the root",
    "The repository has an MIT LICENSE file in the root",
    "MIT licence is there",
    "LICENSE is MIT.",
    "The license file contains the MIT license text",
    "README.md exists",
    "The file README.md is present in the repo root",
    "readme exists",
    "There is a README.md",
    "The repo contains `data.json`",
    "docs/notes.txt is committed",
    "sales.csv is committed unchanged",
    "sales.csv is byte-identical to the attachment",
    "sales.csv matches the attachment byte for byte",
    "data.json is valid JSON",
    "README.md has a Usage section",
    "README.md has sections on usage and how it works",
    "README.md exists and has a usage section",
    "README.md has at least 5 words",
    "docs/notes.txt has at most 2 lines",
    "docs/notes.txt is more than 10 characters long",
    'README.md mentions "sales.csv"',
    "README.md contains the text 'Adds up'",
    "README.md exists; LICENSE is MIT",
]
FAIL = [
    ("gone.csv exists", "there is no `gone.csv`"),
    ("Data.json exists", "there is no `Data.json`"),
    ("changed.csv is committed unchanged", "not those"),
    ("gone.csv is committed unchanged", "there is no `gone.csv`"),
    ("bad.json is valid JSON", "NaN"),
    ("gone.json is valid JSON", "there is no `gone.json`"),
    ("README.md has a License section", "no section license"),
    ("README.md has at least 500 words", "words"),
    ("docs/notes.txt has fewer than 2 lines", "2 lines"),
    ("gone.txt has at least 1 line", "there is no `gone.txt`"),
    ("README.md mentions 'octopus'", "lacks"),
    ("gone.md contains 'x'", "there is no `gone.md`"),
    ("README.md exists and has a Deployment section", "no section deployment"),
]
PROSE = [
    "README.md is professional",
    "README.md exists and is professional",
    "Page displays the captcha passed at ?url=",
    "The page shows the total",
    "It has at least 3 rows",
    "README.md",
    "Uses Bootstrap",
    "index.html shows data.csv as a table",
    "Has an MIT license badge on the page",
    f"README.md has at least {'9' * 5_000} words",
    "",
]


@pytest.mark.parametrize("text", HOLD)
def test_what_holds_is_shown(text: str) -> None:
    assert is_about_files(text)
    found = decide_check(text, REPOSITORY)
    assert found.holds is True, found.seen
    assert found.seen


@pytest.mark.parametrize(("text", "why"), FAIL)
def test_what_does_not_hold_says_why(text: str, why: str) -> None:
    assert is_about_files(text)
    found = decide_check(text, REPOSITORY)
    assert found.holds is False, found.seen
    assert why in found.seen


@pytest.mark.parametrize("text", PROSE)
def test_what_is_not_wholly_understood_is_prose(text: str) -> None:
    assert not is_about_files(text)


def test_a_licence_of_another_kind_is_no_mit_licence() -> None:
    other = CheckedFiles({LICENCE: b"Apache License, Version 2.0"}, {})
    assert decide_check("Repo has MIT license", other) == Evidence(holds=False, seen="LICENSE lacks “mit license”")
    assert not decide_check("LICENSE is MIT", CheckedFiles({}, {})).holds


@pytest.mark.parametrize("text", ["a " * 50_000, "README.md has " + "a" * 100_000, "x/" * 20_000 + "y.z exists"])
def test_a_check_without_end_takes_no_time(text: str) -> None:
    assert is_about_files(text) in (True, False)
