"""Which files make the site: the model's, the attachments', the present ones, or the template's."""

from collections.abc import Sequence

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.settings import build_settings
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import FALLBACK, Kit, begin_generation
from tests.doubles.clock import FastClock
from tests.doubles.generation import Made, generate
from tests.doubles.model import Reply, model_server

CSV = b"region,sales\nnorth,1\n"
NONE = Kit.load(build_settings({"TARGET_OWNER": "x"}).models)
BY_MODEL = Record(task="k", built_by="gpt-4.1", rounds=(Round(round=1, brief="One"),))
BY_TEMPLATE = Record(task="k", built_by=FALLBACK, rounds=(Round(round=1, brief="One"),))


def given(
    attachments: dict[str, bytes] | None = None, present: dict[str, bytes] | None = None, record: Record | None = None
) -> Material:
    task = Task(task="sum-of_sales", round=2 if present else 1, nonce="n", brief="Show the sales.")
    return Material(task, attachments or {}, Site(present or {}), record)


def fine(_: Site) -> Sequence[str]:
    return ()


def block(path: str, body: str) -> str:
    return f'<file path="{path}">\n{body}\n</file>\n'


async def without_models(what: Material) -> Made:
    return await generate(what, NONE, FastClock().deadline(), fine)


@pytest.mark.anyio
async def test_without_a_model_the_template_builds_a_page_that_says_so() -> None:
    made = await without_models(given({"data.csv": b"region,sales\nnorth,1\n"}))
    assert (made.built_by, made.is_fallback, made.attempts) == (FALLBACK, True, ())
    assert made.site.files["data.csv"] == b"region,sales\nnorth,1\n"
    assert b"Sum of sales" in made.site.files["index.html"]
    assert "README.md" in made.site.files


@pytest.mark.anyio
async def test_a_page_that_a_model_made_is_never_replaced_by_the_template() -> None:
    present = {"index.html": b"a good page", "README.md": b"# Sales\n", "CNAME": b"x.example\n"}
    made = await without_models(given({"new.csv": b"a\n1\n"}, present, BY_MODEL))
    assert made.site.files["index.html"] == b"a good page"
    assert made.site.files["CNAME"] == b"x.example\n"
    assert made.site.files["new.csv"] == b"a\n1\n"
    assert b"Show the sales." in made.site.files["README.md"]


@pytest.mark.anyio
async def test_a_second_fallback_in_a_row_leaves_a_models_page_too() -> None:
    present = {"index.html": b"a good page", "README.md": b"# Sales\n"}
    made = await without_models(given({}, present, BY_TEMPLATE))
    assert made.site.files["index.html"] == b"a good page"


@pytest.mark.anyio
async def test_a_page_of_the_template_is_built_again_with_every_round() -> None:
    first = given({"z.csv": b"z\n", "old.csv": b"a\n1\n"})
    task = first.task.model_copy(update={"brief": "One"})
    present = dict((await without_models(Material(task, first.attachments, Site({}), None))).site.files)
    present["CNAME"] = b"x.example\n"  # the owner's
    made = await without_models(given({"new.csv": b"b\n2\n"}, dict(sorted(present.items())), BY_TEMPLATE))
    page = made.site.files["index.html"]
    assert b"One" in page
    assert b"Show the sales." in page
    assert {"old.csv", "new.csv", "CNAME"} <= set(made.site.files)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["index.html", "README.md"])
async def test_an_attachment_wins_over_what_the_template_makes(name: str) -> None:
    made = await without_models(given({name: b"as it was sent"}))
    assert made.site.files[name] == b"as it was sent"
    assert "index.html" in made.site.files


@pytest.mark.anyio
@pytest.mark.parametrize("task", ["-", "_ _", "\u2028", "ß", "x" * 200])
async def test_any_name_of_a_task_makes_a_title(task: str) -> None:
    what = given()
    made = await without_models(Material(what.task.model_copy(update={"task": task}), {}, Site({}), None))
    assert b"<title>" in made.site.files["index.html"]


# With models


async def with_models(what: Material, *replies: Reply | str, dollars: str = "1", names: str = "openai/one") -> Made:
    async with model_server(*replies) as server:
        env = {"TARGET_OWNER": "x", "LLM_MODELS": names, "LLM_API_BASE": server.url, "MAX_COST_USD": dollars}
        kit = Kit.load(build_settings(env).models)
        return await generate(what, kit, FastClock().deadline(), fine)


