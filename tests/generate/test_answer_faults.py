"""Every way in which the answer of a model can be wrong, through the real litellm and real sockets: a site comes."""

import pytest

from orchestrator.generate.models.presets import OUTPUT
from tests.doubles.blocks import PAGE, README, edit
from tests.doubles.chain import BOTH, GOOD, MADE, PRESENT, made, models, outcomes
from tests.doubles.model import Reply
from tests.doubles.providers.form import CHARS_A_TOKEN

pytestmark = pytest.mark.anyio


# Fault 12: the model answers, but not as it should


@BOTH
async def test_a_truncated_answer_is_continued(provider: str) -> None:
    generated, server = await made(Reply(GOOD[:50], "length"), GOOD[50:], provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/first", ["first"] * 2)
    assert generated.site.files == MADE


@BOTH
async def test_an_answer_longer_than_its_limit_is_whole_in_the_end(provider: str) -> None:
    lines = "".join(f"<p>line {number} of a long page</p>\n" for number in range(1_200))
    long = PAGE.replace("<title>", f"{lines}<title>") + README
    generated, server = await made(long, long[OUTPUT * CHARS_A_TOKEN :], provider=provider)
    assert (generated.built_by, [prompt["max_tokens"] for prompt in server.prompts]) == (
        f"{provider}/first",
        [OUTPUT] * 2,
    )
    assert generated.site.files["index.html"] == f"<!doctype html>\n<html>{lines}<title>T</title></html>\n".encode()
    assert outcomes(generated) == ["cut off, continued", "answered"]


@BOTH
@pytest.mark.parametrize("end", [30, 60, PAGE.index("</html>") + 3])
async def test_half_a_file_is_never_published(provider: str, end: int) -> None:
    generated, _ = await made(Reply(PAGE[:end], "length"), "", "No.", "", provider=provider)
    assert generated.is_fallback
    assert generated.site.files["index.html"] != PAGE[:end].partition("\n")[2].encode()


@BOTH
async def test_a_page_of_which_only_the_end_of_its_block_is_lost_is_whole(provider: str) -> None:
    generated, _ = await made(Reply(PAGE[: PAGE.index("</html>") + 10], "length"), "", "No.", "", provider=provider)
    assert generated.built_by == f"{provider}/first"
    assert generated.site.files["index.html"].rstrip().endswith(b"</html>")


@BOTH
@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(""), "an empty answer"),
        (Reply(" \n "), "an empty answer"),
        (Reply("", "length"), "an empty answer, cut off at the length limit"),
    ],
)
async def test_a_model_that_answers_nothing_is_asked_again_and_then_left_for_the_next(
    provider: str, reply: Reply, outcome: str
) -> None:
    generated, server = await made(reply, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/first", ["first"] * 2)
    assert outcomes(generated) == [outcome, "answered"]
    generated, server = await made(reply, reply, reply, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first"] * 3 + ["second"])
    assert outcomes(generated) == [*[outcome] * 3, "answered"]


@BOTH
async def test_what_a_filter_stopped_is_left_for_the_next_model(provider: str) -> None:
    generated, server = await made(Reply("I", "content_filter"), GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first", "second"])
    assert outcomes(generated) == ["stopped by the provider's content filter", "answered"]


async def test_an_answer_without_choices_is_empty() -> None:
    generated, server = await made(Reply(body=b'{"choices": []}'), GOOD, streams=False)
    assert (generated.built_by, models(server)) == ("openai/first", ["first", "first"])
    assert outcomes(generated) == ["an empty answer", "answered"]


async def test_an_answer_that_stands_in_the_reasoning_alone_is_read() -> None:
    generated, server = await made(Reply(None, thought=f"Plan.\n{GOOD}"))
    assert (generated.built_by, generated.site.files) == ("openai/first", MADE)
    assert len(server.asked) == 1


async def test_thinking_without_a_block_is_no_answer() -> None:
    generated, _ = await made(Reply(None, thought="I shall think."), GOOD)
    assert outcomes(generated) == ["an empty answer", "answered"]


@BOTH
async def test_prose_only_is_asked_again_once_and_then_the_same_ends_it(provider: str) -> None:
    prose = "I'm sorry, I can't help with that."
    generated, server = await made(prose, prose, GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/second", ["first", "first", "second"])
    assert outcomes(generated)[0].startswith("asked again: The answer has no block")
    assert outcomes(generated)[1:] == ["the same answer again", "answered"]


@BOTH
async def test_prose_that_is_followed_by_files_is_made_up_for(provider: str) -> None:
    generated, server = await made("Shall I begin?", GOOD, provider=provider)
    assert (generated.built_by, models(server)) == (f"{provider}/first", ["first"] * 2)
    assert generated.site.files == MADE


async def test_fences_in_files_are_taken_off() -> None:
    generated, server = await made(
        GOOD.replace("<!doctype", "```html\n<!doctype").replace("</html>\n", "</html>\n```\n")
    )
    assert (generated.site.files, len(server.asked)) == (MADE, 1)


async def test_wrong_names_are_told_back() -> None:
    wrong = '<file path="../index.html">\nx\n</file>\n' + README
    generated, server = await made(wrong, PAGE)
    assert (generated.site.files, len(server.asked)) == (MADE, 2)
    assert "'../index.html' was left out" in server.texts[1]


async def test_edits_that_do_not_match_are_told_back_with_what_stands_there() -> None:
    wrong, right = (
        edit("index.html", "<title>Eins</title>", "<title>Two</title>"),
        edit("index.html", "<title>One</title>", "<title>Two</title>"),
    )
    generated, server = await made(wrong, right, present=PRESENT)
    assert (generated.built_by, len(server.asked)) == ("openai/first", 2)
    assert generated.site.files["index.html"] == b"<!doctype html>\n<title>Two</title>\n"
    assert "2: <title>One</title>" in server.prompts[1]["messages"][-1]["content"]


async def test_a_revision_that_is_never_whole_changes_nothing() -> None:
    half = edit("index.html", "<!doctype html>", "<!doctype html>\n<h1>Two</h1>") + edit(
        "index.html", "<p>never there</p>", "x"
    )
    generated, server = await made(half, present=PRESENT, names=("first",))
    assert (generated.is_fallback, len(server.asked)) == (True, 2)
    assert generated.site.files["index.html"] == PRESENT["index.html"]
    assert b"could not be generated" in generated.site.files["README.md"]


async def test_an_answer_that_repeats_itself_without_end_is_not_continued() -> None:
    endless = '<file path="index.html">\n<!doctype html>\n' + "<li>again and again</li>\n" * 200
    generated, server = await made(Reply(endless, "length"), GOOD)
    assert (generated.built_by, models(server)) == ("openai/second", ["first", "second"])
    assert outcomes(generated) == ["repeats itself endlessly", "answered"]
