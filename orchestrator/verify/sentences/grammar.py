"""The sentences about files that are understood: which files, and what is claimed of each. Pure.

A sentence is clauses; a later one may be about the same files. Where any part is not understood, none of it is.
"""

import re
from collections.abc import Sequence

from orchestrator.core.site import LICENCE
from orchestrator.verify.sentences.claims import (
    LICENCES,
    About,
    claim_any,
    has_count,
    has_element,
    has_file,
    has_licence_text,
    lacks_file,
    leads_to,
    negate_claim,
)
from orchestrator.verify.sentences.counting import UNITS, plural_unit
from orchestrator.verify.sentences.elements import take_element
from orchestrator.verify.sentences.naming import REPOSITORY
from orchestrator.verify.sentences.numbers import Bound, take_bound
from orchestrator.verify.sentences.objects import Words
from orchestrator.verify.sentences.predicates import BE, HAVE, PRESENT, Clause, Predicates
from orchestrator.verify.sentences.structure import FORMATS
from orchestrator.verify.sentences.wording import LONGEST, Reader, split_tokens

_BULLET = re.compile(r"(?:[-*\u2022]|\d{1,2}[.)]) (?:\[[ x]\] )?")
_LEADS = tuple(
    f"{verb}{that}"
    for verb in ("check", "verify", "ensure", "confirm", "make sure", "validate", "assert", "test")
    for that in ("", " that", " whether", " if")
)
_LENGTHS = (
    "word count",
    "line count",
    "number of words",
    "number of lines",
    "character count",
    "sentence count",
    "row count",
    "number of sentences",
    "number of rows",
    "number of items",
    "number of entries",
    "length",
)
_ENTRIES = tuple(
    form for one in ("entry", "item", "object", "element", "record", "row") for form in (one, plural_unit(one))
)
_JOINTS = (
    *(";", ".", ",", "and", ", and", "but", ", but", "; and", "and it", ", and it", "which", ", which", "that"),
    *("with", ", with", "and with", "whose", ", whose", "containing", ", containing", "and they", "it", ". it", "; it"),
    *(". they", "while", ", while", "and also", "whose content"),
)


