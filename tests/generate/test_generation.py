"""Which files make the site: the model's, the attachments', the present ones, or the template's."""

from collections.abc import Sequence

import pytest

from orchestrator.generate.generation import FALLBACK, Generated, Given, generate
from orchestrator.generate.generation import _usable as usable
from orchestrator.record import Record, Round
from orchestrator.settings import Models
from orchestrator.site import Site
from orchestrator.task import Task
from tests.doubles.clock import FastClock

NONE = Models(chain=(), api_base="", max_cost_usd=1, keys={})
BY_MODEL = Record(task="k", built_by="gpt-4.1", rounds=(Round(round=1, brief="One"),))
BY_TEMPLATE = Record(task="k", built_by=FALLBACK, rounds=(Round(round=1, brief="One"),))


def given(
    attachments: dict[str, bytes] | None = None, present: dict[str, bytes] | None = None, record: Record | None = None
) -> Given:
    task = Task(task="sum-of_sales", round=2 if present else 1, nonce="n", brief="Show the sales.")
    return Given(task, attachments or {}, Site(present or {}), record)


def fine(_: Site) -> Sequence[str]:
    return ()


def block(path: str, body: str) -> str:
    return f'<file path="{path}">\n{body}\n</file>\n'


async def without_models(what: Given) -> Generated:
    return await generate(what, NONE, FastClock().deadline(), fine)


def test_a_usable_answer_is_its_files_as_bytes() -> None:
    text = block("index.html", "<h1>ü") + block("app.js", "go()")
    assert usable(text, given(), fine) == ({"index.html": "<h1>ü\n".encode(), "app.js": b"go()\n"}, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("No.", "no complete"),
        (block("app.js", "go()"), "no index.html"),
        (block("index.html", " \n "), "an empty one"),
        (block("index.html", "x") + '<file path="app.js">\nhalf', "does not end"),
        (block("CNAME", "evil.example"), "was left out"),
        (block("index.html", "\udcff"), ""),
    ],
)
def test_an_unusable_answer_is_refused_with_the_reason(text: str, says: str) -> None:
    files, complaint = usable(text, given(), fine)
    assert says in complaint
    assert (files is None) == bool(says)


def test_an_answer_that_breaks_a_rule_is_not_used() -> None:
    def broken(site: Site) -> Sequence[str]:
        return ["'app.js' holds a secret"] if b"sk-" in site.files["app.js"] else []

    text = block("index.html", "x") + block("app.js", "sk-live")
    assert usable(text, given(), broken) == (None, "the answer breaks a rule: 'app.js' holds a secret")


def test_a_revision_may_change_one_file_and_not_empty_the_page() -> None:
    old = given(present={"index.html": b"old", "app.js": b"a"}, record=BY_MODEL)
    assert usable(block("app.js", "b"), old, fine) == ({"app.js": b"b\n"}, "")
    assert usable(block("index.html", ""), old, fine)[0] is None


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
    present = dict((await without_models(Given(task, first.attachments, Site({}), None))).site.files)
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
    made = await without_models(Given(what.task.model_copy(update={"task": task}), {}, Site({}), None))
    assert b"<title>" in made.site.files["index.html"]