PAGE = block("index.html", "<!doctype html><html><title>T</title></html>")
README = block("README.md", "# Sales")


def outcomes(made: Made) -> list[str]:
    return [attempt.outcome for attempt in made.attempts]


@pytest.mark.anyio
async def test_the_first_model_with_a_whole_answer_makes_the_site() -> None:
    made = await with_models(given({"data.csv": CSV}), PAGE + README, names="gpt-4.1,openai/two,openai/three")
    assert (made.built_by, made.is_fallback) == ("openai/two", False)
    assert sorted(made.site.files) == ["README.md", "data.csv", "index.html"]
    assert outcomes(made) == ["OPENAI_API_KEY is not set", "answered"]


@pytest.mark.anyio
async def test_a_lesser_draft_is_used_when_nothing_better_comes_and_gets_a_readme() -> None:
    made = await with_models(given(), PAGE, PAGE, "No.", "Never.", "Not at all.", names="openai/one,openai/two")
    assert made.built_by == "openai/one"
    assert b"language model" in made.site.files["README.md"]
    assert outcomes(made)[-1] == "used as it is: README.md is missing."


@pytest.mark.anyio
async def test_a_whole_answer_wins_over_a_lesser_one_before_it() -> None:
    made = await with_models(given(), PAGE, PAGE, PAGE + README, names="openai/one,openai/two")
    assert made.built_by == "openai/two"


@pytest.mark.anyio
async def test_where_no_answer_is_of_use_the_template_builds_and_the_attempts_are_kept() -> None:
    made = await with_models(given(), "No.")
    assert made.is_fallback
    assert outcomes(made) == [
        "asked again: The answer has no block with a file or an edit.",
        "the same answer again",
    ]


@pytest.mark.anyio
async def test_an_attachment_that_was_changed_on_request_is_shown() -> None:
    edit = "<<<<<<< SEARCH\nnorth,1\n=======\nnorth,2\n>>>>>>> REPLACE"
    what = given({"data.csv": CSV}, {"index.html": b"<p>x", "README.md": b"#"}, BY_MODEL)
    asks = what.task.model_copy(update={"brief": "Correct the number in data.csv."})
    made = await with_models(
        Material(asks, what.attachments, what.present, BY_MODEL), f'<edit path="data.csv">\n{edit}\n</edit>'
    )
    assert made.site.files["data.csv"] == b"region,sales\nnorth,2\n"
    assert made.attachments_changed[0][-2:] == ("-north,1", "+north,2")


@pytest.mark.anyio
@pytest.mark.parametrize("is_made_whole", [True, False])
async def test_an_answer_counts_as_cut_off_while_its_half_is_missing(is_made_whole: bool) -> None:  # noqa: FBT001
    cut = f'{PAGE}<file path="README.md">\n# Sal'
    later = [README] if is_made_whole else [Reply(cut, "length"), Reply("", "length")]
    async with model_server(Reply(cut, "length"), Reply("", "length"), *later) as server:
        env = {"TARGET_OWNER": "x", "LLM_MODELS": "openai/one", "LLM_API_BASE": server.url}
        kit = Kit.load(build_settings(env).models)
        generation = await begin_generation(given(), kit, FastClock().deadline(), fine)
        made = await generation.generate_site()
    assert (made.built_by, made.is_cut_off) == ("openai/one", not is_made_whole)


@pytest.mark.anyio
async def test_a_template_that_breaks_a_rule_is_none_to_compare_with() -> None:
    good = await begin_generation(given(), NONE, FastClock().deadline(), fine)
    template = good.template_site()
    assert template is not None
    assert template.is_fallback
    bad = await begin_generation(given(), NONE, FastClock().deadline(), lambda _: ["too large"])
    assert bad.template_site() is None


@pytest.mark.anyio
async def test_what_was_spent_is_known_only_where_every_price_is() -> None:
    made = await with_models(given(), PAGE + README, names="openai/gpt-4.1")
    assert made.cost_usd == pytest.approx((100 * 2 + 200 * 8) / 1_000_000)
    assert (await with_models(given(), PAGE + README)).cost_usd is None
