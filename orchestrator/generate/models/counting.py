"""How many tokens a text is: counted by a real tokenizer, with a margin for those of other models.

litellm brings the tables of tiktoken's encodings along, so nothing is fetched.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from orchestrator.core.settings import set_tiktoken_folder

MARGIN = 1.2
"""Other tokenizers need up to this many times as many tokens. Measured on our prompts: SmolLM's 1.14 times."""

ENCODING = "o200k_base"
TABLE = "fb374d419588a4632f3f557e76b4b70aebbca790"
"""The name of its table in tiktoken's cache: the SHA-1 of the address it is published at."""

_SLICE = 4_000
"""Characters that are counted at once: the time that tiktoken takes for one run of letters grows by its square."""

_BYTES_A_TOKEN = 2
"""Where there is no table: code has three to four, Chinese three, rows of numbers hardly two."""


def estimate_tokens(text: str, margin: float = MARGIN) -> int:
    """Return how many tokens `text` is at most with a model that needs up to `margin` times as many."""
    return int(count_tokens(text) * margin) + 1


def count_tokens(text: str) -> int:
    """Return how many tokens `text` is in one common encoding."""
    count = token_counter()
    return sum(count(text[start : start + _SLICE]) for start in range(0, len(text), _SLICE))


@cache
def token_counter() -> Callable[[str], int]:
    """Return what counts the tokens of a text."""
    found = find_spec("litellm")  # finds it without the seconds that its import takes
    places = found.submodule_search_locations if found else None
    folder = Path(places[0]) / "litellm_core_utils" / "tokenizers" if places else None
    if folder is None or not (folder / TABLE).is_file():  # tiktoken would fetch it
        return lambda text: len(text.encode(errors="replace")) // _BYTES_A_TOKEN
    set_tiktoken_folder(folder)
    import tiktoken  # noqa: PLC0415 - only who asks a model counts

    encoding = tiktoken.get_encoding(ENCODING)
    return lambda text: len(encoding.encode_ordinary(text))
