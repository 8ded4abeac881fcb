"""What the model is told."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.record import Record, Round
from orchestrator.core.scaffold import Framework
from orchestrator.core.site import Site
from orchestrator.core.task import Check, Task
from orchestrator.generate.attachments.digest import describe_attachments
from orchestrator.generate.draft import Draft, Material
from orchestrator.generate.models.budget import LEAST_ROOM
from orchestrator.generate.models.presets import Model, prompts_folder
from orchestrator.generate.prompt import (
    EARLIER,
    PLACEHOLDERS,
    Messages,
    continuation_message,
    correction_message,
    estimate_prompt_tokens,
    load_prompts,
    opening_messages,
    room_for_answer,
)
from orchestrator.generate.reply.complaint import Complaint

pytestmark = pytest.mark.anyio

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)
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
PLAIN = Model(
    name="m", params={}, context=100_000, output=16_000, price=None, sees_images=False, edits=True, caches=False
)


def given(attachments: dict[str, bytes] | None = None, present: dict[str, bytes] | None = None) -> Material:
    return Material(TASK, attachments or {}, Site(present or {}), RECORD)


async def messages(what: Material, model: Model = PLAIN) -> Messages:
    return opening_messages(load_prompts(), replace(what, told=await describe_attachments(what.attached, 60)), model)


async def said(attachments: dict[str, bytes] | None = None, present: dict[str, bytes] | None = None) -> tuple[str, str]:
    system, user = await messages(given(attachments, present))
    assert (system["role"], user["role"]) == ("system", "user")
    return system["content"], user["content"]


def parts(message: dict[str, Any]) -> list[str]:
    return [part["type"] for part in message["content"]]


async def test_the_prompts_of_the_project_are_in_order() -> None:
    assert load_prompts().keys() == PLACEHOLDERS.keys()


async def test_a_new_site_is_asked_for_with_brief_checks_and_attachments() -> None:
    _, asked = await said({"data.csv": b"a,b\n1,2\n", "logo.bin": b"\x89PN\0"})
    assert "Show ${seed} and $5 of {curly} %s" in asked
    assert "2.1. document.title\n2.2. JavaScript that must be true: a === b" in asked
    assert "data.csv" in asked
    assert "a,b\n1,2" in asked
    assert "logo.bin" in asked


async def test_a_revision_shows_the_present_files_and_what_earlier_rounds_asked() -> None:
    _, asked = await said(present={"index.html": b"<h1>now", "LICENSE": b"MIT", "app.js": b"go()"})
    assert "This is round 2" in asked
    assert '<file path="index.html">\n<h1>now\n</file>' in asked
    assert "Round 1: One\n1.1. first" in asked
    assert "Two, once" not in asked


async def test_nothing_personal_and_no_address_is_told() -> None:
    everything = "".join(await said({"a.txt": b"x"}, {"index.html": b"x"}))
    assert not any(word in everything for word in ("nonce-secret", "ada@private.example", "private.example"))


async def test_no_placeholder_is_left_and_nothing_that_looks_like_one_is_filled() -> None:
    system, asked = await said({"a.txt": b"$brief ${mark}"})
    assert re.findall(r"\$(?!\{…)", system) == []
    assert "$brief ${mark}" in asked
    assert re.findall(r"\$\{?(?!seed|5|brief|mark)\w+", asked) == []


async def test_data_stands_between_marks_that_it_cannot_know() -> None:
    marks = {re.findall(r"=====data-[0-9a-f]{12}=====", (await said())[1])[0] for _ in range(5)}
    assert len(marks) == 5


async def test_what_never_changes_comes_first_and_the_same_for_every_task() -> None:
    assert (await said({"a.txt": b"1"}))[0] == (await said())[0]
    assert (await said({"a.txt": b"1"}, {"a.js": b"y"}))[0] == (await said(present={"index.html": b"x"}))[0]


async def test_a_new_site_is_not_told_how_to_edit() -> None:
    new, revised = await said(), await said(present={"index.html": b"x"})
    assert "SEARCH" not in "".join(new)
    assert "SEARCH" in revised[0]


@pytest.mark.parametrize("edits", [True, False])
async def test_a_small_context_is_told_the_rules_in_at_most_500_tokens(edits: bool) -> None:  # noqa: FBT001
    small = replace(PLAIN, context=4_096, output=8_000, edits=edits)
    for present in ({}, {"index.html": b"x"}):
        system = (await messages(given(present=present), small))[0]
        assert 100 < estimate_prompt_tokens([system]) <= 500
        assert ("SEARCH" in system["content"]) == (edits and bool(present))
        assert '<file path="' in system["content"]


@pytest.mark.parametrize("context", [2_048, 4_096, 8_192, 32_000])
@pytest.mark.parametrize("edits", [True, False])
async def test_a_prompt_fits_and_leaves_room_for_an_answer(context: int, edits: bool) -> None:  # noqa: FBT001
    present = {"index.html": b"<p>line</p>\n" * 230, "app.js": b"go();\n" * 4_000}
    rounds = tuple(Round(round=number, brief="long " * 90) for number in range(3, 9))
    what = Material(TASK, {"a.csv": b"a,b\n1,2\n" * 90}, Site(present), Record(task="k", rounds=rounds))
    model = replace(PLAIN, context=context, output=8_000, edits=edits)
    asked = await messages(what, model)
    assert estimate_prompt_tokens(asked) <= context - (room_for_answer(what, model) if context > 4_000 else LEAST_ROOM)
    assert room_for_answer(what, model) >= LEAST_ROOM
    assert ("<p>line" in asked[1]["content"]) == (context > 8_000 or (edits and context > 4_000))


async def test_what_is_asked_never_shrinks() -> None:
    task = TASK.model_copy(update={"brief": "long " * 5_000})
    asked = await messages(replace(given(), task=task), replace(PLAIN, context=2_048))
    assert asked[1]["content"].count("long ") == 5_000


async def test_a_model_that_edits_badly_is_asked_for_whole_files() -> None:
    what = given(present={"index.html": b"x"})
    edits, files = (await messages(what, PLAIN))[0], (await messages(what, replace(PLAIN, edits=False)))[0]
    assert "<<<<<<< SEARCH" in edits["content"]
    assert "<<<<<<< SEARCH" not in files["content"]
    assert '<file path="index.html">' in files["content"]


async def test_a_small_context_sees_less_of_everything() -> None:
    what = given({"long.txt": b"word " * 9_000}, {"index.html": b"page", "big.js": b"b;\n" * 9_000})
    large, small = await messages(what), await messages(what, replace(PLAIN, context=16_000, output=4_000))
    assert estimate_prompt_tokens(small) < 12_000 < estimate_prompt_tokens(large)
    assert "(big.js, 27000 bytes: too large to show)" in small[1]["content"]


async def test_a_page_is_shown_as_long_as_there_is_room_for_it() -> None:
    home = replace(PLAIN, context=32_000, output=8_000, edits=False)
    _, user = await messages(given({"a.csv": b"a\n1\n"}, {"index.html": b"<p>line\n" * 4_000}), home)
    assert user["content"].count("<p>line") == 4_000
    assert estimate_prompt_tokens([user]) < 24_000


async def test_many_rounds_are_told_within_their_share() -> None:
    rounds = tuple(Round(round=number, brief="long " * 9_000) for number in range(3, 9))
    _, user = await messages(Material(TASK, {}, Site({"index.html": b"x"}), Record(task="k", rounds=rounds)))
    assert all(f"Round {number}: long" in user["content"] for number in range(3, 9))
    assert len(user["content"]) < EARLIER + 5_000


async def test_pictures_are_shown_to_models_that_see() -> None:
    what = given({"dot.png": PNG})
    assert isinstance((await messages(what))[1]["content"], str)
    seen = (await messages(what, replace(PLAIN, sees_images=True)))[1]
    assert parts(seen) == ["image_url", "text"]
    assert seen["content"][0]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert estimate_prompt_tokens([seen]) > 1_600


async def test_the_beginning_is_marked_for_the_cache_where_a_provider_wants_that() -> None:
    system, user = await messages(given(), replace(PLAIN, caches=True))
    assert [message["content"][-1]["cache_control"] for message in (system, user)] == [{"type": "ephemeral"}] * 2


def _flaw(text: str) -> Complaint:
    return Complaint("", "answer", text)


async def test_a_correction_says_what_was_wrong_and_what_was_taken() -> None:
    draft = Draft({}, flaws=(_flaw("a.js: no $match"), _flaw("b.js: cut")), done=("index.html: written whole",))
    told = correction_message(load_prompts(), draft)
    assert told["role"] == "user"
    assert "- a.js: no $match\n- b.js: cut\n" in told["content"]
    assert "- index.html: written whole" in told["content"]
    assert "(none)" in correction_message(load_prompts(), Draft({}, flaws=(_flaw("x"),)))["content"]
    many = correction_message(load_prompts(), Draft({}, flaws=(_flaw("x" * 9_000),) * 99))["content"]
    assert "- … only 30 of 99 are listed\n" in many
    assert len(many) < 62_000


async def test_a_continuation_shows_how_the_answer_ended() -> None:
    assert "\n  const a = doc\n" in continuation_message(load_prompts(), "  const a = doc")["content"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(prompts_folder(), tmp_path / "prompts"))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("build.md", "$mark $brief $checks", r"build.md lacks \$attachments"),
        ("build.md", "$mark $brief $checks $attachments $more", r"build.md has the unknown \$more"),
        ("system.md", "costs 5 $ each: $format", r"system.md has a single \$"),
        ("edits.md", "$mark", r"edits.md has the unknown \$mark"),
    ],
)
async def test_a_prompt_that_cannot_be_filled_is_refused_before_it_is_used(
    folder: Path, name: str, text: str, says: str
) -> None:
    (folder / name).write_text(text)
    with pytest.raises(UsageError, match=says):
        load_prompts(folder)


async def test_everything_that_is_wrong_is_named_at_once(folder: Path) -> None:
    (folder / "build.md").unlink()
    (folder / "continue.md").write_bytes(b"\xff")
    (folder / "revise.md").write_text("$round")
    says = r"build.md is missing or not a text file; revise.md lacks \$attachments; .*\$mark; continue.md is missing"
    with pytest.raises(UsageError, match=says):
        load_prompts(folder)


@pytest.mark.parametrize(("framework", "told"), [("react", "react-router"), ("vue", "vue-router")])
@pytest.mark.parametrize("context", [100_000, 7_000])
def test_an_app_is_told_its_two_lines_and_its_packages_and_a_plain_page_neither(
    framework: Framework, told: str, context: int
) -> None:
    model = replace(PLAIN, context=context)
    given = Material(TASK, {}, Site({}), None, framework=framework)
    rules = str(opening_messages(load_prompts(), given, model)[0]["content"])
    assert '<script type="module" src="bundle.js"></script>' in rules
    assert (told in rules) == (context > 8_000)
    assert "jsdelivr" not in rules
    plain = str(opening_messages(load_prompts(), replace(given, framework="vanilla"), model)[0]["content"])
    assert "cdn.jsdelivr.net" in plain
    assert "bundle.js" not in plain