class _Sentence(Predicates):
    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.subject: Sequence[str] = ()

    def take_clauses(self) -> list[Clause] | None:
        """Take the whole sentence."""
        reader, found = self.reader, list[Clause]()
        reader.take_phrase(*_LEADS)
        while True:
            clause = reader.take_first(
                self._take_there,
                self._take_listed_files,
                self._take_no_file,
                self._take_repository,
                self._take_licensed_under,
                self._take_file_first,
                self._take_file_last,
                self._take_link_to_file,
                self._take_named_files,
                self._take_continuation,
            )
            if not clause:
                return None
            found += clause
            self.subject = list(dict.fromkeys(name for name, _ in clause))
            if reader.is_done:
                return found
            start = reader.at
            joint = reader.take_phrase(*_JOINTS)
            if joint is None or reader.is_done:
                return None
            is_of_form = reader.tokens[start - 1].low in (*FORMATS, "object", "array", "document")
            if self.had and not is_of_form and joint.split()[-1] in ("with", "containing", "whose"):
                return None  # of what the file has, not of the file
            if joint.split()[-1] in ("with", "containing", "whose"):
                reader.at = start + len(joint.split()) - 1

    def _take_there(self) -> list[Clause] | None:
        """Take "there is a README.md", "there are at least 3 words in about.md"."""
        reader = self.reader
        if reader.take_phrase("there") is None:
            return None
        is_not = self.take_auxiliary()
        if reader.take_phrase(*BE) is None:
            return None
        start = reader.at
        if counted := reader.take_first(
            self._take_count_in_file, self._take_element_in_file, self._take_link_to_file, self._take_licence
        ):
            return self.negate_clauses(counted) if is_not else counted
        reader.at = start
        is_not = (reader.take_phrase("no", "not", "not any", "never") is not None) != is_not
        return self._take_existence(is_not=is_not)

    def _take_existence(self, *, is_not: bool) -> list[Clause] | None:
        named = self.take_files()
        place = self.take_place() if named else None
        if named is None or place is None:
            return None
        names, is_either = named
        if is_either and not is_not:
            return [(names[0], _has_any_file(names))]
        return [(f"{place}{name}", lacks_file if is_not else has_file) for name in names]

    def _take_listed_files(self) -> list[Clause] | None:
        """Take "the following files must exist: a.md, b.md"."""
        reader = self.reader
        reader.take_phrase("these", "following", "required")
        if reader.take_phrase("files", "required files") is None or self.take_auxiliary():
            return None
        if reader.take_phrase("exist") is None and (
            reader.take_phrase(*BE) is None or reader.take_phrase(*PRESENT) is None
        ):
            return None
        place = self.take_place()
        if place is None or reader.take_phrase(":") is None or (named := self.take_files()) is None or named[1]:
            return None
        return [(f"{place}{name}", has_file) for name in named[0]]

    def _take_no_file(self) -> list[Clause] | None:
        """Take "no file named x exists", "x and y, no such files"."""
        reader = self.reader
        if reader.take_phrase("no", "neither") is None:
            return None
        named = self.take_files()
        if named is None:
            return None
        if self.take_auxiliary():
            return None
        if reader.take_phrase("exists", "exist") is None:
            is_said = reader.take_phrase(*BE) and (reader.take_phrase(*PRESENT) or reader.peek().low in ("in", "at"))
            if not is_said:
                return None
        return None if self.take_place() is None else [(name, lacks_file) for name in named[0]]

    def _take_repository(self) -> list[Clause] | None:
        """Take "the repo has a README.md", "the repository must not contain out.json"."""
        reader = self.reader
        reader.take_phrase("github", "public", "git")
        if reader.take_phrase(*REPOSITORY) is None and self.subject:
            return None
        reader.take_phrase("root", "root folder", "root directory")
        is_not = self.take_auxiliary()
        if (
            reader.take_phrase("uses", "use", "is under", "are under", "is licensed under", "be licensed under", *HAVE)
            is None
        ):
            return None
        start = reader.at
        if licence := self._take_licence():
            return None if is_not else licence
        reader.at = start
        is_not = (reader.take_phrase("no", "not any") is not None) != is_not
        return self._take_existence(is_not=is_not)

    def _take_licensed_under(self) -> list[Clause] | None:
        """Take "MIT licence is there", "licensed under MIT", "has an MIT licence"."""
        reader = self.reader
        reader.take_phrase("has", "uses", "licensed under", "is licensed under", "under")
        return self._take_licence()

    def _take_licence(self) -> list[Clause] | None:
        reader = self.reader
        reader.take_phrase("valid", "standard", "full", "open source")
        kind = reader.take_phrase(
            *LICENCES, *(f"{kind}-license" for kind in LICENCES), *(f"{kind}-licence" for kind in LICENCES)
        )
        if kind is None:
            return None
        if "-" not in kind and reader.take_phrase("license", "licence", "license file", "licence file") is None:
            last = reader.take("file")
            if last is None or not last.low.startswith("licen"):
                return None
        reader.take_phrase("file", "text")
        if self.take_auxiliary():
            return None
        if reader.take_phrase(*BE):
            if reader.take_phrase(*PRESENT) is None and reader.peek().low not in ("in", "at"):
                return None
        else:
            reader.take_phrase("exists", "exist")
        if self.take_place() is None:
            return None
        return [(LICENCE, has_licence_text(kind.partition("-")[0]))]

    def _take_file_first(self) -> list[Clause] | None:
        """Take "in data.json, `rate` is a number", "data.json's `rate` is 3", "the `rate` in data.json is 3"."""
        reader = self.reader
        if reader.take_phrase("in", "inside", "within", "for"):
            name = self.take_file()
            reader.take_phrase(",")
            return None if name is None else self.take_value_clauses([name]) or self.take_predicate([name])
        names = self.take_files()
        if names is None or reader.take_phrase("'s") is None:
            return None
        return self.take_value_clauses(names[0])

    def _take_file_last(self) -> list[Clause] | None:
        """Take "word count of x is between …", "at least 3 words in x", "`rate` in data.json is 3", "key a in x"."""
        reader = self.reader
        start = reader.at
        if unit := reader.take_phrase(*_LENGTHS):
            return self._take_length(unit)
        if counted := reader.take_first(self._take_count_in_file, self._take_element_in_file):
            return counted
        reader.at = start
        return reader.take_first(self._take_first_line_of, self._take_each_entry, self._take_keys_in_file)

    def _take_first_line_of(self) -> list[Clause] | None:
        name = self.take_file() if self.reader.take_phrase("first line of") else None
        return None if name is None else self.take_first_line([name])

    def _take_each_entry(self) -> list[Clause] | None:
        """Take "each entry in list.json has the keys a and b"."""
        reader = self.reader
        is_each = (
            reader.take_phrase("each", "every", "all")
            and reader.take_phrase(*_ENTRIES)
            and reader.take_phrase("in", "of")
        )
        name = self.take_file() if is_each else None
        if name is None or self.take_auxiliary() or reader.take_phrase(*HAVE) is None:
            return None
        found = Words(reader, [name]).take_keys(is_each=True)
        return [(name, about) for about in found[0]] if found else None

    def _take_keys_in_file(self) -> list[Clause] | None:
        """Take "`rate` in data.json is a number"."""
        keys = self.take_key_names(is_bare=True)
        name = self.take_file() if keys and self.reader.take_phrase("in", "of", "inside") else None
        if name is None or not (Words(self.reader, [name]).is_data or all(token.is_quoted for token in keys)):
            return None
        return self.take_value_clauses([name], keys)

    def _take_length(self, said: str, names: tuple[list[str], bool] | None = None) -> list[Clause] | None:
        reader = self.reader
        reader.take_phrase("of", "in")
        names = names or self.take_files()
        is_not = self.take_auxiliary()
        if names is None or reader.take_phrase(*BE) is None:
            return None
        is_not = (reader.take_phrase("not", "never") is not None) != is_not
        wanted = take_bound(reader)
        # "word count" and "number of words" name the unit; "length" leaves it to what follows.
        named = UNITS.get(said.rsplit(maxsplit=1)[-1]) or UNITS.get(said.split(maxsplit=1)[0])
        unit = Words(reader, names[0]).take_unit() or named
        if wanted is None or unit is None:
            return None
        reader.take_phrase("long")
        about = has_count(unit, wanted)
        return [(name, negate_claim(about) if is_not else about) for name in names[0]]

    def _take_count_in_file(self) -> list[Clause] | None:
        """Take "at least three words in about.md"."""
        reader, start = self.reader, self.reader.at
        found = Words(reader, ()).take_counts()
        if (
            found is None
            or reader.take_phrase("in", "inside", "within", "on") is None
            or (names := self.take_files()) is None
        ):
            reader.at = start
            return None
        return [(name, about) for name in names[0] for about in found[0]]

    def _take_element_in_file(self) -> list[Clause] | None:
        """Take "an element with id total exists in index.html"."""
        reader = self.reader
        found = take_element(reader)
        if found is None:
            return None
        is_not = self.take_auxiliary()
        if reader.take_phrase("exists", "exist") is None and reader.take_phrase(*BE):
            is_not = (reader.take_phrase("not", "never") is not None) != is_not
            if reader.take_phrase(*PRESENT) is None and reader.peek().low != "in":
                return None
        name = self.take_file() if reader.take_phrase("in", "on") else None
        if name is None:
            return None
        about = has_element(found, Bound(least=1))
        return [(name, negate_claim(about) if is_not else about)]

    def _take_link_to_file(self) -> list[Clause] | None:
        """Take "a link to about.html is on index.html"; the other order is a predicate."""
        reader = self.reader
        if reader.take_phrase("link to", "links to") is None or (goals := self.take_files()) is None:
            return None
        reader.take_phrase("exists", "exist")
        reader.take_phrase(*BE)
        reader.take_phrase(*PRESENT)
        if reader.take_phrase("in", "on", "from") is None or (pages := self.take_files()) is None:
            return None
        return [(page, leads_to(goal, is_link=True)) for page in pages[0] for goal in goals[0]]

    def _take_named_files(self) -> list[Clause] | None:
        """Take names of files, and what is said of them."""
        named = self.take_files()
        if named is None:
            return None
        names, is_either = named
        if is_either:  # "a or b exists"; more of either is not understood
            reader = self.reader
            if self.take_auxiliary():
                return None
            is_there = reader.take_phrase("exists", "exist") or (
                reader.take_phrase(*BE) and reader.take_phrase(*PRESENT)
            )
            return [(names[0], _has_any_file(names))] if is_there and self.take_place() is not None else None
        return self.reader.take_first(
            lambda: self.take_predicate(names),
            lambda: self._take_after_colon(names),
            lambda: self._take_value_of_files(named),
        )

    def _take_value_of_files(self, named: tuple[list[str], bool]) -> list[Clause] | None:
        """Take "notes.txt word count is 3", "data.json `rate` is a number"."""
        if unit := self.reader.take_phrase(*_LENGTHS):
            return self._take_length(unit, named)
        return self.take_value_clauses(named[0])

    def _take_after_colon(self, names: Sequence[str]) -> list[Clause] | None:
        """Take "notes.txt: 300-400 words", "data.json: `rate` is a number"."""
        if self.reader.take_phrase(":") is None:
            return None
        return self.reader.take_first(
            lambda: self.take_value_clauses(names),
            lambda: self.take_having(names, is_not=False),
            lambda: self.take_predicate(names),
        )

    def _take_each_of_them(self, names: Sequence[str]) -> list[Clause] | None:
        """Take "each with the keys a and b" behind a list."""
        reader = self.reader
        if (
            reader.take_phrase("each", "each of them", "all of them") is None
            or self.take_auxiliary()
            or reader.take_phrase(*HAVE) is None
        ):
            return None
        found = Words(reader, names).take_keys(is_each=True)
        return [(name, about) for name in names for about in found[0]] if found else None

    def _take_continuation(self) -> list[Clause] | None:
        """Take more about the same files."""
        if not self.subject:
            return None
        names = self.subject
        self.reader.take_phrase("it", "they", "file", "each", "content", "contents")
        if self.reader.take_phrase("whose"):
            return self.take_value_clauses(names)
        had, self.had = self.had, False
        if each := self.reader.take_first(lambda: self._take_each_of_them(names)):
            return each
        return self.reader.take_first(
            lambda: self.take_predicate(names),
            lambda: self.take_value_clauses(names),
            lambda: self.take_having(names, is_not=False) if had else None,
        )


def _has_any_file(names: Sequence[str]) -> About:
    return claim_any([lambda repository, _, name=name: has_file(repository, name) for name in names])  # type: ignore[misc]


def _strip_bullet(text: str) -> str:
    line = " ".join(text.split())
    bullet = _BULLET.match(line)
    return line[bullet.end() :] if bullet else line


def parse_sentence(text: str) -> list[Clause] | None:
    """Return what a sentence claims of which files, None if any part of it is not understood."""
    if not 0 < len(text) <= LONGEST:
        return None
    reader = Reader(split_tokens(_strip_bullet(text)))
    if any(token.kind == "other" for token in reader.tokens):
        return None
    return _Sentence(reader).take_clauses()
