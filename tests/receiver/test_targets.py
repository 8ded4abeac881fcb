"""Targets at the door: which are configured, and where a result says that its page is."""

import httpx
import pytest

from receiver.settings import Settings, SettingsError
from tests.doubles.receiver import REQUIRED
from tests.receiver.test_app import ID, ScriptedGitHub, fields, send, to

pytestmark = pytest.mark.anyio

QUERY = {"email": "ann@example.com", "task": "Sum of sales", "nonce": "n-1"}
PAGES_URL = "https://pages.github.io/sum-of-sales/"
ELSEWHERE = "https://sum-of-sales-0123456789ab.netlify.app"
ALL = ("pages", "netlify", "vercel")


async def test_a_target_that_is_not_configured_is_refused_with_those_that_are(
    door: httpx.AsyncClient, github: ScriptedGitHub
) -> None:
    answer = await send(door, target="netlify")
    assert fields(answer) == ["target"]
    assert answer.json()["fields"][0]["problem"] == "must be one that is configured here: pages"
    assert "netlify" not in answer.text
    assert github.calls == []


@pytest.mark.parametrize("target", ["heroku", "", 7, ["pages"]])
async def test_what_is_no_target_is_refused(door: httpx.AsyncClient, target: object) -> None:
    assert fields(await send(door, target=target)) == ["target"]


@pytest.mark.parametrize("name", ["a#b.csv", "a?b.csv"])
async def test_names_that_no_other_host_takes_are_refused_for_it_alone(github: ScriptedGitHub, name: str) -> None:
    attachments = [{"name": "data.csv", "url": "data:,1"}, {"name": name, "url": "data:,1"}]
    async with to(github, targets=ALL) as door:
        assert (await send(door, attachments=attachments)).status_code == 200
        assert fields(await send(door, attachments=attachments, target="netlify")) == ["attachments.1.name"]


STEERING = ["_redirects", "_headers", "netlify.toml", "vercel.json", "_worker.js", "_routes.json"]


@pytest.mark.parametrize("name", STEERING)
async def test_names_that_steer_a_host_are_no_attachments(door: httpx.AsyncClient, name: str) -> None:
    assert fields(await send(door, attachments=[{"name": name, "url": "data:,1"}])) == ["attachments.0.name"]


async def test_a_target_travels_in_the_event_unless_it_is_the_default(github: ScriptedGitHub) -> None:
    async with to(github, targets=ALL) as door:
        for target in (None, *ALL):
            assert (await send(door, target=target)).status_code == 200
    said = [sent["client_payload"]["request"].get("target") for sent in github.dispatched]
    assert said == [None, None, "netlify", "vercel"]


@pytest.mark.parametrize(
    ("text", "targets"), [("pages,netlify", ("pages", "netlify")), (" vercel , ", ("vercel",)), ("", ("pages",))]
)
def test_the_environment_says_which_targets_there_are(text: str, targets: tuple[str, ...]) -> None:
    assert Settings.from_env({**REQUIRED, "TARGETS": text}).targets == targets


@pytest.mark.parametrize("text", ["heroku", "pages,heroku", ","])
def test_targets_that_do_not_exist_are_named_as_wrong(text: str) -> None:
    with pytest.raises(SettingsError, match="TARGETS must name some of pages, netlify, vercel"):
        Settings.from_env({**REQUIRED, "TARGETS": text})


async def result(github: ScriptedGitHub, **settings: object) -> tuple[bool, str]:
    async with to(github, **settings) as door:
        found = (await door.get("/result", params=QUERY)).json()
    return found["live"], found["pages_url"]


async def test_a_page_at_another_host_is_told_once_its_record_carries_the_request(github: ScriptedGitHub) -> None:
    github.commits_now(ID)
    github.homepage = ELSEWHERE
    assert await result(github, targets=ALL) == (False, PAGES_URL)
    github.live[f"{ELSEWHERE}/pagewright.json"] = {"request": "f" * 16, "rounds": [{"round": 1}]}
    assert await result(github, targets=ALL) == (False, PAGES_URL)
    github.live[f"{ELSEWHERE}/pagewright.json"] = {"request": ID, "rounds": [{"round": 1}]}
    assert await result(github, targets=ALL) == (True, f"{ELSEWHERE}/")


@pytest.mark.parametrize("homepage", [None, "", "ann's site", "javascript:alert(1)", "https://a@b.example/"])
async def test_what_is_no_address_is_no_page(github: ScriptedGitHub, homepage: str | None) -> None:
    github.commits_now(ID)
    github.homepage = homepage
    assert await result(github, targets=ALL) == (False, PAGES_URL)


async def test_without_another_target_nobody_asks_for_a_homepage(github: ScriptedGitHub) -> None:
    github.commits_now(ID)
    github.homepage = ELSEWHERE
    await result(github)
    assert not [call for call in github.calls if call.endswith("/repos/pages/sum-of-sales")]
