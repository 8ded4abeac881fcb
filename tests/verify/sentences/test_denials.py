"""Denials, choices, open questions and the checks of a course: what is decided of them, and what stays prose."""

import pytest

from orchestrator.core.site import LICENCE, render_licence
from orchestrator.verify.files import CheckedFiles, decide_check, is_about_files
from tests.verify.sentences.everyday import SVG

SMALL = CheckedFiles(
    {
        "index.html": b"<title>T</title><h1>x</h1><div id=app></div><script>add('total')</script>",
        "a.md": b"# T\n\nalpha beta\n",
        "data.json": b'{"name": "x", "n": 3, "list": [1,2]}',
        LICENCE: render_licence("octo", 2026),
        "README.md": b"# T\n## Installation\nuse it",
        "s.csv": b"a,b\n1,2\n",
        "notes.txt": b"one two three",
        "empty.txt": b"",
        "l.json": b"[]",
    },
    {"d.csv": b"x"},
)

SMALL_HOLDS = [
    "index.html does not link to a.md",
    "index.html has an element with id app",
    "a.md is not valid JSON",
    "data.json has only the keys name, n and list",
    "data.json must not have the keys bar and foo",
    "data.json has `name`",
    "data.json has at least one item",
    "notes.txt has exactly three words",
    "notes.txt must never be empty",
    "empty.txt is empty",
    "notes.txt isn't missing",
    "notes.txt is not absent",
    'notes.txt mentions "ONE"',
    "notes.txt contains 'two' or 'four'",
    "notes.txt differs from empty.txt",
    "Repo uses MIT license",
    "s.csv has exactly one record",
    "s.csv has no column c",
    'a.md has a title and mentions "alpha"',
    "a.md or b.md exists",
    "data.json's name equals 'x'",
    "data.json's `n` is 3",
    "`n` in data.json is greater than 2",
    "data.json has n greater than 2",
    "data.json `list[0]` is 1",
    "data.json has {name, n: number, list}",
    "a.md has a maximum of 10 words",
    "a.md must be under 10 words",
    'index.html has the title "T"',
    'a.md starts with "# T"',
    "README.md has an Installation section but no Usage section",
    "README.md has sections Installation or Usage",
    "index.html does not load jquery.js",
    "data.json exists, is valid JSON, has the keys name and n, and n is a number",
    'a.md contains both "alpha" and "beta"',
]

SMALL_FAILS = [
    "The word count of notes.txt must not be 3",
    "The word count of notes.txt is never 3",
    "index.html has an element with id missing",
    "README.md has a section on setup",
    "README.md has a Setup section",
    "data.json is not valid JSON",
    "data.json has no name key",
    "data.json does not have a `name` key",
    "data.json has `n` (string)",
    "data.json has n as a string",
    "l.json has at least one item",
    "notes.txt has not more than 2 words",
    "notes.txt does not have more than 2 words",
    "notes.txt does not contain 3 words",
    "notes.txt does not exceed 2 words",
    "notes.txt exists but is empty",
    "gone.txt is not missing",
    "gone.txt must not be empty",
    "gone.txt does not contain 'x'",
    "notes.txt contains no 'two'",
    "notes.txt contains 'two' and 'four'",
    "notes.txt must not contain 'two' or 'four'",
    "d.csv is unchanged",
    "notes.txt is identical to empty.txt",
    "LICENSE is not MIT",
    "LICENSE is GPL",
    "s.csv is valid JSON",
    "index.html has no `<script>` elements",
    "a.md and b.md exist",
    "neither a.md nor b.md exists",
    "a.md exists in docs/",
    "a.md is in the docs folder",
    "docs/a.md exists",
    "A.md exists",
    "data.json's `n` is '3'",
    "data.json's `n` is not 3",
    "data.json's `n` is at least 4",
    "data.json has the structure {name, n: string}",
    'index.html has the title "U"',
    "a.md is linked from README.md",
    "README.md links to a.md",
    "README.md has no Installation section",
    "index.html loads data.json",
    'a.md contains neither "alpha" nor "omega"',
]

