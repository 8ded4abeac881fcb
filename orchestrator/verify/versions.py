"""Which version a CDN takes for `@5`, `@^1.2.0` or `@latest`: those rules of npm that addresses use. Pure.

https://github.com/npm/node-semver#ranges
"""

import re
from collections.abc import Callable, Sequence

_EXACT = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?")
_RANGE = re.compile(r"(?P<sign>[\^~]|>=)?v?(?P<parts>\d{1,9}(?:\.(?:\d{1,9}|[xX*])){0,2})")
_ANY = frozenset({"", "*", "x", "latest"})

Triple = tuple[int, int, int]


def newest_version(wanted: str, known: Sequence[str]) -> str | None:
    """Return the newest of the `known` versions that `wanted` takes, None if it takes none or is not understood."""
    if wanted in known:
        return wanted
    takes = _parse_range(wanted)
    # A version for trying (`2.0.0-beta.1`) is taken only where it is named.
    fit = [
        (triple, one)
        for one in known
        if "-" not in one and (triple := _parse_triple(one)) is not None and takes(triple)
    ]
    return max(fit)[1] if fit else None


def _parse_triple(version: str) -> Triple | None:
    found = _EXACT.fullmatch(version)
    return None if found is None else (int(found[1]), int(found[2]), int(found[3]))


def _parse_range(wanted: str) -> Callable[[Triple], bool]:
    """Return the test that a range is."""
    if wanted in _ANY:
        return lambda _: True
    found = _RANGE.fullmatch(wanted)
    if found is None or (found["sign"] is None and _EXACT.fullmatch(wanted)):
        return lambda _: False
    parts = [int(part) for part in found["parts"].split(".") if part.isdigit()]
    least = (*parts, 0, 0)[:3]
    if found["sign"] == ">=":
        return lambda version: version >= least
    alike = len(parts)
    if found["sign"] == "~":
        alike = min(2, len(parts))
    if found["sign"] == "^":
        # Up to the first part that is not 0.
        alike = next((place for place, part in enumerate(parts, 1) if part), len(parts))
    return lambda version: version[:alike] == least[:alike] and version >= least
