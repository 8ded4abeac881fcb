"""What JSON, YAML, CSV, SVG and XML files hold, and claims about their keys, types and values. Pure."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.parsers import expat

from orchestrator.verify.sentences.numbers import Bound
from orchestrator.verify.sentences.repository import Evidence

LARGEST = 2_000_000
LARGEST_YAML = 200_000
"""Bytes of a file that is parsed; YAML is read slowly."""
DEEPEST = 100

_FORMATS = {
    "json": "json",
    "geojson": "json",
    "webmanifest": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "csv": "csv",
    "svg": "svg",
    "xml": "xml",
}
_PICTURES: Mapping[str, tuple[bytes, ...]] = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "pdf": (b"%PDF-",),
    "zip": (b"PK\x03\x04",),
}


class Malformed(ValueError):
    """A file is not of the form that was asked for; the text says which file and why."""


class UnseenFile(Malformed):
    """A file is not looked into here, which says nothing of its form."""


def unread_finding(error: Malformed) -> Evidence:
    """Return what a claim shows of a file that could not be read."""
    return Evidence(None if isinstance(error, UnseenFile) else False, str(error))


def promised_format(name: str) -> str:
    """Return the format that a file's name promises, nothing if it promises none."""
    return _FORMATS.get(name.rpartition(".")[2].lower(), "")


def _decode_text(name: str, data: bytes) -> str:
    if len(data) > LARGEST:
        raise UnseenFile(f"`{name}` is too large to parse here: {len(data)} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed(f"`{name}` is not UTF-8 text") from None


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def parse_json(name: str, data: bytes) -> Any:
    """Return what a JSON file holds; what browsers refuse is malformed: NaN, and a mark at the beginning."""
    text = _decode_text(name, data)
    if data.startswith(b"\xef\xbb\xbf"):
        text = f"\ufeff{text}"
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"`{name}` is not valid JSON: {error}") from None


def parse_yaml(name: str, data: bytes) -> Any:
    """Return what a YAML file holds. Aliases are refused: a few of them can stand for gigabytes."""
    import yaml  # noqa: PLC0415 - heavy, and few checks speak of YAML

    if len(data) > LARGEST_YAML:
        raise UnseenFile(f"`{name}` is too large to parse here: {len(data)} bytes")
    text = _decode_text(name, data)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise UnseenFile(f"`{name}` has aliases, which Pagewright does not read")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise UnseenFile(f"`{name}` is nested too deeply")
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(f"`{name}` is not valid YAML: {' '.join(str(error).split())}") from None


def parse_csv_rows(name: str, data: bytes) -> list[list[str]]:
    """Return the rows of a CSV file, its header among them; empty rows are left out."""
    text = _decode_text(name, data)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise Malformed(f"`{name}` is not valid CSV: {error}") from None
    if not rows:
        raise Malformed(f"`{name}` has no rows")
    return rows


def parse_csv(name: str, data: bytes) -> list[dict[str, str]]:
    """Return the rows under the names of their columns; rows of different lengths are malformed."""
    rows = parse_csv_rows(name, data)
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise Malformed(f"`{name}` is not valid CSV: row {number} has {len(row)} cells, the first {len(rows[0])}")
    header = [cell.strip() for cell in rows[0]]
    return [dict(zip(header, row, strict=True)) for row in rows[1:]]


def parse_xml_root(name: str, data: bytes) -> str:
    """Return the name of the root element of an XML file. Entities are refused, so that none is expanded."""
    if len(data) > LARGEST:
        raise UnseenFile(f"`{name}` is too large to parse here: {len(data)} bytes")
    parser = expat.ParserCreate(namespace_separator=" ")
    found: list[str] = []

    def refuse(*_: Any) -> None:
        raise UnseenFile(f"`{name}` declares entities, which Pagewright does not read")

    def begin(tag: str, _: Mapping[str, str]) -> None:
        if not found:
            found.append(tag)

    parser.StartElementHandler, parser.EntityDeclHandler = begin, refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat takes no names
    except expat.ExpatError as error:
        raise Malformed(f"`{name}` is not well-formed: {error}") from None
    return found[0]


