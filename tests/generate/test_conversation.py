"""One model's turns, over a real socket: continued where cut, corrected where wrong, left in the end."""

import json

import pytest

from orchestrator.generate.conversation import converse
from tests.doubles.blocks import PAGE, README, edit
from tests.doubles.conversation import PRESENT, conversed, last_prompt, model_at, outcomes, shared
from tests.doubles.model import Reply, model_server

pytestmark = pytest.mark.anyio


async def test_a_good_answer_ends_it() -> None:
    at = shared()
    draft, server = await conversed(at, PAGE + README)
    assert draft is not None
    assert (sorted(draft.files), draft.flaws) == (["README.md", "index.html"], ())
    assert (len(server.asked), outcomes(at)) == (1, ["answered"])


async def test_what_was_wrong_is_said_and_what_was_right_is_kept() -> None:
    at = shared(new=False)
    good, bad = edit("a.js", "a()", "b()"), edit("index.html", "<html><title>None</title></html>", "x")
    fixed = edit("index.html", "<html><title>One</title></html>", "<html><title>Two</title></html>")
    draft, server = await conversed(at, good + bad, fixed)
    assert draft is not None
    assert draft.files == {
        **PRESENT,
        "a.js": b"b()\n",
        "index.html": b"<!doctype html>\n<html><title>Two</title></html>\n",
    }
    assert outcomes(at)[0].startswith("asked again: ")
    assert "index.html" in last_prompt(server)
    assert "<title>One</title>" in last_prompt(server)
    assert "a.js" in last_prompt(server).partition("Do not send them again")[2]
    assert [message["role"] for message in json.loads(server.asked[1].body)["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


async def test_prose_alone_is_answered_with_what_is_needed() -> None:
    at = shared()
    draft, server = await conversed(at, "I am sorry, I cannot.", PAGE + README)
    assert draft is not None
    assert "index.html is missing" in last_prompt(server)


async def test_the_same_answer_again_ends_it() -> None:
    at = shared()
    draft, server = await conversed(at, PAGE, PAGE, PAGE + README)
    assert draft is not None
    assert [flaw.text for flaw in draft.flaws] == ["README.md is missing."]
    assert draft.is_usable
    assert (len(server.asked), outcomes(at)[-1]) == (2, "the same answer again")


async def test_after_three_turns_a_model_is_left() -> None:
    at = shared()
    draft, server = await conversed(at, "No.", "No, really.", "Not ever.", PAGE)
    assert draft is None
    assert len(server.asked) == 3
    assert outcomes(at)[-1].startswith("left: ")


async def test_a_cut_answer_is_continued_and_joined_without_a_seam() -> None:
    whole = PAGE + README
    for cut in (30, len(PAGE) - 12, len(whole) - 5):
        at = shared()
        draft, server = await conversed(at, Reply(whole[:cut], "length"), whole[cut:])
        assert draft is not None
        assert draft.files == {"index.html": b"<!doctype html>\n<html><title>T</title></html>\n", "README.md": b"# T\n"}
        assert outcomes(at) == ["cut off, continued", "answered"]
        assert whole[:cut].splitlines()[-1] in last_prompt(server)


async def test_an_answer_that_stops_in_a_block_is_continued_whatever_the_provider_says() -> None:
    at = shared()
    draft, _ = await conversed(at, PAGE + README[:20], README[20:])
    assert draft is not None
    assert draft.flaws == ()


async def test_after_two_continuations_the_whole_blocks_have_to_do() -> None:
    at = shared()
    parts = [Reply(text, "length") for text in (PAGE + '<file path="a.js">\none();\n', "two();\n", "three();\n")]
    draft, server = await conversed(at, *parts, README)
    assert draft is not None
    assert sorted(draft.files) == ["README.md", "index.html"]
    assert len(server.asked) == 5
    assert "a.js" in last_prompt(server)
    assert outcomes(at)[-1] == "the same answer again"


async def test_an_answer_that_goes_round_in_circles_is_left() -> None:
    at = shared()
    draft, server = await conversed(
        at, Reply('<file path="index.html">\n' + "<li>again and again</li>\n" * 400, "length")
    )
    assert (draft, len(server.asked)) == (None, 1)
    assert outcomes(at) == ["repeats itself endlessly"]


async def test_what_is_whole_is_used_when_the_rest_never_comes() -> None:
    at = shared()
    draft, _ = await conversed(at, Reply(PAGE + '<file path="a.js">\none();\n', "length"), Reply(status=401))
    assert draft is not None
    assert draft.is_usable
    assert sorted(draft.files) == ["index.html"]


async def test_no_call_is_made_that_the_money_does_not_pay_for() -> None:
    at = shared(dollars=0.0335)
    first = Reply(PAGE, tokens=(2_000, 14_000))
    draft, server = await conversed(at, first, PAGE + README)
    assert draft is not None
    assert draft.is_usable
    assert len(server.asked) == 1
    assert outcomes(at)[-1] == "not asked: too little money left for an answer"


async def test_a_call_that_was_lost_is_counted_at_what_it_may_have_cost() -> None:
    at = shared()
    async with model_server(Reply(body=b"null")) as server:
        assert await converse(at, model_at(server), at.budget.deadline) is None
    assert at.budget.lost_usd > 0.03
