"""Shapes of data as sentences draw them: `{people, case_1: {swerve: bool, reason}}`, `[{id, name}]`. Pure."""

from orchestrator.verify.sentences.holdings import Key
from orchestrator.verify.sentences.structure import TYPES, is_of
from orchestrator.verify.sentences.wording import Reader, tokens

DEEPEST = 6


def shape(reader: Reader) -> list[Key] | None:
    """Take a shape, bare or between quotes, and return its keys with those inside; None if it is not understood."""
    start = reader.at
    quoted = reader.take("quoted")
    inside = Reader(tokens(quoted.text)) if quoted else reader
    inside.skip()
    keys = _list(inside, "", 0) if inside.peek().text == "[" else _object(inside, "", 0)
    if not keys or (quoted and not inside.is_done):
        reader.at = start
        return None
    return keys


def _list(reader: Reader, prefix: str, depth: int) -> list[Key] | None:
    if reader.say("[") is None:
        return None
    keys = _object(reader, prefix, depth)
    reader.say(",")
    return keys if reader.say("]") else None


def _object(reader: Reader, prefix: str, depth: int) -> list[Key] | None:
    if reader.say("{") is None or depth > DEEPEST:
        return None
    found: list[Key] = []
    while reader.say("}") is None:
        name = reader.take("word", "quoted", "file")
        if name is None:
            return None
        path = f"{prefix}{name.text}"
        inner = _value(reader, path, depth) if reader.say(":") else [Key(path)]
        if inner is None:
            return None
        found += inner
        if reader.say(",", ";") is None and reader.peek().text != "}":
            return None
    return found


def _value(reader: Reader, path: str, depth: int) -> list[Key] | None:
    """Take what stands behind a colon: a type, or a shape of its own."""
    inner = reader.first(
        lambda: _object(reader, f"{path}.", depth + 1),
        lambda: _list(reader, f"{path}.", depth + 1),
        lambda: _typed(reader, path),
    )
    return None if inner is None else [Key(path), *inner]


def _typed(reader: Reader, path: str) -> list[Key] | None:
    said = reader.say(*TYPES)
    token = None if said else reader.take("quoted", "number")
    if token is not None and token.low in TYPES:
        said = token.low
    if said:
        return [Key(path, is_of(said), f"of type {said}")]
    if token is None:
        return None
    wanted = token.text if token.kind == "quoted" else float(token.text.replace(",", ""))
    return [Key(path, lambda value: value == wanted and not isinstance(value, bool), f"“{token.text}”")]
