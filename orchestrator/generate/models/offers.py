"""What a server says of its models: their names, in its order, and how much each reads at once. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

LONGEST_NAME = 80
NAMED = 3
"""Models of a server that are named at most."""

LEAST_CONTEXT = 256
MOST_CONTEXT = 100_000_000

# What is in use now comes before what the model could do. `n_ctx_train`, of which llama.cpp uses a part, is not here.
_CONTEXTS = (
    "loaded_context_length",  # LM Studio: https://lmstudio.ai/docs/developer/rest/endpoints
    "n_ctx",  # llama.cpp, in `meta`: https://github.com/ggml-org/llama.cpp/tree/master/tools/server
    "max_model_len",  # vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    "context_length",
    "context_window",
    "max_context_length",
)
_SHOWN = "context_length"


@dataclass(frozen=True)
class Offer:
    """A model that a server has. `context`: tokens of prompt and answer together, None if it does not say."""

    name: str
    context: int | None = None


def parse_offers(body: bytes) -> tuple[Offer, ...] | None:
    """Return the models in a provider's list, None if `body` is no such list."""
    said = _parse_json(body)
    listed = said.get("data", said.get("models")) if isinstance(said, dict) else said
    if not isinstance(listed, list):
        return None
    entries = [one for one in listed if isinstance(one, dict)]
    named = [(one.get("id") or one.get("name") or one.get("model"), one) for one in entries]
    found = [
        Offer(name.removeprefix("models/"), _find_context(one)) for name, one in named if isinstance(name, str) and name
    ]
    return tuple(dict.fromkeys(found)) if found or not listed else None


def parse_ollama_context(body: bytes) -> int | None:
    """Return how much a model reads at most, of what Ollama shows of it: https://docs.ollama.com/api-reference/show."""
    said = _parse_json(body)
    info = said.get("model_info") if isinstance(said, dict) else None
    if not isinstance(info, dict):
        return None
    return next((size for name, size in info.items() if name.endswith(f".{_SHOWN}") and _is_context(size)), None)


def choose_offer(wanted: str, found: Sequence[Offer], *, only: bool = False) -> Offer | None:
    """Return the offer that `wanted` names; with `only`, else the only one that writes. None if no offer fits."""
    named = next((offer for offer in found if is_named(wanted, offer.name)), None)
    # LM Studio lists one for embeddings beside every other.
    writing = [offer for offer in found if "embed" not in offer.name.lower()]
    return writing[0] if named is None and only and len(writing) == 1 else named


def is_named(wanted: str, name: str) -> bool:
    """Whether a server's `name` is the one wanted. Anthropic lists names with their day, Ollama with a tag."""
    return re.fullmatch(rf"{re.escape(wanted)}(-\d{{8}}|:latest)?", name) is not None


def is_same_model(asked: str, answered: str) -> bool:
    """Whether an answer comes from the model that was asked. Folder, version and ending of the name do not count."""
    plain, other = _normalize_name(asked), _normalize_name(answered)
    return not plain or not other or plain.startswith(other) or other.startswith(plain)


def _normalize_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.split(r"[/\\]", name.strip().lower())[-1].removesuffix(".gguf"))


def describe_offers(found: Sequence[Offer]) -> str:
    """Return the names of the first offers as a person may read them; nothing else of what a server said."""
    names = [printable_line(offer.name) for offer in found[:NAMED]]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{', '.join(names)}{more}" if names else "no model at all"


def printable_line(text: str) -> str:
    """Return one line of `text` without what a terminal would act on, cut."""
    line = "".join(sign if sign.isprintable() else "?" for sign in text[:LONGEST_NAME])
    return line if len(text) <= LONGEST_NAME else f"{line}…"


def _parse_json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None


def _find_context(entry: Mapping[str, Any]) -> int | None:
    places = [entry, *_nested_objects(entry)]
    sizes = (place.get(name) for name in _CONTEXTS for place in places)
    return next((size for size in sizes if _is_context(size)), None)


def _nested_objects(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("meta", "limits"):
        if isinstance(inner := entry.get(name), dict):
            yield inner


def _is_context(size: Any) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and LEAST_CONTEXT <= size <= MOST_CONTEXT
