"""Why a provider refused a call, in words of ours, and what may be asked instead. Pure.

A provider's text may repeat the prompt or the key: only names of parameters that we send, and numbers, are taken of it.
"""

import re
from collections.abc import Mapping
from typing import Any

LONGEST = 4_000
"""Characters of a refusal that are read."""

_PARAMETERS = ("max_completion_tokens", "max_tokens", "temperature", "system", "image_url")
_REASONS = (
    (
        "no account, or no money left on it",
        re.compile(r"quota|billing|insufficient[ _](?:funds|credits?|balance)|payment"),
    ),
    ("the model is still loading", re.compile(r"loading model|model is loading|currently loading")),
    ("stopped by the provider's filter", re.compile(r"content[ _](?:policy|filter|management)|safety")),
)
_BY_STATUS = {
    401: "the key is missing or wrong",
    402: "no account, or no money left on it",
    403: "the key may not do this",
    404: "it has no such model",
    413: "the prompt is too long",
    429: "busy",
    503: "busy",
    529: "busy",
}
_CONTEXT = re.compile(r"n_ctx\W{1,6}(\d{3,8})|(?:maximum )?context (?:length|window|size)[^.\d]{0,40}(\d{3,8})")
_AT_MOST = re.compile(
    r"(?:at most|maximum of|max(?:imum)?(?: value)?(?: is)?|less than or equal to|<=|up to|limit(?: is)?)"
    r"[^\d.]{0,30}(\d{2,8})"
)


def context_of(text: str) -> int | None:
    """Return how many tokens a model reads at once, where a refusal says so."""
    found = _CONTEXT.search(text[:LONGEST].lower())
    return int(found[1] or found[2]) if found else None


def reason_of(status: int | None, text: str) -> str:
    """Return why a call was refused, an empty text where that is not known. Never a word of the provider's."""
    said = text[:LONGEST].lower()
    if context := context_of(said):
        return f"the prompt is too long: it reads {context} tokens at once"
    for reason, pattern in _REASONS:
        if pattern.search(said):
            return reason
    if status == 400 and (name := _parameter(said)):
        return f"it does not take the parameter {name} as it was sent"
    return _BY_STATUS.get(status or 0, "")


def _parameter(said: str) -> str:
    return next((name for name in _PARAMETERS if name in said), "")


def adapted_to(text: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what to ask instead of `asked` after a refusal that names a parameter; None where it names nothing."""
    said = text[:LONGEST].lower()
    if context_of(said) or not (name := _parameter(said)):
        return None
    adapted = dict(asked)
    if name in ("max_tokens", "max_completion_tokens"):
        return _shortened(said, adapted)
    if name == "temperature":
        return adapted | {"temperature": None}
    return adapted | {"messages": _without_system(asked["messages"])} if name == "system" else None


def _shortened(said: str, asked: dict[str, Any]) -> dict[str, Any] | None:
    tokens = asked["max_tokens"]
    limit = next((int(found) for found in _AT_MOST.findall(said) if int(found) < tokens), None)
    if limit is not None:
        return asked | {"max_tokens": limit}
    if "max_completion_tokens" in said:
        del asked["max_tokens"]
        return asked | {"max_completion_tokens": tokens}
    return None


def _without_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with what the system says at the beginning of what the user says."""
    first, *others = messages
    if (
        first["role"] != "system"
        or not others
        or not all(isinstance(one["content"], str) for one in (first, others[0]))
    ):
        return messages
    return [{**others[0], "content": f"{first['content']}\n\n{others[0]['content']}"}, *others[1:]]
