"""What was made, and the rules it must meet."""

import base64
import hashlib
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.site import (
    MAX_BYTES,
    MAX_FILES,
    Site,
    add_standard_files,
    blob_id,
    broken_rules,
    render_licence,
    unfit_for,
)

PAGE = {"index.html": b"<h1>Hi</h1>"}
SECRET = "a?long/secret+of~ours"


def problems(files: dict[str, bytes], present: dict[str, str] | None = None, *secrets: str) -> list[str]:
    return broken_rules(Site(PAGE | files), present or {}, secrets)


def test_a_changed_site_is_a_new_one() -> None:
    site = Site(PAGE)
    assert site.with_changes({"a": b"1"}).files == {**PAGE, "a": b"1"}
    assert site.files == PAGE


def test_the_digest_is_what_coreutils_say(tmp_path: Path) -> None:
    files = {"b.txt": b"b", "a/z.txt": b"", "a.txt": b"a", "ü.txt": b"u", "Z.txt": b"\0", "a b.txt": b"ab"}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    said = subprocess.run(
        ["sh", "-c", "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert Site(files).digest() == hashlib.sha256(said.stdout).hexdigest()


def test_a_name_that_is_not_utf8_has_a_digest_too() -> None:
    line = hashlib.sha256(b"x").hexdigest().encode() + b"  caf\xe9\n"
    assert Site({"caf\udce9": b"x"}).digest() == hashlib.sha256(line).hexdigest()


def test_the_id_of_a_file_is_gits() -> None:
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_finished_site_has_its_licence_and_keeps_jekyll_away() -> None:
    site = add_standard_files(Site(PAGE), "octo", 2026)
    assert site.files.keys() == {"index.html", "LICENSE", ".nojekyll"}
    assert b"Copyright (c) 2026 octo\n" in render_licence("octo", 2026) == site.files["LICENSE"]
    assert broken_rules(site, {}) == []


def test_a_page_that_meets_the_rules_breaks_none() -> None:
    assert problems({"css/a.css": b"", "data.csv": b"1"}, None, SECRET) == []


def test_there_must_be_a_page() -> None:
    assert broken_rules(Site({"a.html": b""}), {}) == ["index.html is missing"]


@pytest.mark.parametrize(
    "path", ["../x", ".git/config", ".github/workflows/a.yml", "CNAME", "pagewright.json", "a\\b", "\udce9"]
)
def test_a_bad_name_is_a_broken_rule(path: str) -> None:
    (problem,) = problems({path: b"x"})
    assert problem.startswith(repr(path))
    problem.encode()


def test_a_long_name_is_cut_in_what_is_said_about_it() -> None:
    (problem,) = problems({"x" * 5000: b""})
    assert len(problem) < 150


def test_what_lies_there_already_is_not_ours_to_judge() -> None:
    owners = {"CNAME": b"example.com\n", ".github/workflows/a.yml": b"on: push"}
    present = {path: blob_id(data) for path, data in owners.items()}
    assert problems(owners, present) == []
    assert problems(owners | {"CNAME": b"evil.example"}, present) == ["'CNAME' is reserved for the pipeline"]
    assert problems({"old.html": SECRET.encode()}, {"old.html": blob_id(SECRET.encode())}, SECRET) == []


def test_workflows_are_written_only_where_that_is_allowed() -> None:
    site = Site({**PAGE, ".github/workflows/a.yml": b""})
    assert broken_rules(site, {}, allow_workflows=True) == []
    assert broken_rules(site, {}) != []
    for path in (
        ".github/workflows/../../x",
        ".github/workflows/",
        ".github/dependabot.yml",
        ".github/workflows/.git/x",
    ):
        assert broken_rules(Site({**PAGE, path: b""}), {}, allow_workflows=True) != []


def test_names_that_some_disk_takes_for_one_are_a_broken_rule() -> None:
    assert problems({"Index.html": b""}) == ["'Index.html' differs from another file name only in case"]


def test_a_site_has_its_limits() -> None:
    assert problems({f"{n}.txt": b"" for n in range(MAX_FILES - 1)}) == []
    assert problems({f"{n}.txt": b"" for n in range(MAX_FILES)}) == [f"there are more than {MAX_FILES} files"]
    assert problems({"a.bin": bytes(MAX_BYTES)}) == ["the files have more than 28 MB in total"]


@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_a_secret_is_found_in_every_encoding_and_at_every_offset(secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode()
    around = base64.b64encode(before + raw + after)
    safe = base64.urlsafe_b64encode(before + raw + after)
    for hidden in (
        raw,
        raw[::-1],
        raw.hex().encode(),
        raw.hex().upper().encode(),
        quote(secret, safe="").encode(),
        around,
        safe,
    ):
        assert problems({"a.js": b"x" + hidden + b"x"}, None, secret) == ["'a.js' contains a secret"]


def test_a_secret_is_not_repeated() -> None:
    assert SECRET not in "".join(problems({"a.js": SECRET.encode()}, None, SECRET))


def test_a_short_secret_is_left_alone_since_it_occurs_by_chance() -> None:
    assert problems({"a.js": b"let a = 1"}, None, "", "let", "1234567") == []


@pytest.mark.parametrize(
    "key",
    [
        *("ghp_" + "a" * 36, "ghs_" + "B" * 36, "github_pat_" + "a1_" * 20, "sk-ant-" + "a-" * 12, "sk-or-" + "1" * 20),
        *("sk-proj-" + "x" * 24, "sk-" + "a" * 48, "AIza" + "b" * 35, "AKIA" + "A1" * 8, "xoxb-" + "1" * 20),
        *("rk_live_" + "a" * 20, "hf_" + "a" * 34, "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_what_has_the_form_of_a_providers_key_is_a_secret(key: str) -> None:
    assert problems({"a.js": f'key="{key}"'.encode()}) == ["'a.js' contains a secret"]


@pytest.mark.parametrize(
    "text", ["sk-learn and task-sk-1", "ghp_short", "AKIA", "-----BEGIN CERTIFICATE-----", "risk-" + "a" * 30]
)
def test_what_only_begins_like_one_is_none(text: str) -> None:
    assert problems({"a.js": text.encode()}) == []


def test_names_that_no_other_host_takes_are_unfit_for_those_alone() -> None:
    names = ["a.html", "a#b.html", "c?d.html"]
    assert unfit_for("pages", names) == []
    assert [problem.split("'")[1] for problem in unfit_for("vercel", names)] == names[1:]


@pytest.mark.parametrize("path", ["_redirects", "a/_headers", "NETLIFY.toml", "_worker.js/x.js", "b/_routes.json"])
def test_what_steers_a_host_is_refused_unless_it_is_there_already(path: str) -> None:
    site = Site({**PAGE, path: b"x"})
    assert broken_rules(site, {}) == [f"'{path}' steers a host instead of being served"]
    assert broken_rules(site, {path: blob_id(b"x")}) == []
