"""What the model is told."""

import re
import shutil
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.generate.prompt import EXCERPT, FOLDER, PRESENT, as_text, load, messages
from orchestrator.record import Record, Round
from orchestrator.site import Site
from orchestrator.task import Check, Task

TASK = Task(
    task="sales",
    round=2,
    nonce="nonce-secret",
    email="ada@private.example",
    evaluation_url="https://private.example/notify",
    brief="Show ${seed} and $5 of {curly} %s",
    checks=(Check(text="document.title"), Check(text="a === b", js=True)),
)
RECORD = Record(task="k", rounds=(Round(round=1, brief="One", checks=("first",)), Round(round=2, brief="Two, once")))


def said(attachments: dict[str, bytes] | None = None, present: dict[str, bytes] | None = None) -> tuple[str, str]:
    system, user = messages(load(), TASK, attachments or {}, Site(present or {}), RECORD)
    assert (system["role"], user["role"]) == ("system", "user")
    return system["content"], user["content"]


def test_the_prompts_of_the_project_are_in_order() -> None:
    assert sorted(load()) == ["build", "revise", "system"]


def test_a_new_site_is_asked_for_with_brief_checks_and_attachments() -> None:
    _, asked = said({"data.csv": b"a,b\n1,2\n", "logo.png": b"\x89PNG\0"})
    assert "Show ${seed} and $5 of {curly} %s" in asked
    assert "- document.title\n- JavaScript that must be true: a === b" in asked
    assert "data.csv, 8 bytes:\na,b\n1,2" in asked
    assert "logo.png: 5 bytes, not text" in asked


def test_a_revision_shows_the_present_files_and_what_earlier_rounds_asked() -> None:
    _, asked = said(present={"index.html": b"<h1>now", "LICENSE": b"MIT", "a.bin": b"\0", "app.js": b"go()"})
    assert "This is round 2" in asked
    assert '<file path="index.html">\n<h1>now\n</file>' in asked
    assert asked.index("index.html") < asked.index("app.js")
    assert "(a.bin, 1 bytes, is not shown)" in asked
    assert "(LICENSE, 3 bytes, is not shown)" in asked
    assert "Round 1: One\n- first" in asked
    assert "Two, once" not in asked


def test_nothing_personal_and_no_address_is_told() -> None:
    everything = "".join(said({"a.txt": b"x"}, {"index.html": b"x"}))
    assert not any(word in everything for word in ("nonce-secret", "ada@private.example", "private.example"))


def test_no_placeholder_is_left_and_nothing_that_looks_like_one_is_filled() -> None:
    system, asked = said({"a.txt": b"$brief ${mark}"})
    assert "$" not in system
    assert "$brief ${mark}" in asked
    assert re.findall(r"\$\{?(?!seed|5|brief|mark)\w+", asked) == []


def test_data_stands_between_marks_that_it_cannot_know() -> None:
    marks = {re.findall(r"=====data-[0-9a-f]{12}=====", said()[1])[0] for _ in range(5)}
    assert len(marks) == 5


def test_long_attachments_are_shown_from_their_beginning() -> None:
    _, asked = said({"long.txt": b"x" * (EXCERPT + 1)})
    assert f"\n… ({EXCERPT + 1} characters in all)" in asked
    assert "x" * EXCERPT in asked
    assert "x" * (EXCERPT + 1) not in asked


def test_files_that_no_longer_fit_are_named_and_smaller_ones_shown() -> None:
    _, asked = said(present={"index.html": b"page", "big.js": b"b" * PRESENT, "small.css": b"s {}"})
    assert f"(big.js, {PRESENT} bytes, is not shown)" in asked
    assert '<file path="small.css">' in asked


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a\0b", b"\x80"])
def test_what_is_not_text_is_none(data: bytes) -> None:
    assert as_text(data) is None


def test_a_byte_order_mark_is_no_text() -> None:
    assert as_text("\ufeffä".encode()) == "ä"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "prompts"))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("build.md", "$mark $brief $checks", r"build.md lacks \$attachments"),
        ("build.md", "$mark $brief $checks $attachments $more", r"build.md has the unknown \$more"),
        ("system.md", "costs 5 $ each", r"system.md has a lone \$"),
        ("system.md", "$mark", r"system.md has the unknown \$mark"),
    ],
)
def test_a_prompt_that_cannot_be_filled_is_refused_before_it_is_used(
    folder: Path, name: str, text: str, says: str
) -> None:
    (folder / name).write_text(text)
    with pytest.raises(UsageError, match=says):
        load(folder)


def test_everything_that_is_wrong_is_named_at_once(folder: Path) -> None:
    (folder / "build.md").unlink()
    (folder / "revise.md").write_text("$round")
    with pytest.raises(UsageError, match=r"build.md is missing; revise.md lacks \$attachments; .*\$mark"):
        load(folder)
