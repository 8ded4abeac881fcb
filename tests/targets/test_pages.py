"""Switching Pages on, and waiting until the committed bytes are what it serves."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import OutOfTime
from orchestrator.core.site import RECORD, blob_id
from orchestrator.github.client import GitHubRefused, Unsure
from orchestrator.targets.builds import UNREGISTERED_S, BuildLost
from orchestrator.targets.live import ExpectedSite, wait_until_live
from orchestrator.targets.pages import builds_of, enable_pages
from tests.doubles.hub import READER, Host, Hub, fault, hub_on

pytestmark = pytest.mark.anyio
NAME = "octo/site"
FILES = {RECORD: b'{"task": "1"}', "index.html": b"<h1>one", "a b/ä%20.js": b"js", ".nojekyll": b""}
ENABLE = {"method": "POST", "path": "/pages$"}
LATEST = "/pages/builds/latest$"
UNREGISTERED = round(UNREGISTERED_S)


@pytest.fixture
def hub(host: Host, tmp_path: Path) -> Hub:
    hub = hub_on(host, tmp_path, delay=10)
    hub.seed("site", FILES)
    return hub


async def enable(hub: Hub, *, is_new: bool = True, seconds: float = 600) -> str:
    return await enable_pages(hub.client(seconds=seconds), NAME, is_new=is_new)


async def live(
    hub: Hub, files: dict[str, bytes] | None = None, seconds: float = 300, *, is_replay: bool = False
) -> None:
    url, head = f"{hub.github.pages_url}/{NAME}/", hub.head("site")
    assert head
    expected = {path: blob_id(data) for path, data in (files or FILES).items()}
    client = hub.client(seconds=seconds)
    host = builds_of(client, NAME, head, is_replay=is_replay)
    await wait_until_live(ExpectedSite(url, head, expected), host, client.deadline)


def rebuilds(hub: Hub) -> list[str]:
    return [write for write in hub.writes if write.endswith("/pages/builds")]


def build(status: str, commit: str | None) -> dict[str, Any]:
    return {"status": status, "commit": commit, "error": {"message": None}}


async def test_a_new_site_takes_one_write_and_no_read(hub: Hub) -> None:
    assert await enable(hub) == f"{hub.github.pages_url}/{NAME}/"
    assert hub.calls == [("POST", f"/repos/{NAME}/pages")]


async def test_an_old_site_takes_one_read(hub: Hub) -> None:
    url = await enable(hub)
    hub.calls.clear()
    assert await enable(hub, is_new=False) == url
    assert hub.calls == [("GET", f"/repos/{NAME}/pages")]


async def test_pages_that_were_never_switched_on_are_switched_on(hub: Hub) -> None:
    assert await enable(hub, is_new=False)
    assert [method for method, _ in hub.calls] == ["GET", "POST"]


async def test_409_means_that_it_is_on_already(hub: Hub) -> None:
    url = await enable(hub)
    assert await enable(hub, is_new=True) == url


def refusal(says: str, times: int = 999) -> Any:
    return fault(
        **ENABLE, status=422, body={"message": "Validation Failed", "errors": [{"message": says}]}, times=times
    )


async def test_a_branch_that_is_not_seen_yet_is_waited_for(hub: Hub) -> None:
    hub.fail(refusal("The main branch must exist before GitHub Pages can be built.", times=3))
    assert await enable(hub)
    assert hub.time.slept == [1, 2, 4]


async def test_a_branch_that_stays_unseen_is_an_error_after_five_tries(hub: Hub) -> None:
    hub.fail(refusal("The main branch must exist before GitHub Pages can be built."))
    with pytest.raises(GitHubRefused, match="must exist"):
        await enable(hub)
    assert hub.time.slept == [1, 2, 4, 8]
    assert hub.reads == []


async def test_a_branch_that_stays_unseen_ends_with_the_time_and_says_why(hub: Hub) -> None:
    hub.fail(refusal("The main branch must exist before GitHub Pages can be built."))
    with pytest.raises(GitHubRefused, match="must exist"):
        await enable(hub, seconds=5)
    assert sum(hub.time.slept) <= 5


@pytest.mark.parametrize(
    "says",
    [
        "Your current plan does not support GitHub Pages for this repository.",
        "Enterprise policy forbids public pages.",
        "Deployment is disabled for flagged accounts",
    ],
)
async def test_a_refusal_that_lasts_is_asked_for_once(hub: Hub, says: str) -> None:
    hub.fail(refusal(says))
    with pytest.raises(GitHubRefused, match=says.rstrip(".")):
        await enable(hub)
    assert hub.calls == [("POST", f"/repos/{NAME}/pages")]


@pytest.mark.parametrize("way", [{"drop": True}, {"drop": "before"}, {"status": 502}])
async def test_a_lost_answer_is_looked_up_before_it_is_asked_again(hub: Hub, way: dict[str, Any]) -> None:
    hub.fail(fault(**ENABLE, **way))
    assert await enable(hub)
    assert hub.calls[1] == ("GET", f"/repos/{NAME}/pages")
    assert len(hub.writes) == (1 if way.get("drop") is True else 2)


async def test_a_token_that_may_not_is_an_error_at_once(hub: Hub) -> None:
    with pytest.raises(GitHubRefused, match="Pages: write"):
        await enable_pages(hub.client(READER), NAME, is_new=True)
    assert hub.time.slept == []


async def test_live_is_when_every_byte_is_served(hub: Hub) -> None:
    await enable(hub)
    await live(hub)
    assert 10 <= sum(hub.time.slept) <= 12
    assert rebuilds(hub) == []


async def test_looking_at_the_builds_again_costs_nothing_while_nothing_changes(hub: Hub) -> None:
    await enable(hub)
    await live(hub)
    used = hub.github.limits.count_calls("octo", "core", 0)["used"]
    assert len([call for call in hub.reads if call.endswith("/latest")]) == 10
    assert used <= 9  # of the ten looks those before the build is registered are 404s, and most later ones 304s


async def test_a_200_with_old_content_is_not_live(hub: Hub) -> None:
    await enable(hub)
    await live(hub)
    hub.time.slept.clear()
    hub.seed("site", {**FILES, RECORD: b'{"task": "2"}', "index.html": b"<h1>two"})
    with pytest.raises(OutOfTime, match="not live yet"):
        await live(hub, {RECORD: b'{"task": "2"}'}, seconds=5)
    await live(hub, {RECORD: b'{"task": "2"}', "index.html": b"<h1>two"})


@pytest.mark.parametrize("path", ["index.html$", "/site/$", "%20.js$"])
async def test_one_file_that_is_still_old_is_not_live(hub: Hub, path: str) -> None:
    await enable(hub)
    hub.fail(fault(f"^/live/.*{path}", status=200, body="<h1>old", times=3))
    await live(hub)
    assert 13 <= sum(hub.time.slept) <= 15


@pytest.mark.parametrize("way", [{"status": 403}, {"status": 404}, {"status": 503}, {"drop": "before"}])
async def test_a_page_that_flickers_is_waited_for(hub: Hub, way: dict[str, Any]) -> None:
    await enable(hub)
    hub.fail(fault("^/live/", times=4, after=8, **way))
    await live(hub)


@pytest.mark.parametrize(
    "location",
    [
        "/live/octo/site/other",
        "http://localhost:1/other/path",
        "HOST/live/octo/site/pagewright.json?again",
        "ftp://localhost/live/octo/site/pagewright.json",
        "http://u:p@localhost/live/octo/site/pagewright.json",
        "http://[",
        "",
    ],
)
async def test_a_redirect_that_leads_not_to_the_same_path_elsewhere_is_no_page(hub: Hub, location: str) -> None:
    await enable(hub)
    to = location.replace("HOST", hub.host.url)
    hub.fail(fault(f"^/live/.*{RECORD}$", status=301, headers={"location": to}, times=14))
    await live(hub)
    assert 13 <= sum(hub.time.slept) <= 15


async def test_a_page_that_never_comes_ends_with_the_time(hub: Hub) -> None:
    await enable(hub)
    with pytest.raises(OutOfTime, match=r"not live yet .*checks again"):
        await live(hub, seconds=6)
    assert sum(hub.time.slept) <= 6


async def test_a_commit_that_no_build_was_started_for_is_built_when_asked_for_once(hub: Hub) -> None:
    hub.github.sites.troubles.append("missed")
    await enable(hub)
    await live(hub)
    assert len(rebuilds(hub)) == 1
    assert hub.time.slept[:UNREGISTERED] == [1] * UNREGISTERED


async def test_a_good_deployment_that_registers_late_is_built_once(hub: Hub) -> None:
    hub.github.sites.registers_after = timedelta(seconds=60)
    await enable(hub)
    await live(hub)
    assert rebuilds(hub) == []
    assert 60 < sum(hub.time.slept) < 70


async def test_a_deployment_that_registers_very_late_is_not_disturbed(hub: Hub) -> None:
    """GitHub knows the deployment while `builds/latest` does not name it yet."""
    hub.github.sites.registers_after = timedelta(seconds=150)
    await enable(hub)
    await live(hub)
    assert rebuilds(hub) == []


async def test_a_second_build_that_fails_for_being_the_second_is_not_taken_for_ours(hub: Hub) -> None:
    hub.github.sites.registers_after = timedelta(seconds=60)
    await enable(hub)
    repository = hub.github.store.find_repository("octo", "site")
    assert repository
    assert hub.github.sites.rebuild(repository)
    await live(hub)


async def test_a_commit_that_never_gets_a_build_is_given_up(hub: Hub) -> None:
    await enable(hub)
    hub.fail(
        fault("^/live/", status=404, times=999),
        fault("/pages/(builds|deployments)", status=404, times=999),
    )
    with pytest.raises(BuildLost, match="no build was started"):
        await live(hub)
    assert len(rebuilds(hub)) == 1
    assert sum(hub.time.slept) <= 90 + 120 + 3


async def test_what_an_earlier_run_waited_for_is_given_up_sooner_and_no_build_is_asked_for(hub: Hub) -> None:
    await enable(hub)
    hub.fail(
        fault("^/live/", status=404, times=999),
        fault("/pages/(builds|deployments)", status=404, times=999),
    )
    with pytest.raises(BuildLost):
        await live(hub, is_replay=True)
    assert rebuilds(hub) == []
    assert sum(hub.time.slept) <= 32


@pytest.mark.parametrize(("state", "seconds"), [("deployment_in_progress", 240), ("deployment_lost", 120)])
async def test_a_deployment_under_way_gets_more_time_and_not_all_of_it(hub: Hub, state: str, seconds: int) -> None:
    await enable(hub)
    hub.fail(
        fault("^/live/", status=404, times=999),
        fault(LATEST, status=200, body=build("building", hub.head("site")), times=999),
        fault("/pages/deployments/", status=200, body={"status": state}, times=999),
    )
    with pytest.raises(BuildLost, match="its build is “building”"):
        await live(hub)
    assert seconds < sum(hub.time.slept) <= seconds + 2
    assert rebuilds(hub) == []


async def test_a_build_that_fails_is_lost_at_once_with_the_reason_of_github(hub: Hub) -> None:
    await enable(hub)
    said = {**build("errored", hub.head("site")), "error": {"message": "The tag `x`\n is not closed."}}
    hub.fail(
        fault("^/live/", status=404, times=999),
        fault(LATEST, status=200, body=said, times=999),
        fault("/pages/deployments/", status=404, times=999),
    )
    with pytest.raises(BuildLost, match="did not publish the commit: The tag `x` is not closed"):
        await live(hub)
    assert (rebuilds(hub), hub.time.slept) == ([], [])


async def test_a_page_that_went_live_all_the_same_is_looked_at_before_the_build_is_given_up(hub: Hub) -> None:
    await enable(hub)
    hub.time.moment += 20
    hub.fail(
        fault(f"^/live/.*{RECORD}$", status=404),
        fault(LATEST, status=200, body=build("errored", hub.head("site"))),
        fault("/pages/deployments/", status=404),
    )
    await live(hub)
    assert hub.time.slept == []


@pytest.mark.parametrize("way", [{"status": 503}, {"status": 200, "body": "<html>"}])
async def test_a_deployment_that_cannot_be_read_leaves_it_to_the_build(hub: Hub, way: dict[str, Any]) -> None:
    hub.github.sites.troubles.append("errored")
    await enable(hub)
    hub.fail(fault("/pages/deployments/", times=999, **way))
    with pytest.raises(BuildLost, match="Page build failed"):
        await live(hub)


@pytest.mark.parametrize("way", [{"status": 500}, {"status": 422}, {"status": 403}, {"drop": True}])
async def test_a_rebuild_that_is_refused_does_not_stop_the_waiting(hub: Hub, way: dict[str, Any]) -> None:
    await enable(hub)
    hub.fail(
        fault("^/live/", status=404, times=UNREGISTERED + 10),
        fault(LATEST, status=200, body=build("built", "0" * 40), times=UNREGISTERED + 10),
        fault("/pages/deployments/", status=404, times=99),
        fault("/pages/builds$", method="POST", **way),
    )
    await live(hub)
    assert len(rebuilds(hub)) == 1


@pytest.mark.parametrize("way", [{"status": 500}, {"status": 404}, {"status": 200, "body": "<html>"}, {"drop": True}])
async def test_builds_that_cannot_be_read_do_not_stop_the_waiting(hub: Hub, way: dict[str, Any]) -> None:
    await enable(hub)
    hub.fail(fault(LATEST, times=999, **way))
    await live(hub)


async def test_an_outage_of_the_api_is_waited_out_when_asking_for_the_url(hub: Hub) -> None:
    url = await enable(hub)
    hub.fail(fault("/pages$", method="GET", status=503, times=2))
    assert await enable(hub, is_new=False) == url
    hub.fail(fault("/pages$", method="GET", status=503, times=99))
    with pytest.raises(Unsure):
        await enable(hub, is_new=False)
