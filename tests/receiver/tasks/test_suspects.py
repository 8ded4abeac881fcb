"""Which fields are named where GitHub found a key in a request."""

from typing import Any

import pytest

from orchestrator.core.task import Request, parse_task
from receiver.tasks.suspects import MOST, find_suspect_fields

KEY = "sk-svcacct-0123456789T3BlbkFJ0123456789"


def request(**fields: Any) -> Request:
    given = {"email": "a@b.c", "task": "t", "round": 1, "nonce": "n", "brief": "Show the sum of all sales."}
    attachments = [{"name": "a.csv", "url": "data:,a"}, {"name": "b.csv", "url": "https://files.example/b.csv"}]
    return parse_task(Request, {**given, "evaluation_url": "https://e.example/", "attachments": attachments, **fields})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"brief": f"Use {KEY} to ask."}, ["brief"]),
        ({"checks": ["It is blue", {"js": f"window.key === '{KEY}'"}]}, ["checks.1"]),
        (
            {"attachments": [{"name": "a", "url": "data:,a"}, {"name": "b", "url": f"data:,{KEY}"}]},
            ["attachments.1.url"],
        ),
        ({"attachments": [{"name": "a", "url": "https://f.example/?k=" + "a1" * 20}]}, ["attachments.0.url"]),
    ],
)
def test_a_field_that_holds_something_like_a_key_is_named(fields: dict[str, Any], named: list[str]) -> None:
    assert find_suspect_fields(request(**fields)) == named


def test_where_nothing_looks_like_a_key_every_part_is_named_attachments_first() -> None:
    assert find_suspect_fields(request(checks=["It is blue"])) == [
        "attachments.0.url",
        "attachments.1.url",
        "brief",
        "checks.0",
    ]
    assert len(find_suspect_fields(request(checks=["x"] * 90))) == MOST


def test_a_long_text_takes_no_long_look() -> None:
    assert find_suspect_fields(request(brief="a" * 100_000))[0] == "attachments.0.url"
