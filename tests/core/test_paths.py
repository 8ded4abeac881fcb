"""Names of files: what is accepted stays inside its folder and can be written; everything else is refused."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.core.paths import find_clash, fold_path, path_problem

NASTY = st.text(st.sampled_from("aA./\\:~%2eECF gitGIT\0\n\u202e\u200d\ud800é\ufb00\u017f\u0130 "), max_size=24)
NAMES = st.one_of(NASTY, st.text(max_size=300), st.text(st.characters(codec="utf-8"), min_size=80, max_size=255))


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "css/site.css",
        "a b.txt",
        "a..b",
        "data/été.csv",
        "日本.png",
        "..a",
        "100%.txt",
        "sub/CNAME",
        "x" * 255,
    ],
)
def test_an_ordinary_name_is_accepted(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize(
    "path",
    ["", "x" * 256, "é" * 128, "x" * 100_000],
    ids=["empty", "256 characters", "256 bytes", "100,000 characters"],
)
def test_a_name_has_1_to_255_bytes(path: str) -> None:
    assert path_problem(path) == "must have 1 to 255 bytes"


@pytest.mark.parametrize(
    "character", list("\0\x01\n\r\t\x7f\x85\u200b\u200d\u202e\u2066\u2028\u2029\ufeff\ud800\ue000")
)
def test_a_name_has_no_character_that_is_not_seen(character: str) -> None:
    assert path_problem(f"a{character}b") is not None
    assert path_problem(character) is not None


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "//host/share", "\\\\host\\share", "a\\b", "C:", "c:/x", "C:x"),
        *("%2e%2e/x", "%2E%2e/x", "a%2fb", "a%5Cb", "a%00b", "a%0ab"),
    ],
)
def test_a_name_is_relative_and_has_no_other_separator(path: str) -> None:
    assert path_problem(path) == "must be a relative path with `/` between its parts"


@pytest.mark.parametrize(
    "path",
    [".", "..", "../x", "a/../b", "a/..", "./a", "a//b", "a/", "a.", "a./b", "...", "a ", " a", "a /b", "a/\u00a0"],
)
def test_a_name_has_no_part_that_a_disk_would_read_otherwise(path: str) -> None:
    assert path_problem(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        ".git",
        ".GIT/config",
        "a/.git/hooks/x",
        ".gitignore",
        ".github/workflows/x.yml",
        ".GitHub/x",
        "GIT~1/x",
        "a/git~1",
    ],
)
def test_gits_own_names_are_refused_in_any_case_and_place(path: str) -> None:
    assert path_problem(path) == "must not begin with `.git`"


@pytest.mark.parametrize(
    "path",
    [
        "CNAME",
        "cname",
        "LICENSE",
        "License",
        "licen\u017fe",
        "pagewright.json",
        "PAGEWRIGHT.JSON",
        "LICENSE/a",
        "cname/b/c",
    ],
)
def test_the_pipelines_own_names_are_refused_as_files_and_as_folders(path: str) -> None:
    assert path_problem(path) == "is reserved for the pipeline"


@given(NAMES)
@example("é" * 127)
@example("..")
def test_an_accepted_name_is_written_inside_its_folder(path: str) -> None:
    if path_problem(path) is not None:
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve() / "site"
        target = folder / path
        assert target.resolve().is_relative_to(folder)
        assert target.resolve() != folder
        target.parent.mkdir(parents=True)
        target.write_bytes(b"x")
        assert [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()] == [path]


@given(NAMES)
def test_a_refusal_is_one_of_seven_sentences_and_never_repeats_the_name(path: str) -> None:
    assert path_problem(path) in {
        None,
        "must have 1 to 255 bytes",
        "must not contain control, bidirectional or other invisible characters",
        "must be a relative path with `/` between its parts",
        "must not have empty parts, `.`, `..`, or parts that end in a dot or a space",
        "must not begin with `.git`",
        "is reserved for the pipeline",
        "steers a host instead of being served",
    }


@pytest.mark.parametrize(
    ("paths", "second"),
    [
        (["a", "b"], None),
        (["a/b", "a/c"], None),
        (["a", "A"], "A"),
        (["é", "e\u0301"], "e\u0301"),
        (["stra\u00dfe", "STRASSE"], "STRASSE"),
        (["a", "a/b"], "a/b"),
        (["a/b", "a"], "a"),
        (["A/b/c", "a/B"], "a/B"),
        (["a", "b", "a"], "a"),
    ],
)
def test_names_that_some_disk_takes_for_one_clash(paths: list[str], second: str | None) -> None:
    assert find_clash(paths) == second


@given(st.text())
def test_case_and_composition_make_no_difference(name: str) -> None:
    assert fold_path(fold_path(name)) == fold_path(name)
    assert fold_path(name.casefold()) == fold_path(name)
