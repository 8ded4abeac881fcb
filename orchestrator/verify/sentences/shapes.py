"""Shapes of data as sentences draw them: `{people, case_1: {swerve: bool, reason}}`, `[{id, name}]`. Pure."""

from orchestrator.verify.sentences.holdings import Key
from orchestrator.verify.sentences.structure import TYPES, type_test
from orchestrator.verify.sentences.wording import Reader, split_tokens

DEEPEST = 6


def take_shape(reader: Reader) -> list[Key] | None:
    """Take a shape, bare or between quotes, and return its keys with those inside; None if it is not understood."""
    start = reader.at
    quoted = reader.take("quoted")
    inside = Reader(split_tokens(quoted.text)) if quoted else reader
    inside.skip_articles()
    keys = _take_list(inside, "", 0) if inside.peek().text == "[" else _take_object(inside, "", 0)
    if not keys or (quoted and not inside.is_done):
        reader.at = start
        return None
    return keys


def _take_list(reader: Reader, prefix: str, depth: int) -> list[Key] | None:
    if reader.take_phrase("[") is None:
        return None
    keys = _take_object(reader, prefix, depth)
    reader.take_phrase(",")
    return keys if reader.take_phrase("]") else None


def _take_object(reader: Reader, prefix: str, depth: int) -> list[Key] | None:
    if reader.take_phrase("{") is None or depth > DEEPEST:
        return None
    found: list[Key] = []
    while reader.take_phrase("}") is None:
        name = reader.take("word", "quoted", "file")
        if name is None:
            return None
        path = f"{prefix}{name.text}"
        inner = _take_value(reader, path, depth) if reader.take_phrase(":") else [Key(path)]
        if inner is None:
            return None
        found += inner
        if reader.take_phrase(",", ";") is None and reader.peek().text != "}":
            return None
    return found


def _take_value(reader: Reader, path: str, depth: int) -> list[Key] | None:
    """Take what stands behind a colon: a type, or a shape of its own."""
    inner = reader.take_first(
        lambda: _take_object(reader, f"{path}.", depth + 1),
        lambda: _take_list(reader, f"{path}.", depth + 1),
        lambda: _take_type_or_literal(reader, path),
    )
    return None if inner is None else [Key(path), *inner]


def _take_type_or_literal(reader: Reader, path: str) -> list[Key] | None:
    said = reader.take_phrase(*TYPES)
    token = None if said else reader.take("quoted", "number")
    if token is not None and token.low in TYPES:
        said = token.low
    if said:
        return [Key(path, type_test(said), f"of type {said}")]
    if token is None:
        return None
    wanted = token.text if token.kind == "quoted" else float(token.text.replace(",", ""))
    return [Key(path, lambda value: value == wanted and not isinstance(value, bool), f"“{token.text}”")]