# Counted in two ways, left to a script, or of two meanings.
SMALL_OPEN = [
    "data.json has list with 2 items",
    "index.html has an element with id total",
    "a.md has no more than three words",
    "data.json must not have the keys name and foo",
    "data.json has 3 items",
    "data.json has exactly 2 items",
    "notes.txt contains 'ONE'",
    "notes.txt must not contain 'two' and 'four'",
    "notes.txt is unchanged",
    "notes.txt is committed as is",
    "notes.txt is not identical to the attachment",
    "s.csv has 1 row",
    "a.md is 2 lines",
    "a.md is not 2 lines long",
    "notes.txt and a.md are not identical",
    "notes.txt and a.md are identical",
]

SMALL_PROSE = [
    "The number of words in notes.txt does not have to be 3",
    "The MIT license must not exist in the repo",
    "a.md or b.md does not exist",
    "s.csv has only a header row with a and b",
    "data.json has a `list` of numbers",
    "a.md has at least 2 words and is well written",
    "a.md is valid",
    "data.json has a name",
    "data.json has errors",
    "data.json contains prices",
    "data.json has the right structure",
    "data.json has keys",
    "data.json has the keys name and n, and nothing else",
    "data.json has only valid keys",
    "l.json is an array of objects with keys a and b",
    "l.json is a non-empty array",
    "l.json has the keys a",
    "Each entry in l.json has keys a",
    "notes.txt has three words or more",
    "notes.txt has 3 words at most",
    "notes.txt is not empty and not longer than 2 words",
    "gone.txt must be absent or empty",
    "notes.txt contains one",
    "The repo has no MIT license",
    "Repo has MIT license badge",
    "README.md has a MIT license badge",
    "The repository has exactly 9 files",
    "The repo contains only index.html",
    "only index.html exists",
    "index.html is the only file",
    "index.html exists only once",
    "There are no other files than index.html",
    "s.csv has columns a, b and c",
    "s.csv has a numeric column a",
    "index.html must not use document.write",
    "index.html has no inline scripts",
    "index.html should be 100 lines or fewer",
    "a.md has fewer than 3 or more than 10 words",
    "a.md has 3 words, a title and a link",
    "not all files exist",
    "a.md exists if b.md exists",
    "a.md exists unless b.md exists",
    "a.md may exist",
    "a.md used to exist",
    "data.json has n > 2",
    "data.json has a `list` array",
    "data.json has the structure {name, ...}",
    "data.json matches {name: string, n: number}",
    "the name of a.md is correct",
    "a.md has 2 words per line",
    "a.md has 2 words in bold",
    "a.md has 2 words: alpha beta",
    "a.md has 10 words max",
    "a.md has max 10 words",
    "a.md has more lines than notes.txt",
    "a.md has as many words as notes.txt",
    "a.md starts with a heading",
    "a.md, in the root, exists",
    "In the root there is an a.md",
    "a.md is present and index.html is not",
    "a.md is there but b.md is not",
    "a.md contains the word alpha",
    'a.md has the word "alpha" exactly once',
    'a.md contains "alpha" twice',
    'a.md contains "alpha" before "beta"',
    "a.md contains 'alpha' in the first line",
    "data.json is served at /data.json",
    "data.json is fetched by index.html",
    "index.html fetches data.json",
    "The file must be named data.json",
    "The result is written to data.json",
    "Output is data.json",
    "a.md has between 3 and 1 words",
    "a.md has at least 3 words or 1 line",
    "a.md has at least three sections or is short",
    'a.md contains at least one of "alpha" or "omega"',
    'a.md contains either "alpha" or "omega"',
    "a.md does not mention alpha",
]

# The forms that checks of a real course have, on files of our own.
COURSE = CheckedFiles(
    {
        "index.html": b"<title>T</title><a href=id.txt>i</a><h1 id=unit-name></h1>",
        "words.md": b"Bold, kind, calm\n",
        "bird.svg": SVG,
        "run.py": b"print(1)\n",
        "data.csv": b"a,b\n1,2\n",
        ".github/workflows/ci.yml": b"on: push\n",
        LICENCE: render_licence("octo", 2026),
        "README.md": b"# T\n\n## Usage\n\nOpen it.\n",
        "id.txt": b"1",
        "data.json": b'{"unit": "Tin Mines Ltd", "top": {"val": 3, "year": "2024"}, "low": {"val": 1, "year": "2021"}}',
    },
    {"7f3a-id.txt": b"1", "data.xlsx": b"PK"},
)

