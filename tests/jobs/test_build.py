"""Job `build` from the event to what it hands over: against a GitHub, a model and a browser, all of this machine."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import GitHubFailed, PagewrightError, RuleBroken, UsageError
from orchestrator.core.order import Order
from orchestrator.core.record import Record
from orchestrator.core.report import Build
from orchestrator.core.settings import build_config, publish_config
from orchestrator.core.site import RECORD
from orchestrator.jobs import handover
from orchestrator.jobs.build import build
from orchestrator.jobs.publish import publish
from orchestrator.jobs.runner import Runner
from orchestrator.verify import browser
from tests.doubles.clock import Broken
from tests.doubles.evaluator import evaluator
from tests.doubles.hub import Hub, fault
from tests.doubles.model import Reply, model_server
from tests.doubles.orders import EMAIL, KEY, TASK, env, hand_over, order, site
from tests.doubles.rounds import ADD_TOTAL, NOTHING_MORE, UNFIT, published, second_round

pytestmark = pytest.mark.anyio
CSV = "data:text/csv,region%2Csales%0Anorth%2C10%0A"
SHOTS = ["desktop-dark.png", "desktop-light.png", "phone-dark.png", "phone-light.png"]
ANSWER = """<file path="index.html">
<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sales</title><h1>Sales</h1>
</file>
<file path="README.md">
# Sales
</file>
"""


@dataclass
class Job:
    """Runs of job `build`, each into a folder of its own."""

    hub: Hub
    folder: Path
    log: io.StringIO = field(default_factory=io.StringIO)

    async def run(self, given: Order, **settings: str) -> Build:
        runner = Runner(self.log, None, self.folder / "summary")
        where = env(self.hub.host.url, **{"TARGET_TOKEN": "", **settings})
        return await build(build_config(where), given, self.folder / given.id, runner, self.hub.time.clock())

    def handed_over(self, given: Order) -> tuple[Build, dict[str, bytes]]:
        built, made = handover.load_build_output(self.folder / given.id)
        assert built
        return built, dict(made.files) if made else {}


@pytest.fixture
def job(hub: Hub, tmp_path: Path) -> Job:
    (tmp_path / "built").mkdir()
    return Job(hub, tmp_path / "built")


@pytest.mark.browser
async def test_without_a_model_the_template_is_built_verified_and_handed_over(job: Job, hub: Hub) -> None:
    checks = ["!!document.querySelector('h1')", "It is beautiful"]
    given = order(checks=checks, attachments=[{"name": "data.csv", "url": CSV}])
    built = await job.run(given)
    assert (built.id, built.base, built.built_by, built.fallback, built.error) == (
        given.id,
        None,
        "fallback",
        True,
        None,
    )
    assert [(check.kind, check.state) for check in built.checks] == [("js", "passed"), ("prose", "unproved")]
    again, files = job.handed_over(given)
    assert again == built
    assert files["data.csv"] == b"region,sales\nnorth,10\n"
    assert {"index.html", "README.md", "LICENSE", ".nojekyll"} <= set(files)
    assert b"2026 octo" in files["LICENSE"]
    assert sorted(path.name for path in (job.folder / given.id).glob("*.png")) == SHOTS
    names = [f"/repos/octo/{name}/commits" for name in (TASK, f"{TASK}-{KEY[:6]}")]
    assert hub.calls == [("GET", path) for path in (*names, f"/repos/octo/octo.github.io/contents/{TASK}")]
    assert "No model is configured" in job.log.getvalue()
    assert "Fallback" in (job.folder / "summary").read_text()


@pytest.mark.browser
async def test_two_rounds_go_from_the_brief_to_the_evaluator(job: Job, hub: Hub) -> None:
    """Everything there is, twice: model, browser, commit, Pages, evaluator; round 2 sees what round 1 made."""
    second_answer = '<file path="more.html">\n<h1>more</h1>\n</file>\n'
    async with model_server(ANSWER, second_answer) as model, evaluator() as told:
        settings = {"LLM_MODELS": "openai/gpt-4.1", "LLM_API_BASE": model.url, "LLM_API_KEY": "key-of-the-model"}
        for round_ in (1, 2):
            given = order(round_, f"nonce-{round_}", evaluation_url=told.url)
            hub.calls.clear()
            built = await job.run(given, **settings)
            assert len([call for call in hub.reads if "/codeload/" not in call]) <= 3
            assert hub.writes == []
            assert (built.fallback, built.built_by, built.count("passed", round_)) == (False, "openai/gpt-4.1", 1)
            assert built.cost_usd == pytest.approx(0.0018)
            # What round 1 asked for is run again in round 2.
            assert {check.round for check in built.checks} == set(range(1, round_ + 1))
            assert (built.attempts[-1].passed, built.attempts[-1].failed) == (round_, 0)
            runner = Runner(job.log)
            await publish(publish_config(env(hub.host.url)), given, job.folder / given.id, runner, hub.time.clock())
    files = hub.files(TASK)
    assert files["more.html"] == b"<h1>more</h1>\n"
    assert b"<title>Sales</title>" in files["index.html"]
    record = json.loads(files[RECORD])
    assert [(entry["round"], entry["passed"], entry["unproved"]) for entry in record["rounds"]] == [
        (1, 1, 1),
        (2, 1, 1),
    ]
    asked = json.loads(model.asked[1].body)["messages"][1]["content"]
    assert "Brief of round 1" in asked
    assert "<title>Sales</title>" in asked
    assert [result["commit_sha"] for result in told.results][1] == hub.head(TASK)
    assert all(secret not in job.log.getvalue() for secret in ("key-of-the-model", "token-of-octo"))


@pytest.mark.browser
async def test_what_the_browser_finds_wrong_goes_back_to_the_model_until_it_holds(job: Job) -> None:
    """One defect is fixed by each repair; one answer in between makes it worse and is not kept."""
    head = '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sales</title>'
    page = f'{head}<h1>Sales</h1><p id="total">41</p>\n'
    first = f'<file path="index.html">\n{page}</file>\n<file path="README.md">\n# Sales\n</file>\n'

    def edit(search: str, replace: str) -> str:
        return f'<edit path="index.html">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</edit>\n'

    worse = edit('<p id="total">41</p>', "<p>nothing</p>")
    repairs = edit('<p id="total">41</p>', '<p id="total">42</p>'), edit("<h1>Sales</h1>", '<h1 class="x">Sales</h1>')
    checks = [{"js": "document.querySelector('#total').textContent === '42'"}, {"js": "!!document.querySelector('.x')"}]
    async with model_server(first, worse, *repairs) as model:
        settings = {"LLM_MODELS": "openai/gpt-4.1", "LLM_API_BASE": model.url, "LLM_API_KEY": "key-of-the-model"}
        built = await job.run(order(checks=checks), **settings)
    assert [(attempt.passed, attempt.failed) for attempt in built.attempts] == [(0, 2), (0, 2), (1, 1), (2, 0)]
    assert [check.state for check in built.checks] == ["passed", "passed"]
    _, files = job.handed_over(order(checks=checks))
    assert b'<p id="total">42</p>' in files["index.html"]
    asked = model.prompts[1]["messages"][1]["content"]
    assert "must be true, but is not: document.querySelector('#total').textContent === '42'\n  It gave: false" in asked
    assert '<p id="total">41</p>' in asked
    assert "Earlier repairs: what each changed, and which checks passed then" in asked
    # The second repair begins with the same files as the first one, and is told what became of that.
    second = model.prompts[2]["messages"][1]["content"]
    assert "Repair 1 was not kept, because its site was no better as a whole." in second
    spoiled = page.replace('<p id="total">41</p>', "<p>nothing</p>")
    assert f"-{page}+{spoiled}" in second
    assert f'<file path="index.html">\n{page}</file>' in second
    assert "Repair 2 was kept: the files below are its result" in model.prompts[3]["messages"][1]["content"]
    # What failed on the way stands in the log; annotated is only what is wrong with what is kept.
    assert job.log.getvalue().count("failed, round 1: ") == 5
    assert "::warning::" not in job.log.getvalue()


@pytest.mark.browser
async def test_what_the_published_site_had_before_costs_no_answer_where_the_brief_is_met(job: Job, hub: Hub) -> None:
    second = await second_round(hub, job.folder, UNFIT, ADD_TOTAL, NOTHING_MORE)
    assert len(second.asked) == 1
    assert {finding.kind for finding in second.built.findings} == {"accessibility", "layout"}
    assert second.built.count("passed", 2) == 1
    assert "3 findings. The same findings do not cause a repair." in second.log


@pytest.mark.browser
async def test_what_this_round_brought_is_worth_one_answer_and_told_without_what_stood_before(
    job: Job, hub: Hub
) -> None:
    picture = ADD_TOTAL.replace("42</p>\n>", '42</p><img src="data:image/svg+xml,<svg/>">\n>')
    second = await second_round(hub, job.folder, UNFIT, picture, NOTHING_MORE, NOTHING_MORE)
    assert len(second.asked) == 2
    wrong = second.asked[1].partition("Repairs that were tried")[0]
    assert "- accessibility: Expected: Images must have alternative text (image-alt)" in wrong
    assert wrong.count("The page had this before this round, so do not fix it now: ") == 3


@pytest.mark.browser
async def test_without_time_for_the_published_site_what_is_found_is_worth_one_answer(job: Job, hub: Hub) -> None:
    second = await second_round(hub, job.folder, UNFIT, ADD_TOTAL, NOTHING_MORE, NOTHING_MORE, seconds=40)
    assert len(second.asked) == 2
    assert "There is no time to open the published site" in second.log


@pytest.mark.browser
async def test_a_right_repair_that_broke_more_is_told_with_what_it_made_hold(job: Job) -> None:
    page = ANSWER.replace("</h1>", '</h1>\n<p id="total">41</p>')
    right = '<p id="total">42</p>'
    spoiled = page.replace("<title>Sales</title>", "<title>Other</title>").replace("<h1>Sales</h1>", "")
    whole = page.replace('<p id="total">41</p>', right)
    texts = [
        "document.querySelector('#total').textContent === '42'",
        "document.title === 'Sales'",
        "!!document.body.querySelector('h1')",
    ]
    async with model_server(page, spoiled.replace('<p id="total">41</p>', right), whole) as model:
        settings = {"LLM_MODELS": "openai/gpt-4.1", "LLM_API_BASE": model.url, "LLM_API_KEY": "key-of-the-model"}
        built = await job.run(order(checks=[{"js": text} for text in texts]), **settings)
        told = model.prompts[2]["messages"][1]["content"]
    assert [check.state for check in built.checks] == ["passed"] * 3
    assert f"These checks failed before it and passed after it:\n- round 1: {texts[0]}\n" in told
    assert f"- round 1: {texts[1]} | It gave: false: `document.title` is `Other`\n" in told
    assert f"- round 1: {texts[2]} | It gave: false: no element matches `h1`" in told
    assert '\n-<p id="total">41</p>\n' in told
    assert f"\n+{right}\n" in told


@pytest.mark.browser
async def test_the_same_answer_to_a_repair_is_told_and_not_opened_again(job: Job) -> None:
    wrong = ANSWER.replace("<h1>", '<h1 id="total">41</h1><h1>')
    useless = '<file path="notes.txt">\nNothing to see.\n</file>\n'
    checks = [{"js": "document.querySelector('#total').textContent === '42'"}]
    async with model_server(wrong, useless, useless) as model:
        settings = {"LLM_MODELS": "openai/gpt-4.1", "LLM_API_BASE": model.url, "LLM_API_KEY": "key-of-the-model"}
        built = await job.run(order(checks=checks), **settings, MAX_ATTEMPTS="5")
        told = [prompt["messages"][1]["content"] for prompt in model.prompts]
    assert len(told) == 3
    assert "The browser saw no change.\nWhat it changed (notes.txt):" in told[2]
    assert [attempt.verified for attempt in built.attempts] == [True] * 3
    assert job.log.getvalue().count("Exactly this site was opened before") == 1


@pytest.mark.browser
async def test_an_answer_that_breaks_a_rule_is_passed_over_for_the_template(job: Job) -> None:
    leak = ANSWER + '<file path="app.js">\nsend("key-of-the-model")\n</file>\n'
    async with model_server(leak) as model:
        settings = {"LLM_MODELS": "openai/one", "LLM_API_BASE": model.url, "LLM_API_KEY": "key-of-the-model"}
        built = await job.run(order(checks=[]), **settings)
    assert len(model.asked) == 2  # told what was wrong, it says the same again
    assert (built.fallback, built.error, built.cost_usd) == (True, None, None)
    assert built.attempts[0].outcome == "asked again: The site breaks a rule: 'app.js' contains a secret."
    assert "so the page was made from the template" in job.log.getvalue()


async def test_a_request_that_is_answered_already_costs_two_reads_and_nothing_else(job: Job, hub: Hub) -> None:
    given = order()
    head = await published(hub, given)
    async with model_server(Reply("never asked")) as model:
        built = await job.run(given, LLM_MODELS="openai/one", LLM_API_BASE=model.url)
        assert model.asked == []
    assert built.published == head
    assert json.loads((job.folder / given.id / "build.json").read_text()) == {"id": given.id, "published": head}
    assert len(hub.calls) == 2


@pytest.mark.browser
async def test_a_name_that_the_owners_site_has_too_is_warned_of_in_log_and_report(job: Job, hub: Hub) -> None:
    hub.seed("octo.github.io", {f"{TASK}/index.html": b"x"})
    said = f"octo/octo.github.io also has a `{TASK}`, which will probably hide this page."
    assert (await job.run(order())).notes[0].startswith(said)
    assert f"::warning::{said}" in job.log.getvalue()
    assert "which will probably hide" in (job.folder / "summary").read_text()


@pytest.mark.browser
async def test_an_owners_site_that_may_not_be_looked_at_keeps_nothing_up(job: Job, hub: Hub) -> None:
    hub.fail(fault("/contents/", method="GET", status=403, body={"message": "Resource not accessible"}))
    built = await job.run(order())
    assert (built.error, [note for note in built.notes if "hide" in note]) == (None, [])


async def test_a_later_round_without_a_repository_fails_at_once_with_the_reason(job: Job, hub: Hub) -> None:
    given = order(2)
    with pytest.raises(UsageError, match="round 2 of a task that has no repository"):
        await job.run(given)
    built, files = job.handed_over(given)
    assert built.error
    assert "Send round 1 of the same task first" in built.error
    assert (files, hub.time.slept) == ({}, [])


async def test_a_later_round_of_a_half_made_repository_fails_the_same_way(job: Job, hub: Hub) -> None:
    hub.seed(TASK, {RECORD: Record(task=KEY).render_file()})
    with pytest.raises(UsageError, match="has no repository"):
        await job.run(order(2))


@dataclass(frozen=True)
class Case:
    """Something that keeps a site from being built."""

    error: type[PagewrightError]
    says: str
    fields: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


CASES = {
    "an attachment that is not there": Case(
        UsageError, "Attachment 0", {"attachments": [{"name": "a", "url": "http://127.0.0.1:1/"}]}
    ),
    "an attachment inside": Case(
        UsageError,
        "not public",
        {"attachments": [{"name": "a", "url": "http://127.0.0.1:1/"}]},
        {"ALLOW_PRIVATE_URLS": "false"},
    ),
    "a secret in an attachment": Case(
        RuleBroken, "contains a secret", {"attachments": [{"name": "a.txt", "url": "data:,token-that-reads"}]}
    ),
    "a workflow": Case(
        UsageError, "has invalid fields", {"attachments": [{"name": ".github/workflows/x.yml", "url": "data:,"}]}
    ),
    "a setting": Case(UsageError, "MAX_COST_USD", settings={"MAX_COST_USD": "-1"}),
    "another id": Case(UsageError, "does not match its request", {"brief": "x"}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_what_stops_a_build_is_handed_over(job: Job, case: Case) -> None:
    given = order(**case.fields)
    if case.says.startswith("does not match its request"):
        given = Order("0" * 16, given.key, given.title, given.request, None, by_hand=False)
    with pytest.raises(case.error, match=case.says):
        await job.run(given, **case.settings)
    built, files = job.handed_over(given)
    assert built.id == given.id
    assert case.says in (built.error or "")
    assert files == {}
    assert "Nothing was built" in (job.folder / "summary").read_text()


async def test_a_defect_is_handed_over_too(job: Job, hub: Hub) -> None:
    given = order()
    runner = Runner(job.log, None, job.folder / "summary")
    with pytest.raises(Broken):
        await build(build_config(env(hub.host.url)), given, job.folder / given.id, runner, hub.time.broken_once())
    assert job.handed_over(given)[0].error == "Job build failed. Its log in Actions says why."


async def test_an_answer_that_is_none_of_githubs_is_an_outage(job: Job, hub: Hub) -> None:
    hub.fail(fault("/commits$", status=200, body="<html>some proxy", times=99))
    with pytest.raises(GitHubFailed, match="could not be read"):
        await job.run(order())


async def test_github_being_down_is_handed_over(job: Job, hub: Hub) -> None:
    hub.fail(fault(".", status=503, times=99))
    with pytest.raises(GitHubFailed, match="503"):
        await job.run(order())
    assert "503" in (job.handed_over(order())[0].error or "")


async def test_personal_values_are_masked_before_anything_is_said(job: Job) -> None:
    given = order(2, evaluation_url="https://ada.example/notify")
    with pytest.raises(UsageError):
        await job.run(given)
    first = job.log.getvalue().splitlines()[:3]
    assert first == [f"::add-mask::{value}" for value in (EMAIL, "nonce-1", "https://ada.example/notify")]


async def test_a_report_of_the_build_before_is_not_what_the_next_one_finds(job: Job) -> None:
    """A second attempt on a self-hosted runner may find the folder of the first."""
    given = order(2)
    folder = hand_over(job.folder / given.id, given, site())
    with pytest.raises(UsageError):
        await job.run(given)
    built, _ = handover.load_build_output(folder)
    assert built
    assert built.error


@pytest.mark.browser
async def test_on_githubs_own_runners_there_is_no_browser_without_its_sandbox(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "can_sandbox", lambda: False)
    with pytest.raises(UsageError, match="cannot use its sandbox"):
        await job.run(order(), RUNNER_ENVIRONMENT="github-hosted")
