"""What of all that was heard is the page's own fault, and where it is said to lie. Without a browser."""

import pytest

from orchestrator.verify.hearing import MAX_SAID, Outside, PageEvents, Target, find_unreached_urls, judge_page
from orchestrator.verify.proxy import Failure

TARGET = Target("http://127.0.0.1:80/repo/", ["index.html", "app.js"])
CDN = "https://cdn.example/chart.js"


def outside(failure: Failure, *, is_online: bool) -> Outside:
    return Outside({"cdn.example": failure}, is_online)


OFFLINE = outside("unresolved", is_online=False)


@pytest.mark.parametrize("kind", ["script", "stylesheet"])
@pytest.mark.parametrize("failure", ["unresolved", "unreachable"])
@pytest.mark.parametrize("is_online", [True, False])
def test_a_style_or_script_whose_host_cannot_be_reached_is_named(kind: str, failure: Failure, is_online: bool) -> None:  # noqa: FBT001
    heard = PageEvents(failed={CDN: ("net::ERR_TUNNEL_CONNECTION_FAILED", kind)})
    assert find_unreached_urls(heard, outside(failure, is_online=is_online)) == [CDN]
    over_http = PageEvents(answered={CDN: (502, kind)}, failed={CDN: ("x", kind)})
    assert find_unreached_urls(over_http, outside(failure, is_online=is_online)) == [CDN]


def test_what_its_host_refuses_what_lies_beside_the_page_and_pictures_are_not_unreached() -> None:
    refused = PageEvents(answered={CDN: (404, "script")})
    assert find_unreached_urls(refused, Outside({}, is_online=True)) == []
    assert find_unreached_urls(PageEvents(failed={CDN: ("x", "script")}), outside("refused", is_online=True)) == []
    own = PageEvents(answered={f"{TARGET.url}app.css": (404, "stylesheet")})
    assert find_unreached_urls(own, OFFLINE) == []
    assert find_unreached_urls(PageEvents(failed={CDN: ("x", "image")}), OFFLINE) == []


def test_a_name_that_an_unreached_script_may_set_is_noted_and_no_fault() -> None:
    heard = PageEvents(errors={"Chart is not defined": ""}, failed={CDN: ("x", "script")})
    findings, notes = judge_page(heard, TARGET, OFFLINE)
    assert findings == []
    assert notes == [
        "Expected no uncaught error; saw: Chart is not defined. A script that could not be reached here may be why.",
        "There is no network here, so these hosts could not be reached: cdn.example.",
    ]


@pytest.mark.parametrize(
    ("heard", "around"),
    [
        (PageEvents(errors={"Chart is not defined": ""}), OFFLINE),
        (PageEvents(errors={"Chart is not defined": ""}, failed={CDN: ("x", "stylesheet")}), OFFLINE),
        (PageEvents(errors={"Cannot read properties of null": ""}, failed={CDN: ("x", "script")}), OFFLINE),
        (
            PageEvents(errors={"Chart is not defined": ""}, failed={CDN: ("x", "script")}),
            outside("unresolved", is_online=True),
        ),
    ],
)
def test_other_errors_and_hosts_that_nobody_reaches_stay_faults(heard: PageEvents, around: Outside) -> None:
    assert "error" in [finding.kind for finding in judge_page(heard, TARGET, around)[0]]


def test_an_error_that_names_an_unreached_host_is_noted() -> None:
    message = f"Failed to fetch dynamically imported module: {CDN}"
    findings, notes = judge_page(PageEvents(errors={message: ""}, failed={CDN: ("x", "script")}), TARGET, OFFLINE)
    assert findings == []
    assert message in notes[0]


def test_what_a_page_says_without_end_is_counted() -> None:
    heard = PageEvents()
    for number in range(MAX_SAID + 7):
        heard.keep("messages on the console", heard.said, str(number), "app.js:1:1")
    heard.keep("messages on the console", heard.said, "0", "app.js:2:1")
    findings, notes = judge_page(heard, TARGET, Outside({}, is_online=True))
    assert len(findings) == MAX_SAID
    assert notes == [f"Of {MAX_SAID + 7} messages on the console {MAX_SAID} are listed."]