def _parse_svg(name: str, data: bytes) -> str:
    root = parse_xml_root(name, data)
    if root != "http://www.w3.org/2000/svg svg":
        raise Malformed(
            f"`{name}` is not an SVG that browsers show: its root is `{root.rpartition(' ')[2]}`"
            + ("" if " " in root else " without the namespace of SVG")
        )
    return root


_READERS: Mapping[str, Callable[[str, bytes], Any]] = {
    "json": parse_json,
    "yaml": parse_yaml,
    "csv": parse_csv,
    "svg": _parse_svg,
    "xml": parse_xml_root,
}
FORMATS = frozenset({*_READERS, *_PICTURES, "yml", "jpg"})


def parse_as(kind: str, name: str, data: bytes) -> Any:
    """Return a file as `kind` reads it; raise Malformed if it is not of that kind."""
    kind = {"yml": "yaml", "jpg": "jpeg"}.get(kind, kind)
    if kind in _PICTURES:
        if not data.startswith(_PICTURES[kind]):
            raise Malformed(f"`{name}` does not begin as a {kind.upper()} file does")
        return None
    if kind not in ("json", "csv") and not data.strip():
        raise Malformed(f"`{name}` is empty")
    return _READERS[kind](name, data)


def parse_by_name(name: str, data: bytes) -> Any:
    """Return what a file holds by the format that its name promises; JSON where it promises none."""
    kind = promised_format(name)
    return parse_as(kind if kind in ("json", "yaml", "csv") else "json", name, data)


class AbsentKey(LookupError):
    """A key is not there; the text says what is."""


def look_up_key(value: Any, key: str) -> list[Any]:
    """Return what stands under a key: one value, or one of each entry of a list. Raises AbsentKey."""
    if isinstance(value, list):
        if not value:
            raise AbsentKey("the list is empty")
        place, _, rest = key.partition(".")
        if place.isdecimal() and len(place) < 7:
            if int(place) >= len(value):
                raise AbsentKey(f"the list has {len(value)} entries")
            return look_up_key(value[int(place)], rest) if rest else [value[int(place)]]
        return [one for entry in value for one in look_up_key(entry, key)]
    if isinstance(value, dict):
        if key in value:
            return [value[key]]
        head, _, rest = re.sub(r"\[(\d*)\]", r".\1", key).replace("..", ".").rstrip(".").partition(".")
        if rest and head in value:
            return look_up_key(value[head], rest)
        keys = ", ".join(f"`{known}`" for known in list(value)[:20]) or "none"
        raise AbsentKey(f"the keys are {keys}" if value else "it has no keys")
    raise AbsentKey(f"there is {describe_type(value)} where a key was looked for")


def walk_keys(value: Any) -> Iterator[str]:
    """Yield every key at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from walk_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk_keys(inner)


def describe_type(value: Any) -> str:
    """Return what a value is, in the words of JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "a text"


TYPES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("number", "numbers", "numeric", "num", "float"), ("a number", "a whole number")),
    **dict.fromkeys(("integer", "integers", "int", "whole number"), ("a whole number",)),
    **dict.fromkeys(("string", "strings", "text", "str"), ("a text",)),
    **dict.fromkeys(("boolean", "booleans", "bool", "true or false", "true/false"), ("a boolean",)),
    **dict.fromkeys(("array", "arrays", "list", "lists"), ("a list",)),
    **dict.fromkeys(("object", "objects", "mapping", "dictionary", "dict"), ("an object",)),
    "null": ("null",),
}

Test = Callable[[Any], bool]
"""What a value must be."""


def type_test(type_: str, *, is_text: bool = False) -> Test:
    """Return the test for a type. `is_text`: the cells of a table, which are all texts, are read as numbers."""
    wanted = TYPES[type_]

    def test(value: Any) -> bool:
        if is_text and isinstance(value, str) and "a text" not in wanted:
            value = _parse_cell(value)
        return describe_type(value) in wanted

    return test


def _parse_cell(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def range_test(bound: Bound, *, is_text: bool = False) -> Test:
    """Return the test for a number in a range. `is_text`: as in `type_test`."""

    def test(value: Any) -> bool:
        value = _parse_cell(value) if is_text and isinstance(value, str) else value
        return isinstance(value, int | float) and not isinstance(value, bool) and bound.takes(value)

    return test
