"""What a file "has" or "contains", read from a sentence: counts, keys, sections, elements, texts, links. Pure."""

from orchestrator.verify.sentences.claims import (
    LICENCES,
    About,
    all_of,
    has_count,
    has_element,
    has_section,
    has_text,
    has_title,
    in_content,
    is_text,
    is_titled,
    leads_to,
    licensed,
)
from orchestrator.verify.sentences.counting import UNITS
from orchestrator.verify.sentences.elements import element
from orchestrator.verify.sentences.holdings import entries_are, has_form
from orchestrator.verify.sentences.keys import Keys, Objects
from orchestrator.verify.sentences.numbers import Bound, bound
from orchestrator.verify.sentences.structure import FORMATS, TYPES, format_of, is_of
from orchestrator.verify.sentences.wording import NO_NAME, WordToken

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
_NO_TOPIC = NO_NAME - frozenset(["to", "of", "for", "it"])
_FEW = 20
_ROOTS = ("object", "array", "list")
_ONE = Bound(least=1)


class Words(Keys):
    """Reads what is claimed of `files`."""

    def objects(self) -> Objects | None:
        """Take what stands behind "has"."""
        return self.reader.first(
            self.counts, self._elements, self.valued_key, self.nested, self.keys, self._sections, self._licence,
            self._link, self._form, self._texts, self.bare_keys,
        )  # fmt: skip

    def _alone(self, about: About | None) -> Objects | None:
        return None if about is None else ([about], False)

    def counts(self) -> Objects | None:
        """Take how many of something there are."""
        reader = self.reader
        if reader.say("word count of", "length of", "word count"):
            wanted = bound(reader)
            return None if wanted is None else ([has_count(self.unit() or "word", wanted)], False)
        reader.say("list of", "array of", "list with", "array with")
        wanted = bound(reader)
        unit = self.unit() if wanted else None
        reader.say("of text", "of data")
        if wanted is None or unit is None or reader.say("of", "with", "for", "about", "that", "on", "named", "called"):
            return None
        is_long = reader.say("long", "in total", "in length", "total")
        if unit == "character" and not is_long and wanted.most < _FEW:
            return None  # those of a story, perhaps
        reader.say("( inclusive )", "inclusive", ", inclusive")
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
        is_topic = (
            0 < len(words) <= 5 and not any(word in _NO_TOPIC for word in words) and words[0] not in ("one", "another")
        )
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
        if (
            kind is None
            and is_sure in ("well-formed", "parseable", "parsable")
            and reader.is_done
            and len(formats) == 1
        ):
            kind = formats.pop() or None
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
            if reader.say("length", "size") and (wanted := bound(reader)):
                return [has_count("item", wanted)]
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

    def _quoted(self) -> WordToken | None:
        token = self.reader.take("quoted", "file")
        return token if token is not None and token.is_quoted else None
