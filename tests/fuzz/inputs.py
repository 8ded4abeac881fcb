"""Hostile inputs, as Hypothesis makes them: text, JSON, requests, HTTP."""

import json
from typing import Any

from hypothesis import strategies as st

CANARY = "canary-in-every-value"
SECRET = "secret-that-is-agreed"

TASK: dict[str, Any] = {
    "email": f"{CANARY}@example.com",
    "secret": SECRET,
    "task": f"{CANARY} task",
    "round": 1,
    "nonce": f"{CANARY}-nonce",
    "brief": f"Show {CANARY}.",
    "checks": [CANARY, {"js": f"'{CANARY}'"}],
    "evaluation_url": f"https://example.com/{CANARY}",
    "attachments": [{"name": f"{CANARY}.csv", "url": "data:text/csv;base64,YSwxCg=="}],
}

SIGNS = [
    *("..", "/", "\\", ".", "%2e%2e", "%00", "\0", "C:", "~", " ", "\t", "\n", "\r\n", "\u202e", "\u200b", "\ufeff"),
    *(".git", ".GitHub", "CNAME", "license", "pagewright.json", "index.html", "data:", ";base64,", "====", "é", "😀"),
    *("::add-mask::x", "##[error]", "<script>", "`", "'", '"', "$", "{", "}", "[", "]", "//", "@", ":", "\ud800"),
    *("http://", "127.0.0.1", "[::1]", "0x7f.1", ":99999", "setTimeout(f, ", "within ", " seconds", "at least ", "9"),
]
BOMB = st.builds(str.__mul__, st.sampled_from([*SIGNS, "a", "a.", "a/", "( ", "1"]), st.integers(1, 6_000))
TEXT = st.one_of(
    st.lists(st.sampled_from(SIGNS) | st.text(st.characters(), max_size=4) | BOMB, max_size=20).map("".join),
    st.text(st.characters(), max_size=400),
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
URL = st.builds(lambda head, rest: head + rest, st.sampled_from(["data:", "http://", "https://", "", "file:///"]), TEXT)
ATTACHMENT = VALUE | st.fixed_dictionaries({"name": TEXT, "url": URL}, optional={"more": VALUE})
FIELDS = {
    **dict.fromkeys(("email", "secret", "task", "nonce", "brief"), TEXT | VALUE),
    "round": VALUE | st.sampled_from(["1", "01", "9" * 5_000, True, 1.0, -1, 10**30]),
    "checks": VALUE | st.lists(TEXT | VALUE, max_size=5),
    "evaluation_url": URL | VALUE,
    "attachments": VALUE | st.lists(ATTACHMENT, max_size=4),
    "wait_for_result": VALUE,
    "unknown": VALUE,
}
CHANGED = st.fixed_dictionaries({}, optional=FIELDS).map(lambda changes: TASK | changes)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


DEEP = st.tuples(st.sampled_from(['{"a":', "[", '{"brief":[']), st.integers(1, 20_000)).map(lambda one: one[0] * one[1])
LONG = st.integers(1, 6_000).map(lambda digits: '{"round": ' + "9" * digits + "}")
WHOLE = CHANGED.map(_json) | VALUE.map(_json) | (DEEP | LONG).map(str.encode)


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """Return a good request of which some bytes are others."""
    body = bytearray(draw(CHANGED.map(_json)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(body) - 1))
        body[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(body)


BODY = WHOLE | _damaged() | st.binary(max_size=200)


@st.composite
def _wire(draw: st.DrawFn) -> bytes:
    """Return what comes in on a connection: an HTTP request, more or less."""
    line = draw(
        st.sampled_from(
            ["POST /api-endpoint HTTP/1.1", "GET /result?email=a&task=b&nonce=c HTTP/1.1", "GET / HTTP/1.1"]
        )
        | TEXT
    )
    body = draw(BODY)
    names = st.sampled_from(["content-length", "transfer-encoding", "content-type", "host", "accept", "expect", "x"])
    values = (
        st.sampled_from([str(len(body)), "chunked", "application/json", "100-continue", "-1", "²", "9" * 30]) | TEXT
    )
    headers = draw(st.lists(st.tuples(names, values), max_size=5))
    if draw(st.booleans()):
        headers = [("host", "door"), ("content-length", str(len(body))), ("connection", "close"), *headers]
    head = "\r\n".join([line, *(f"{name}: {value}" for name, value in headers), "", ""])
    return head.encode(errors="replace") + body


WIRE = _wire() | st.binary(max_size=300)


@st.composite
def _member(draw: st.DrawFn) -> str:
    """Return a member of an object, such as says who sends it; any character of its key may be an escape."""
    key = draw(st.sampled_from(["secret", "email", "Secret", "secre", "secret ", "a", ""]))
    written = "".join(draw(st.sampled_from([sign, sign, f"\\u{ord(sign):04x}", f"\\u{ord(sign):04X}"])) for sign in key)
    value = draw(
        st.sampled_from(['"\\\\"', '"\\\\\\""', '"\\ud83d\\ude00"', '{"secret": "x"}', '["secret", ":"]', '"', ":"])
        | DUMPED
    )
    gap = st.sampled_from(["", "", " ", "\n\t", "\r "])
    return f'{draw(gap)}"{written}"{draw(gap)}:{draw(gap)}{value}{draw(gap)}'


DUMPED = st.builds(lambda value, is_ascii: json.dumps(value, ensure_ascii=is_ascii), TEXT | VALUE, st.booleans())
SENDER = st.tuples(
    st.builds(
        lambda mark, members, end: (mark + "{" + ",".join(members) + end).encode("utf-8", "surrogatepass"),
        st.sampled_from(["", "", "\ufeff"]),
        st.lists(_member(), max_size=6),
        st.sampled_from(["}", "}", "}", "} ", ",}", ""]),
    )
    | BODY,
    st.integers(3, 64),
)
"""A body, and the size of the pieces in which it comes."""
