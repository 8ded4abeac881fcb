"""Requests as an evaluator sends them."""

from typing import Any

from hypothesis import strategies as st

from orchestrator.core.task import (
    Request,
    parse_task,
)

GIVEN: dict[str, Any] = {
    "email": "ann@example.com",
    "secret": "s3cret",
    "task": "sum-of-sales",
    "round": 1,
    "nonce": "n-1",
    "brief": "Show the sum.",
    "evaluation_url": "https://example.com/notify",
}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def request(**changes: Any) -> Request:
    return parse_task(Request, GIVEN | changes)
