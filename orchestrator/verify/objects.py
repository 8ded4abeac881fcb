"""What a file "has" or "contains", read from a sentence: counts, keys, sections, elements, texts, links. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.verify.claims import (
    LICENCES,
    About,
    Key,
    all_of,
    entries_are,
    has_count,
    has_element,
    has_form,
    has_keys,
    has_section,
    has_text,
    has_title,
    in_content,
    is_text,
    is_titled,
    leads_to,
    licensed,
    one_of,
)
from orchestrator.verify.counting import UNITS
from orchestrator.verify.elements import element
from orchestrator.verify.numbers import Bound, bound
from orchestrator.verify.shapes import shape
from orchestrator.verify.structure import FORMATS, TYPES, Test, format_of, is_of, lies_within
from orchestrator.verify.wording import NO_NAME, Reader, Token, is_key

KEY_NOUNS = (
    *("key", "keys", "field", "fields", "property", "properties", "column", "columns", "attribute", "attributes"),
    *(
        "top-level key",
        "top-level keys",
        "header",
        "headers",
        "header row",
        "header row with",
        "column headers",
        "top-level fields",
    ),
)
_SECTION_NOUNS = ("section", "sections", "heading", "headings")
_TEXT_NOUNS = (
    "text",
    "word",
    "words",
    "string",
    "phrase",
    "line",
    "sentence",
    "exact text",
    "exact string",
    "exact line",
    "typo",
    "year",
    "number",
    "term",
)
_NO_TOPIC = NO_NAME - frozenset(["to", "in", "on", "of", "for", "with", "it"])
_ROOTS = ("object", "array", "list")
_ONE = Bound(least=1)

Objects = tuple[Sequence[About], bool]
"""What a file has, and whether one of it is enough."""


@dataclass(frozen=True)
class Words:
    """Reads what is claimed of `files`."""

    reader: Reader
    files: Sequence[str]

    @property
    def is_data(self) -> bool:
        """Whether all the files hold keys."""
        return all(format_of(name) in ("json", "yaml", "csv") for name in self.files)

    @property
    def is_table(self) -> bool:
        """Whether all cells are texts, whatever they hold."""
        return all(format_of(name) == "csv" for name in self.files)

    def objects(self) -> Objects | None:
        """Take what stands behind "has"."""
        return self.reader.first(
            self.counts, self._elements, self.keys, self._sections, self._licence, self._link, self._form,
            self._valued_key, self._texts, self._bare_keys,
        )  # fmt: skip

    def _alone(self, about: About | None) -> Objects | None:
        return None if about is None else ([about], False)

    def counts(self) -> Objects | None:
        """Take how many of something there are."""
        reader = self.reader
        if reader.say("word count of", "length of", "word count"):
            wanted = bound(reader)
            return None if wanted is None else ([has_count(self.unit() or "word", wanted)], False)
        wanted = bound(reader)
        unit = self.unit() if wanted else None
        reader.say("of text", "of data")
        if wanted is None or unit is None or reader.say("of", "with", "for", "about", "that", "on", "named", "called"):
            return None
        reader.say("long", "in total", "in length", "total")
        reader.say("( inclusive )", "inclusive")
        return [has_count(unit, wanted)], False

    def unit(self) -> str | None:
        """Take what is counted."""
        self.reader.say("-", "non-blank", "whole")
        said = self.reader.say(*UNITS)
        return UNITS[said] if said else None

    def _elements(self) -> Objects | None:
        wanted = bound(self.reader) or _ONE
        found, is_either = self.reader.joined(lambda: element(self.reader))
        return ([has_element(one, wanted) for one in found], is_either) if found else None

    def keys(self, *, is_each: bool = False) -> Objects | None:
        """Take "the keys a and b", "a and b columns", "a (number) and b (text)", `{a, b: {c}}`."""
        reader = self.reader
        is_all = reader.say("exactly", "only", "precisely") is not None
        reader.say("following", "two", "three", "four", "five", "six", "seven", "eight")
        reader.say("structure", "shape", "schema", "form", "format", "structure of", "shape of", "form of")
        reader.say(":")
        if self.is_data and (drawn := shape(reader)):
            return [has_keys(drawn, is_all=is_all, is_each=is_each)], False
        is_named = reader.say(*KEY_NOUNS) is not None
        if is_named:
            reader.say("named", "called", ":", "of", "for", "with")
        found, is_either = reader.joined(self.key, is_object=True)
        is_named = is_named or reader.say(*KEY_NOUNS) is not None
        if type_ := self._type_of_all() or self._type_of_last(found):
            found = [self._typed(key.name, type_) for key in found]
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

    def _type_of_all(self) -> str | None:
        """Take "as numbers", "(number)", "with a number value"."""
        reader, start = self.reader, self.reader.at
        opening = reader.say("(", "as", "of type", "with", "that is", "that are", "which is", "which are")
        type_ = reader.say(*TYPES) if opening else None
        if type_ and (opening != "(" or reader.say(")")):
            reader.say("value", "values", "type")
            return type_
        reader.at = start
        return None

    def key(self) -> Key | None:
        """Take the name of a key, and what it holds where that stands beside it."""
        reader = self.reader
        reader.skip()
        before = reader.say(*TYPES) if reader.peek(1).kind in ("quoted", "file") else None
        token = reader.take("quoted", "file", "word")
        if token is None or not is_key(token):
            return None
        if before:
            return self._typed(token.text, before)
        start = reader.at
        if reader.say("(", "as", "of type", ":", "="):
            type_ = reader.say(*TYPES)
            if type_ and (reader.tokens[start].text != "(" or reader.say(")")):
                return self._typed(token.text, type_)
            reader.at = start
        return Key(token.text)

    def _typed(self, name: str, type_: str) -> Key:
        return Key(name, is_of(type_, is_text=self.is_table), f"of type {type_}")

    def _valued_key(self) -> Objects | None:
        """Take "`debug` set to false", "a rate between 0 and 10", `city "Paris"`."""
        reader = self.reader
        reader.say(*KEY_NOUNS)
        token = reader.take("quoted", "word", "file") if self.is_data else None
        if token is None or not is_key(token):
            return None
        reader.say(*KEY_NOUNS)
        is_set = reader.say("set to", "equal to", "=", ":", "with value") is not None
        following = reader.peek()
        is_range = following.low in ("between", "from", "at", "greater", "less", "more")
        if not (is_set or is_range or following.kind == "quoted"):
            return None
        value = self.value()
        return None if value is None else ([has_keys([Key(token.text, *value)])], False)

    def value(self) -> tuple[Test, str] | None:
        """Take what a value is to be: a type, a text, a number, a range."""
        return self.reader.first(self._in_range, self._literal, self._type)

    def _in_range(self) -> tuple[Test, str] | None:
        reader = self.reader
        reader.say("number", "numeric", "integer", "int")
        if reader.say("positive", "positive number", "positive integer"):
            return lies_within(Bound(least=0, is_open=True), is_text=self.is_table), "positive"
        wanted = bound(reader)
        if wanted is None or (reader.peek().kind == "word" and reader.say(*UNITS)):
            return None
        return lies_within(wanted, is_text=self.is_table), f"from {wanted.least:g} to {wanted.most:g}"

    def _literal(self) -> tuple[Test, str] | None:
        token = self.reader.take("quoted", "file", "word")
        if token is None:
            return None
        if token.kind == "word" and token.text not in ("true", "false", "null"):
            return None
        if token.kind == "word" and self.reader.say("or", "/"):
            return None
        wanted = json.loads(token.text) if token.kind == "word" else token.text
        # `5` and `true` between backticks may be the value itself.
        as_code = _json(token.text) if token.is_code else None
        return lambda value: (type(value) is type(wanted) and value == wanted) or (
            as_code is not None and type(value) is type(as_code) and value == as_code
        ), f"“{token.text}”"  # fmt: skip

    def _type(self) -> tuple[Test, str] | None:
        self.reader.say("of type", "valid", "non-empty")
        is_filled = self.reader.at and self.reader.tokens[self.reader.at - 1].low == "non-empty"
        type_ = self.reader.say(*TYPES)
        if type_ is None:
            return (bool, "filled in") if is_filled else None
        test = self._typed("", type_).test
        assert test is not None  # noqa: S101 - a type always has a test
        known = test
        return (lambda value: known(value) and (not is_filled or bool(value))), f"of type {type_}"

    def _sections(self) -> Objects | None:
        reader = self.reader
        if reader.say("title", "top-level heading", "level-1 heading", "main heading", "h1", "h1 heading"):
            text = reader.take("quoted")
            return self._alone(is_titled(text.text) if text else in_content(has_title))
        reader.say("following")
        if reader.say(*_SECTION_NOUNS):
            reader.say("on", "for", "about", "called", "named", "titled", ":", "on how to use")
            found, is_either = reader.joined(self._topic)
        else:
            found, is_either = reader.joined(self._topic)
            if reader.say(*_SECTION_NOUNS) is None:
                return None
        return (found, is_either) if found else None

    def _topic(self) -> About | None:
        """Take what a section is about: a text between quotes, or up to five words."""
        reader = self.reader
        if token := reader.take("quoted"):
            bare = token.text.lstrip("# ").strip()
            return has_section(bare) if bare else None
        words: list[str] = []
        reader.skip()
        while reader.peek().kind == "word" and reader.peek().low not in (*_SECTION_NOUNS, "and", "or", "nor", "plus"):
            words.append(reader.peek().low)
            reader.at += 1
        is_topic = 0 < len(words) <= 5 and not any(word in _NO_TOPIC for word in words)
        return has_section(" ".join(words)) if is_topic else None

    def _licence(self) -> Objects | None:
        reader = self.reader
        reader.say("full", "complete", "standard", "text of", "full text of")
        kind = reader.say(*LICENCES)
        if kind is None:
            return None
        reader.say("2.0", "version 2.0", "-")
        has_noun = reader.say("license", "licence", "license text", "licence text", "license notice")
        if not has_noun and not all(name.upper().startswith("LICEN") for name in self.files):
            return None
        return self._alone(licensed(kind))

    def _link(self) -> Objects | None:
        reader = self.reader
        if (
            reader.say("link to", "links to", "link pointing to", "hyperlink to", "hyperlinks to", "reference to")
            is None
        ):
            return None
        return self.links(is_link=True)

    def links(self, *, is_link: bool) -> Objects | None:
        """Take the files that a page leads to."""
        reader = self.reader
        reader.say("files", "file", "all of", "each of")
        reader.say(":")
        found, is_either = reader.joined(lambda: reader.take("file"), is_object=True)
        return ([leads_to(token.text, is_link=is_link) for token in found], is_either) if found else None

    def _form(self) -> Objects | None:
        return self._alone(self.form())

    def form(self, *, may_be_bare: bool = False) -> About | None:
        """Take "valid JSON", "a JSON array", "well-formed XML"; `may_be_bare`: "an array" alone."""
        reader = self.reader
        reader.skip()
        is_sure = reader.say(
            "valid", "well-formed", "parseable", "parsable", "syntactically valid", "proper", "correct"
        )
        kind = reader.say(*sorted(FORMATS))
        formats = {format_of(name) for name in self.files}
        if (
            kind is None
            and may_be_bare
            and not is_sure
            and formats in ({"json"}, {"yaml"})
            and reader.peek().low in _ROOTS
        ):
            kind = formats.pop()
        if kind is None:
            return None
        root = reader.say(*_ROOTS) if kind in ("json", "yaml") else None
        reader.say("file", "document", "image", "data", "content", "syntax", "format", "picture")
        is_own = all(format_of(name) == kind for name in self.files)
        if not (is_sure or root or is_own or kind not in ("yaml", "csv")):
            return None
        form = has_form(kind, {"object": "an object", "array": "a list", "list": "a list"}.get(root or "", ""))
        inside = self._inside() if root in ("array", "list") else []
        return all_of([form, *inside]) if inside else form

    def _inside(self) -> list[About]:
        """Take "of at least two objects", "with three entries" behind a list."""
        reader, start = self.reader, self.reader.at
        if reader.say("of", "with", "containing", "that has", "that contains"):
            if counts := reader.first(self.counts):
                return [*counts[0]]
            if (type_ := reader.say(*TYPES)) and reader.tokens[start].low == "of":
                return [entries_are(is_of(type_), f"of type {type_}")]
        reader.at = start
        return []

    def _texts(self) -> Objects | None:
        reader = self.reader
        is_only = reader.say("only", "exactly", "nothing but", "just")
        noun = reader.say(*_TEXT_NOUNS)
        found, is_either = self.texts(is_loose=False, wants_only=bool(is_only))
        if not found or (not noun and self.is_data and not is_only):
            return None
        return (found, is_either) if not is_only or len(found) == 1 else None

    def texts(self, *, is_loose: bool, wants_only: bool = False) -> tuple[list[About], bool]:
        """Take texts between quotes, or, where something is only mentioned, names of files."""
        reader = self.reader

        def item() -> About | None:
            reader.say(*_TEXT_NOUNS)
            start = reader.at
            if reader.tokens[reader.at - 1].low in ("year", "number") and (digits := reader.take("number")):
                return has_text(digits.text, is_loose=is_loose)
            token = reader.take("quoted", "file") if is_loose else self._quoted()
            if token is None:
                reader.at = start
                return None
            reader.say("text", "string", "placeholder", "typo", "phrase")
            return is_text(token.text) if wants_only else has_text(token.text, is_loose=is_loose)

        return reader.joined(item, is_object=True)

    def _quoted(self) -> Token | None:
        token = self.reader.take("quoted", "file")
        return token if token is not None and token.is_quoted else None

    def _bare_keys(self) -> Objects | None:
        """Take names without a noun: keys of a data file if they are there, and not understood otherwise."""
        if not self.is_data:
            return None
        tokens, is_either = self.reader.joined(lambda: self.reader.take("quoted", "word", "file"), is_object=True)
        if not tokens or not all(is_key(token) for token in tokens):
            return None
        if all(token.kind == "word" for token in tokens) and not any("_" in token.text for token in tokens):
            return None
        return [self._key_or_text(token) for token in tokens], is_either

    def _key_or_text(self, token: Token) -> About:
        about = has_keys([Key(token.text)], is_sure="_" in token.text or token.is_quoted)
        return one_of([about, has_text(token.text)]) if token.is_quoted else about


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