COURSE_HOLDS = [
    "run.py, data.csv, and .github/workflows/ci.yml exist",
    "out.json is NOT committed",
    'run.py does not contain the typo "prnt"',
    "id.txt matches the attached id.txt",
    "id.txt exists and matches attachment",
    "id.txt is included verbatim",
    "id.txt is committed as-is",
    "LICENSE contains the MIT License text",
    "words.md contains exactly three words",
    "bird.svg is valid SVG",
    "data.json exists and is valid JSON",
    "data.json has 'unit' field matching 'Tin Mines'",
    "data.json has 'top' object with 'val' (number) and 'year' (string) fields",
    "data.json has 'top' and 'low' objects with 'val' and 'year' fields",
    "data.json top.year and low.year are both > '2020'",
    "data.json top.val is greater than or equal to low.val",
    "index.html contains element with id='unit-name'",
    "README.md contains a 'Usage' or 'Setup' section",
]

COURSE_PROSE = [
    "CI YAML has steps for ruff, executing run.py, and Pages deploy",
    "out.json is published on GitHub Pages",
    "Each required file exists on GitHub",
    "index.html links to all required assets",
    "tale.txt meets content requirements",
    "data.json matches the assigned scenario",
    "data.json contains a reasonable forecast",
    "bird.svg is rated by an LLM",
    "index.html <title> contains the unit from data.json",
    "index.html contains element with id='top-value' displaying top.val",
    "index.html fetches data.json using fetch('https://data.example/x.json')",
    "index.html supports ?unit= query parameter",
]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        *((text, True) for text in SMALL_HOLDS),
        *((text, False) for text in SMALL_FAILS),
        *((text, None) for text in SMALL_OPEN),
    ],
)
def test_a_denial_a_choice_and_an_open_question_are_told_apart(text: str, holds: bool | None) -> None:  # noqa: FBT001 - a column of the table
    assert is_about_files(text)
    found = decide_check(text, SMALL)
    assert found.holds is holds, found.seen
    assert found.seen


@pytest.mark.parametrize("text", SMALL_PROSE)
def test_a_sentence_that_says_more_than_the_rules_know_is_prose(text: str) -> None:
    assert not is_about_files(text)


@pytest.mark.parametrize("text", COURSE_HOLDS)
def test_a_check_of_a_course_is_decided_and_fails_where_nothing_was_made(text: str) -> None:
    assert is_about_files(text)
    found = decide_check(text, COURSE)
    assert found.holds is True, found.seen
    bare = {"run.py": b"prnt", "out.json": b"", "id.txt": b"2", "data.json": b"{", "words.md": b"a b"}
    without = decide_check(text, CheckedFiles(bare, COURSE.attachments))
    assert without.holds is False, without.seen


@pytest.mark.parametrize("text", COURSE_PROSE)
def test_a_check_of_a_course_that_asks_for_more_is_prose(text: str) -> None:
    assert not is_about_files(text)


def test_what_files_of_two_formats_have_in_common_is_left_open() -> None:
    assert decide_check("data.csv content equals data.xlsx (attachment)", COURSE).holds is None


def test_a_file_is_never_compared_with_itself() -> None:
    repository = CheckedFiles({"id.txt": b"1"}, {})
    for text in ("id.txt matches the attached id.txt", "id.txt is identical to id.txt", "id.txt is unchanged"):
        assert decide_check(text, repository).holds is None


def test_files_that_are_listed_behind_are_those_that_must_exist() -> None:
    for text in ("These files exist: a.md, README.md", "The following files must be present: `a.md` and README.md"):
        assert decide_check(text, SMALL).holds is True
        assert decide_check(text.replace("a.md", "b.md"), SMALL).holds is False
