"""What a sentence says of the keys of a data file: which there are, and what they hold. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.verify.sentences.claims import About, claim_any, has_text
from orchestrator.verify.sentences.counting import UNITS
from orchestrator.verify.sentences.holdings import Key, has_keys
from orchestrator.verify.sentences.numbers import Bound, comparison_bound, take_bound, take_comparison
from orchestrator.verify.sentences.shapes import take_shape
from orchestrator.verify.sentences.structure import TYPES, Test, promised_format, range_test, type_test
from orchestrator.verify.sentences.wording import Reader, WordToken, is_key

KEY_NOUNS = (
    *("key", "keys", "field", "fields", "property", "properties", "column", "columns", "attribute", "attributes"),
    *(
        "top-level key",
        "top-level keys",
        "header",
        "headers",
        "header row",
        "header line",
        "header row with",
        "column headers",
        "top-level fields",
    ),
)
_EQUALS = ("set to", "equal to", "=", ":", "with value", "as", "that is", "which is", ", which is")
_SHAPE_NOUNS = ("structure", "shape", "schema", "form", "format")

Objects = tuple[Sequence[About], bool]
"""What a file has, and whether one of it is enough."""


@dataclass(frozen=True)
class Keys:
    """Reads what is claimed of the keys of `files`."""

    reader: Reader
    files: Sequence[str]

    @property
    def is_data(self) -> bool:
        """Whether all the files hold keys."""
        return all(promised_format(name) in ("json", "yaml", "csv") for name in self.files)

    @property
    def is_table(self) -> bool:
        """Whether all cells are texts. They always are."""
        return all(promised_format(name) == "csv" for name in self.files)

    def take_nested_keys(self) -> Objects | None:
        """Take "`max` and `min` objects with `val` (number) and `fy` fields"."""
        reader = self.reader
        reader.take_phrase(*KEY_NOUNS)
        outer = (
            reader.take_list(lambda: reader.take("quoted", "word", "file"))
            if self.is_data and not self.is_table
            else []
        )
        reader.take_phrase("object", "objects")
        if not outer or not all(map(is_key, outer)):
            return None
        if (
            reader.take_phrase("with", "having", "each with", ", each with", "both with", ", both with", "each having")
            is None
        ):
            return None
        reader.take_phrase("following", "two", "three")
        reader.take_phrase(*KEY_NOUNS)
        reader.take_phrase("named", "called", ":")
        inner, is_either = reader.take_joined(self.take_key, is_object=True)
        reader.take_phrase(*KEY_NOUNS)
        if not inner or is_either or any(key.name in TYPES for key in inner):
            return None
        found = [Key(token.text, type_test("object"), "an object") for token in outer]
        found += [Key(f"{token.text}.{key.name}", key.test, key.told) for token in outer for key in inner]
        return [has_keys([key]) for key in found], False

    def take_keys(self, *, is_each: bool = False) -> Objects | None:
        """Take "the keys a and b", "a and b columns", "a (number) and b (text)", `{a, b: {c}}`."""
        reader = self.reader
        is_all = reader.take_phrase("exactly", "only", "precisely") is not None
        reader.take_phrase("following", "two", "three", "four", "five", "six", "seven", "eight")
        reader.take_phrase(*_SHAPE_NOUNS, "structure of", "shape of", "form of")
        reader.take_phrase(":")
        if self.is_data and (drawn := take_shape(reader)):
            return [has_keys(drawn, is_all=is_all, is_each=is_each)], False
        noun = reader.take_phrase(*KEY_NOUNS)
        is_named = noun is not None
        if is_all and noun and noun.startswith("header"):
            return None  # nothing but a header, or no other columns
        if is_named:
            reader.take_phrase("named", "called", ":", "of", "for", "with")
        found, is_either = reader.take_joined(self.take_key, is_object=True)
        is_named = is_named or reader.take_phrase(*KEY_NOUNS) is not None
        if self.is_table:  # a whole header between quotes
            found = [replace(key, name=name.strip()) for key in found for name in key.name.split(",")]
        if type_ := self._take_common_type() or self._type_of_last(found):
            found = [self._typed_key(key.name, type_) for key in found]
        is_typed = bool(found) and all(key.test for key in found) and self.is_data
        if not found or not (is_named or is_typed or is_each):
            return None
        if is_all:
            return [has_keys(found, is_all=True, is_each=is_each)], False
        return [has_keys([key], is_each=is_each) for key in found], is_either

    def _type_of_last(self, found: Sequence[Key]) -> str | None:
        """Return the type in "a and b as numbers", which is that of both."""
        said = [token.low for token in self.reader.tokens[self.reader.at - 2 : self.reader.at]]
        is_last = len(found) > 1 and found[-1].test and not any(key.test for key in found[:-1])
        return said[1] if is_last and said[0] == "as" and said[1] in TYPES else None

    def _take_common_type(self) -> str | None:
        """Take "as numbers", "(number)", "with a number value"."""
        reader, start = self.reader, self.reader.at
        opening = reader.take_phrase("(", "as", "of type", "with", "that is", "that are", "which is", "which are")
        type_ = reader.take_phrase(*TYPES) if opening else None
        if type_ and (opening != "(" or reader.take_phrase(")")):
            reader.take_phrase("value", "values", "type")
            return type_
        reader.at = start
        return None

    def take_key(self) -> Key | None:
        """Take the name of a key, and what it holds where that stands beside it."""
        reader = self.reader
        reader.skip_articles()
        if reader.take_phrase("non-empty") and (token := reader.take("quoted", "word")) and is_key(token):
            return Key(token.text, bool, "filled in")
        is_told = reader.peek().low in ("numeric", "boolean", "integer") and is_key(reader.peek(1))
        before = reader.take_phrase(*TYPES) if is_told or reader.peek(1).kind in ("quoted", "file") else None
        token = reader.take("quoted", "file", "word")
        if token is None or not is_key(token):
            return None
        if before:
            return self._typed_key(token.text, before)
        start = reader.at
        if reader.take_phrase("(", "as", "of type", ":", "="):
            type_ = reader.take_phrase(*TYPES)
            if type_ and (reader.tokens[start].text != "(" or reader.take_phrase(")")):
                return self._typed_key(token.text, type_)
            reader.at = start
        return Key(token.text)

    def _typed_key(self, name: str, type_: str) -> Key:
        return Key(name, type_test(type_, is_text=self.is_table), f"of type {type_}")

    def take_valued_key(self) -> Objects | None:
        """Take "`debug` set to false", "a rate between 0 and 10", `city "Paris"`."""
        reader = self.reader
        reader.take_phrase(*KEY_NOUNS)
        token = reader.take("quoted", "word", "file") if self.is_data else None
        if token is None or not is_key(token) or (token.kind == "word" and token.low in (*TYPES, *_SHAPE_NOUNS)):
            return None
        reader.take_phrase(*KEY_NOUNS)
        is_set = (
            reader.take_phrase("set to", "equal to", "=", ":", "with value", "as", "that is", "which is", ", which is")
            is not None
        )
        if reader.take_phrase("matching", "that matches", "which matches") and (text := reader.take("quoted")):
            part = text.low
            return [has_keys([Key(token.text, lambda value: part in str(value).lower(), f"“{text.text}”")])], False
        following = reader.peek()
        is_range = following.low in ("between", "from", "at", "greater", "less", "more")
        if not (is_set or is_range or following.kind == "quoted"):
            return None
        value = self.take_value()
        return None if value is None else ([has_keys([Key(token.text, *value)])], False)

    def take_value(self) -> tuple[Test, str] | None:
        """Take what a value is to be: a type, a text, a number, a range."""
        return self.reader.take_first(self._take_range, self._take_literal, self._take_type)

    def _take_range(self) -> tuple[Test, str] | None:
        reader = self.reader
        reader.take_phrase("number", "numeric", "integer", "int", "float")
        if reader.take_phrase("positive", "positive number", "positive integer"):
            return range_test(Bound(least=0, is_open=True), is_text=self.is_table), "positive"
        start = reader.at
        said = take_comparison(reader)
        bar = reader.take("quoted") if said else None
        if said and bar and bar.text.replace(".", "", 1).isdecimal():  # years are often texts
            return range_test(comparison_bound(said, float(bar.text)), is_text=True), f"{said} {bar.text}"
        reader.at = start
        wanted = take_bound(reader)
        if wanted is None or (reader.peek().kind == "word" and reader.take_phrase(*UNITS)):
            return None
        return range_test(wanted, is_text=self.is_table), f"from {wanted.least:g} to {wanted.most:g}"

    def _take_literal(self) -> tuple[Test, str] | None:
        token = self.reader.take("quoted", "file", "word")
        if token is None:
            return None
        if token.kind == "word" and token.text not in ("true", "false", "null"):
            return None
        if token.kind == "word" and self.reader.take_phrase("or", "/"):
            return None
        wanted = json.loads(token.text) if token.kind == "word" else token.text
        # `5` and `true` between backticks may be the value itself.
        as_code = _parse_json_or_none(token.text) if token.is_code else None
        return lambda value: (type(value) is type(wanted) and value == wanted) or (
            as_code is not None and type(value) is type(as_code) and value == as_code
        ), f"“{token.text}”"  # fmt: skip

    def _take_type(self) -> tuple[Test, str] | None:
        self.reader.take_phrase("of type", "valid", "non-empty")
        is_filled = self.reader.at and self.reader.tokens[self.reader.at - 1].low == "non-empty"
        type_ = self.reader.take_phrase(*TYPES)
        if type_ is None:
            return (bool, "filled in") if is_filled else None
        test = self._typed_key("", type_).test
        assert test is not None  # noqa: S101 - a type always has a test
        known = test
        return (lambda value: known(value) and (not is_filled or bool(value))), f"of type {type_}"

    def take_bare_keys(self) -> Objects | None:
        """Take names without a noun: keys of a data file if they are there, and not understood otherwise."""
        if not self.is_data:
            return None
        tokens, is_either = self.reader.take_joined(lambda: self.reader.take("quoted", "word", "file"), is_object=True)
        if not tokens or not all(is_key(token) and token.low not in TYPES for token in tokens):
            return None
        if all(token.kind == "word" for token in tokens) and not any("_" in token.text for token in tokens):
            return None
        return [self._claim_key_or_text(token) for token in tokens], is_either

    def _claim_key_or_text(self, token: WordToken) -> About:
        about = has_keys([Key(token.text)], is_sure="_" in token.text or token.is_quoted)
        return claim_any([about, has_text(token.text)]) if token.is_quoted else about


def _parse_json_or_none(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
