"""What a sentence says of the files that it names: that they are, have, match, mention something. Pure."""

from collections.abc import Sequence

from orchestrator.verify.sentences.claims import (
    LICENCES,
    About,
    claim_any,
    claim_content,
    claim_none,
    has_count,
    has_file,
    has_licence_text,
    is_empty,
    is_same_as,
    is_text,
    is_unchanged,
    lacks_file,
    leads_to,
    negate_claim,
)
from orchestrator.verify.sentences.holdings import Key, compares_with_key, has_keys
from orchestrator.verify.sentences.keys import KEY_NOUNS, Objects
from orchestrator.verify.sentences.naming import Naming
from orchestrator.verify.sentences.numbers import Bound, take_comparison, take_number
from orchestrator.verify.sentences.objects import Words
from orchestrator.verify.sentences.wording import WordToken, is_key

BE = ("is", "are", "was", "were", "be", "stays", "stay", "remains", "remain", "has been", "have been", "been", "gets")
HAVE = (
    *("has", "have", "contains", "contain", "includes", "include", "holds", "hold", "consists of", "consist of"),
    *("containing", "having", "including", "with", "comes with", "come with", "that has", "features", "is with"),
)
PRESENT = (
    *("present", "there", "included", "committed", "available", "published", "provided", "tracked", "checked in"),
    *(
        "existing",
        "added",
        "part of repo",
        "part of repository",
        "part of project",
        "part of site",
        "tracked by git",
        "tracked in git",
        "in place",
        "pushed",
        "deployed",
        "created",
    ),
)
_GONE = ("absent", "missing", "gone", "deleted", "removed", "ignored by git")
_SAME = (
    *("unchanged", "unmodified", "untouched", "identical", "equal", "byte-identical", "byte-equal", "the same"),
    *("same", "byte-for-byte identical", "byte for byte identical", "exactly same", "exactly equal", "untouched"),
    *("byte-for-byte equal", "byte-for-byte same", "bytewise identical", "exact copy", "copy", "byte-for-byte copy"),
    *("identical byte for byte", "kept unchanged", "byte-for-byte", "byte for byte", "exactly", "kept"),
    *("as-is", "as is", "verbatim", "left", "left unchanged"),
)
_CHANGED = ("changed", "modified", "altered", "edited", "touched", "different")
_ATTACHMENT = (
    *("attachment", "attached file", "attached one", "attached", "original", "original attachment", "sent"),
    *("provided attachment", "given attachment", "attachment 's content", "contents of attachment", "was"),
    *(
        "content of attachment",
        "attached original",
        "uploaded file",
        "uploaded one",
        "was attached",
        "it was attached",
        "it was sent",
        "provided",
        "given",
    ),
)
_EXACTLY = ("exactly", "byte for byte", "byte-for-byte", "verbatim", "precisely", ", byte for byte", "bit for bit")

_SAME_CONTENT = tuple(
    f"{exactly}{said}"
    for exactly in ("", "exactly ")
    for said in ("same content as", "same contents as", "same bytes as", "same text as", "content of", "contents of")
)

Clause = tuple[str, About]
"""The file that a clause is about, and what it claims."""


