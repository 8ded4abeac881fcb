"""Site and checks to report, rounds told apart. What a browser sees: test_browser.py."""

from functools import partial

import pytest

from orchestrator.record import Record, Round
from orchestrator.site import Site
from orchestrator.task import Check, Task
from orchestrator.verify.browser import Limits, opened
from orchestrator.verify.verification import asked_so_far, verify

TASK = Task(task="t", round=2, nonce="n", brief="b", checks=(Check(text="two", js=True),))
RECORD = Record(
    task="k",
    rounds=(Round(round=1, brief="b", checks=("one", "uno")), Round(round=2, brief="b", checks=("before",))),
)


def test_the_checks_of_earlier_rounds_come_first_and_of_this_round_only_the_new_ones() -> None:
    assert [(number, check.text) for number, check in asked_so_far(TASK, RECORD)] == [
        (1, "one"),
        (1, "uno"),
        (2, "two"),
    ]
    assert asked_so_far(TASK, None) == [(2, TASK.checks[0])]


@pytest.mark.browser
@pytest.mark.anyio
async def test_each_verdict_carries_the_round_that_asked() -> None:
    asked = [(1, Check(text="document.title === 'A'")), (1, Check(text="Neat")), (2, Check(text="false", js=True))]
    site = Site({"index.html": b"<!doctype html><title>A</title><p>Hi"})
    report = await verify(site, "some-repo", asked, Limits(check=0.1), partial(opened, None))
    assert [(check.round, check.state) for check in report.checks] == [(1, "passed"), (1, "unproved"), (2, "failed")]
    assert report.screenshots.keys() == {"desktop", "phone"}
