"""What a file "has" or "contains", read from a sentence: counts, keys, sections, elements, texts, links. Pure."""

from orchestrator.verify.sentences.claims import (
    LICENCES,
    About,
    claim_all,
    claim_content,
    has_count,
    has_element,
    has_licence_text,
    has_section,
    has_text,
    has_title,
    is_text,
    is_titled,
    leads_to,
)
from orchestrator.verify.sentences.counting import UNITS
from orchestrator.verify.sentences.elements import take_element
from orchestrator.verify.sentences.holdings import entries_are, has_form
from orchestrator.verify.sentences.keys import Keys, Objects
from orchestrator.verify.sentences.numbers import Bound, take_bound
from orchestrator.verify.sentences.structure import FORMATS, TYPES, promised_format, type_test
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

    def take_objects(self) -> Objects | None:
        """Take what stands behind "has"."""
        return self.reader.take_first(
            self.take_counts,
            self._take_elements,
            self.take_valued_key,
            self.take_nested_keys,
            self.take_keys,
            self._take_sections,
            self._take_licence,
            self._take_link,
            self._take_sole_form,
            self._take_text_objects,
            self.take_bare_keys,
        )

    def _single_claim(self, about: About | None) -> Objects | None:
        return None if about is None else ([about], False)

    def take_counts(self) -> Objects | None:
        """Take how many of something there are."""
        reader = self.reader
        if reader.take_phrase("word count of", "length of", "word count"):
            wanted = take_bound(reader)
            return None if wanted is None else ([has_count(self.take_unit() or "word", wanted)], False)
        reader.take_phrase("list of", "array of", "list with", "array with")
        wanted = take_bound(reader)
        unit = self.take_unit() if wanted else None
        reader.take_phrase("of text", "of data")
        if (
            wanted is None
            or unit is None
            or reader.take_phrase("of", "with", "for", "about", "that", "on", "named", "called")
        ):
            return None
        is_long = reader.take_phrase("long", "in total", "in length", "total")
        if unit == "character" and not is_long and wanted.most < _FEW:
            return None  # those of a story, perhaps
        reader.take_phrase("( inclusive )", "inclusive", ", inclusive")
        return [has_count(unit, wanted)], False

    def take_unit(self) -> str | None:
        """Take what is counted."""
        self.reader.take_phrase("-", "non-blank", "whole")
        said = self.reader.take_phrase(*UNITS)
        return UNITS[said] if said else None

    def _take_elements(self) -> Objects | None:
        wanted = take_bound(self.reader) or _ONE
        found, is_either = self.reader.take_joined(lambda: take_element(self.reader))
        return ([has_element(one, wanted) for one in found], is_either) if found else None

    def _take_sections(self) -> Objects | None:
        reader = self.reader
        if reader.take_phrase("title", "top-level heading", "level-1 heading", "main heading", "h1", "h1 heading"):
            text = reader.take("quoted")
            return self._single_claim(is_titled(text.text) if text else claim_content(has_title))
        reader.take_phrase("following")
        if reader.take_phrase(*_SECTION_NOUNS):
            reader.take_phrase("on", "for", "about", "called", "named", "titled", ":", "on how to use")
            found, is_either = reader.take_joined(self._take_topic)
        else:
            found, is_either = reader.take_joined(self._take_topic)
            if reader.take_phrase(*_SECTION_NOUNS) is None:
                return None
        return (found, is_either) if found else None

    def _take_topic(self) -> About | None:
        """Take what a section is about: a text between quotes, or up to five words."""
        reader = self.reader
        if token := reader.take("quoted"):
            bare = token.text.lstrip("# ").strip()
            return has_section(bare) if bare else None
        words: list[str] = []
        reader.skip_articles()
        while reader.peek().kind == "word" and reader.peek().low not in (*_SECTION_NOUNS, "and", "or", "nor", "plus"):
            words.append(reader.peek().low)
            reader.at += 1
        is_topic = (
            0 < len(words) <= 5 and not any(word in _NO_TOPIC for word in words) and words[0] not in ("one", "another")
        )
        return has_section(" ".join(words)) if is_topic else None

    def _take_licence(self) -> Objects | None:
        reader = self.reader
        reader.take_phrase("full", "complete", "standard", "text of", "full text of")
        kind = reader.take_phrase(*LICENCES)
        if kind is None:
            return None
        reader.take_phrase("2.0", "version 2.0", "-")
        has_noun = reader.take_phrase("license", "licence", "license text", "licence text", "license notice")
        if not has_noun and not all(name.upper().startswith("LICEN") for name in self.files):
            return None
        return self._single_claim(has_licence_text(kind))

    def _take_link(self) -> Objects | None:
        reader = self.reader
        if (
            reader.take_phrase(
                "link to", "links to", "link pointing to", "hyperlink to", "hyperlinks to", "reference to"
            )
            is None
        ):
            return None
        return self.take_links(is_link=True)

    def take_links(self, *, is_link: bool) -> Objects | None:
        """Take the files that a page leads to."""
        reader = self.reader
        reader.take_phrase("files", "file", "all of", "each of")
        reader.take_phrase(":")
        found, is_either = reader.take_joined(lambda: reader.take("file"), is_object=True)
        return ([leads_to(token.text, is_link=is_link) for token in found], is_either) if found else None

    def _take_sole_form(self) -> Objects | None:
        return self._single_claim(self.take_form())

    def take_form(self, *, may_be_bare: bool = False) -> About | None:
        """Take "valid JSON", "a JSON array", "well-formed XML"; `may_be_bare`: "an array" alone."""
        reader = self.reader
        reader.skip_articles()
        is_sure = reader.take_phrase(
            "valid", "well-formed", "parseable", "parsable", "syntactically valid", "proper", "correct"
        )
        kind = reader.take_phrase(*sorted(FORMATS))
        formats = {promised_format(name) for name in self.files}
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
        root = reader.take_phrase(*_ROOTS) if kind in ("json", "yaml") else None
        reader.take_phrase("file", "document", "image", "data", "content", "syntax", "format", "picture")
        is_own = all(promised_format(name) == kind for name in self.files)
        if not (is_sure or root or is_own or kind not in ("yaml", "csv")):
            return None
        form = has_form(kind, {"object": "an object", "array": "a list", "list": "a list"}.get(root or "", ""))
        inside = self._take_list_contents() if root in ("array", "list") else []
        return claim_all([form, *inside]) if inside else form

    def _take_list_contents(self) -> list[About]:
        """Take "of at least two objects", "with three entries" behind a list."""
        reader, start = self.reader, self.reader.at
        if reader.take_phrase("of", "with", "containing", "that has", "that contains"):
            if reader.take_phrase("length", "size") and (wanted := take_bound(reader)):
                return [has_count("item", wanted)]
            if counts := reader.take_first(self.take_counts):
                return [*counts[0]]
            if (type_ := reader.take_phrase(*TYPES)) and reader.tokens[start].low == "of":
                return [entries_are(type_test(type_), f"of type {type_}")]
        reader.at = start
        return []

    def _take_text_objects(self) -> Objects | None:
        reader = self.reader
        is_only = reader.take_phrase("only", "exactly", "nothing but", "just")
        noun = reader.take_phrase(*_TEXT_NOUNS)
        found, is_either = self.take_texts(is_loose=False, wants_only=bool(is_only))
        if not found or (not noun and self.is_data and not is_only):
            return None
        return (found, is_either) if not is_only or len(found) == 1 else None

    def take_texts(self, *, is_loose: bool, wants_only: bool = False) -> tuple[list[About], bool]:
        """Take texts between quotes, or, where something is only mentioned, names of files."""
        reader = self.reader

        def take_text() -> About | None:
            reader.take_phrase(*_TEXT_NOUNS)
            start = reader.at
            if reader.tokens[reader.at - 1].low in ("year", "number") and (digits := reader.take("number")):
                return has_text(digits.text, is_loose=is_loose)
            token = reader.take("quoted", "file") if is_loose else self._take_quoted()
            if token is None:
                reader.at = start
                return None
            reader.take_phrase("text", "string", "placeholder", "typo", "phrase")
            return is_text(token.text) if wants_only else has_text(token.text, is_loose=is_loose)

        return reader.take_joined(take_text, is_object=True)

    def _take_quoted(self) -> WordToken | None:
        token = self.reader.take("quoted", "file")
        return token if token is not None and token.is_quoted else None