class Predicates(Naming):
    """Takes what is said of files. `had`: the last verb was "has", so that more of what it has may follow."""

    had = False

    def take_value_clauses(self, names: Sequence[str], keys: Sequence[WordToken] = ()) -> list[Clause] | None:
        """Take keys and what they are to be, `rate` is a number say; the keys may have been taken before."""
        reader, start = self.reader, self.reader.at
        if not keys and reader.take_phrase("first line"):
            return self.take_first_line(names)
        words = Words(reader, names)
        keys = keys or self.take_key_names(is_bare=words.is_data)
        about = self._take_value_claim(words, keys) if keys else None
        if about is None:
            reader.at = start
            return None
        return [(name, about) for name in names]

    def take_key_names(self, *, is_bare: bool) -> list[WordToken]:
        """Take names of keys; `is_bare`: without quotes too."""
        reader = self.reader
        reader.take_phrase(*KEY_NOUNS, "value of", "value of key", "value of field", "values of")
        found = reader.take_list(lambda: reader.take("quoted", "file", "word") if is_bare else reader.take("quoted"))
        reader.take_phrase(*KEY_NOUNS, "value", "values")
        return found if all(is_key(token) for token in found) else []

    def _take_value_claim(self, words: Words, keys: Sequence[WordToken]) -> About | None:
        """Take "exists", "is a number", "equals 3" behind keys."""
        reader = self.reader
        is_sure = all(token.is_quoted or token.kind == "file" or "_" in token.text for token in keys)
        is_not = self.take_auxiliary()
        about: About | None = None
        if reader.take_phrase("exists", "exist"):
            about = has_keys([Key(token.text) for token in keys], is_sure=is_sure)
        elif reader.take_phrase(*BE, "equals", "equal", "=", "=="):
            is_not = reader.take_phrase("not", "never") is not None or is_not
            reader.take_phrase("both", "all", "each", "set to", "equal to", "either")
            if reader.take_phrase("present", "there"):
                about = has_keys([Key(token.text) for token in keys], is_sure=is_sure)
            elif compares_ := self._take_key_comparison(keys):
                about = compares_
            elif value := words.take_value():
                about = has_keys([Key(token.text, *value) for token in keys])
        if about is None or (is_not and len(keys) > 1):
            return None
        return negate_claim(about) if is_not else about

    def _take_key_comparison(self, keys: Sequence[WordToken]) -> About | None:
        """Take "greater than `min`" behind keys."""
        reader, start = self.reader, self.reader.at
        said = take_comparison(reader)
        token = reader.take("quoted", "file", "word") if said else None
        if said and token and is_key(token) and reader.is_done and not token.text[0].isdigit():
            return compares_with_key([key.text for key in keys], said, token.text)
        reader.at = start
        return None

    def take_first_line(self, names: Sequence[str]) -> list[Clause] | None:
        """Take "is `x`" behind "the first line"."""
        is_not = self.take_auxiliary()
        if self.reader.take_phrase(*BE, "equals") is None:
            return None
        token = self.reader.take("quoted", "file")
        if token is None or not token.is_quoted or is_not:
            return None
        return [(name, is_text(token.text, "first line")) for name in names]

    def take_predicate(self, names: Sequence[str]) -> list[Clause] | None:
        """Take a verb and what belongs to it."""
        reader = self.reader
        is_not = self.take_auxiliary()
        if reader.take_phrase("exists", "exist"):
            if (place := self.take_place()) is None:
                return None
            return [(f"{place}{name}", lacks_file if is_not else has_file) for name in names]
        return reader.take_first(
            lambda: self._take_being(names, is_not=is_not),
            lambda: self.take_having(names, is_not=is_not) if reader.take_phrase(*HAVE) else None,
            lambda: self._take_verb(names, is_not=is_not),
        )

    def _take_being(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        reader = self.reader
        if reader.take_phrase("has not been", "have not been", "has never been", "have never been"):
            is_not = True
        elif reader.take_phrase(*BE) is None:
            return None
        is_not = reader.take_phrase("not", "never") is not None or is_not
        if not is_not:  # "not all" leaves open which
            reader.take_phrase("all", "each")
        start = reader.at
        if said := reader.take_phrase(*PRESENT, *_GONE):
            return self._take_presence(names, is_not=is_not != (said in _GONE))
        reader.at = start
        place = self.take_place()
        if place is not None and reader.at > start:
            return [(f"{place}{name}", lacks_file if is_not else has_file) for name in names]
        reader.at = start
        return reader.take_first(
            lambda: self._take_state(names, is_not=is_not),
            lambda: self._combine_clauses(names, Words(reader, names).take_counts(), is_not=is_not),
            lambda: self._take_linked_from(names, is_not=is_not),
        )

    def _take_state(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        """Take "unchanged", "empty", "valid JSON", "MIT"."""
        words = Words(self.reader, names)
        about = self.reader.take_first(
            self._take_sameness,
            self._take_emptiness,
            lambda: words.take_form(may_be_bare=True),
            lambda: self._take_licence_kind(names),
        )
        return None if about is None else [(name, negate_claim(about) if is_not else about) for name in names]

    def _take_linked_from(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        reader = self.reader
        if reader.take_phrase("linked", "linked to", "referenced", "reachable") is None:
            return None
        pages = self.take_files() if reader.take_phrase("from", "in", "on", "by") else None
        if pages is None:
            return None
        found = [(page, leads_to(name, is_link=True)) for page in pages[0] for name in names]
        return self.negate_clauses(found) if is_not else found

    def _take_presence(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        """Take what may follow "committed": unchanged, as attached, in the repository."""
        reader = self.reader
        place = self.take_place()
        if place is None:
            return None
        about = reader.take_first(self._take_sameness)
        if about is not None:
            return None if is_not else [(name, about) for name in names]
        return [(f"{place}{name}", lacks_file if is_not else has_file) for name in names]

    def _take_sameness(self) -> About | None:
        """Take "unchanged", "identical to the attachment", "the same as a.txt"."""
        reader = self.reader
        if reader.take_phrase(*_CHANGED):
            reader.take_phrase("from", "in any way")
            reader.take_phrase(*_ATTACHMENT)
            return negate_claim(is_unchanged)
        if reader.take_phrase("without changes", "without any changes", "without modification", "without any change"):
            return is_unchanged
        said = reader.take_phrase(*_SAME) or reader.take_phrase("as")
        if said is None:
            return None
        if said == "as":
            return is_unchanged if reader.take_phrase(*_ATTACHMENT, "it is attached", "given", "provided") else None
        reader.take_phrase("unchanged", "identical", "content", "bytes", "file", *_SAME)
        if reader.take_phrase("to", "as", "with", "of", "from", "as in") is None:
            is_whole = said.startswith("byte") and reader.take_phrase(*_ATTACHMENT)
            needs_more = not is_whole and said in ("exactly", "copy", "exact copy", "kept", "same", "the same")
            return None if needs_more else is_unchanged
        return self._take_other_file()

    def _take_other_file(self) -> About | None:
        """Take what a file is compared with."""
        reader = self.reader
        reader.take_phrase("content of", "contents of", "bytes of")
        is_attached = reader.take_phrase(*_ATTACHMENT, "attachment named", "attachment called")
        token = reader.take("file")
        reader.take_phrase("attachment", "file")
        reader.take_phrase(*_EXACTLY, "( attachment )", "( attached )")
        if token is not None:
            return is_same_as(token.text, is_attached=is_attached is not None)
        return is_unchanged if is_attached else None

    def _take_emptiness(self) -> About | None:
        said = self.reader.take_phrase("empty", "blank", "non-empty", "nonempty")
        if said is None:
            return None
        about = claim_content(is_empty)
        return negate_claim(about) if said.startswith("non") else about

    def _take_licence_kind(self, names: Sequence[str]) -> About | None:
        """Take "MIT" behind "LICENSE is"."""
        if not all(name.upper().startswith("LICEN") for name in names):
            return None
        reader = self.reader
        reader.take_phrase("under", "text of")
        kind = reader.take_phrase(*LICENCES)
        if kind is None:
            return None
        reader.take("number")
        reader.take_phrase("licensed")
        reader.take_phrase("license", "licence", "license text", "licence text")
        return has_licence_text(kind)

    def take_having(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        """Take what files have."""
        reader, words = self.reader, Words(self.reader, names)
        counts = reader.take_first(words.take_counts)
        if counts is None and reader.take_phrase("no", "not any", "neither"):
            is_not = not is_not
        if counts is None and reader.take_phrase(*_SAME_CONTENT):
            other = self._take_other_file()
            return None if other is None else [(name, negate_claim(other) if is_not else other) for name in names]
        found = counts or words.take_objects()
        if found is None:
            return self._take_folder_files(names, is_not=is_not)
        self.had = not is_not
        return self._combine_clauses(names, found, is_not=is_not)

    def _take_folder_files(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        """Take the files that a folder has."""
        if not all(name.endswith("/") for name in names):
            return None
        inside = self.take_files()
        if inside is None or inside[1]:
            return None
        return [(f"{name}{one}", lacks_file if is_not else has_file) for name in names for one in inside[0]]

    def _take_verb(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        reader, words = self.reader, Words(self.reader, names)
        verb = reader.take_phrase(
            "mentions", "mention", "references", "reference", "parses as", "parse as", "matches", "match", "equals",
            "equal", "differs from", "starts with", "begins with", "ends with", "start with", "begin with", "end with",
            "links to", "link to", "loads", "load", "exceeds", "exceed",
        )  # fmt: skip
        if verb is None:
            return None
        stem = verb.split()[0].rstrip("s")
        return self._take_verb_object(stem, names, words, is_not=is_not)

    def _take_verb_object(self, stem: str, names: Sequence[str], words: Words, *, is_not: bool) -> list[Clause] | None:
        reader = self.reader
        about: About | None = None
        if stem in ("link", "load", "reference"):
            return self._combine_clauses(names, words.take_links(is_link=stem == "link"), is_not=is_not)
        if stem == "mention":
            found, is_either = words.take_texts(is_loose=True)
            return self._combine_clauses(names, (found, is_either), is_not=is_not) if found else None
        if stem.startswith("parse"):
            about = words.take_form()
        elif stem in ("matche", "match", "equal", "differ"):
            reader.take_phrase(*_EXACTLY)
            about = self._take_other_file()
            is_not = is_not != (stem == "differ")
        elif stem in ("start", "begin", "end"):
            reader.take_phrase("text", "line", "word", "words")
            token = reader.take("quoted", "file")
            about = is_text(token.text, "end" if stem == "end" else "start") if token and token.is_quoted else None
        elif stem == "exceed":
            return self._take_exceeding(names, is_not=is_not)
        return None if about is None else [(name, negate_claim(about) if is_not else about) for name in names]

    def _take_exceeding(self, names: Sequence[str], *, is_not: bool) -> list[Clause] | None:
        value = take_number(self.reader)
        unit = None if value is None else Words(self.reader, names).take_unit()
        if value is None or unit is None:
            return None
        about = has_count(unit, Bound(most=value) if is_not else Bound(least=value, is_open=True))
        return [(name, about) for name in names]

    def _combine_clauses(self, names: Sequence[str], objects: Objects | None, *, is_not: bool) -> list[Clause] | None:
        if objects is None:
            return None
        claims, is_either = objects
        if is_not:
            return [(name, claim_none(claims, is_either=is_either or len(claims) == 1)) for name in names]
        if is_either:
            return [(name, claim_any(claims)) for name in names]
        return [(name, about) for name in names for about in claims]

    def negate_clauses(self, clauses: Sequence[Clause]) -> list[Clause]:
        """Return the opposite of each clause."""
        return [(name, negate_claim(about)) for name, about in clauses]
