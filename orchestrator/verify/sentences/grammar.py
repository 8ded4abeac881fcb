"""The sentences about files that are understood: which files, and what is claimed of each. Pure.

A sentence is clauses; a later one may be about the same files. Where any part is not understood, none of it is.
"""

import re
from collections.abc import Sequence

from orchestrator.core.site import LICENCE
from orchestrator.verify.sentences.claims import (
    LICENCES,
    About,
    absent,
    denied,
    exists,
    has_count,
    has_element,
    leads_to,
    licensed,
    one_of,
)
from orchestrator.verify.sentences.counting import UNITS, plural
from orchestrator.verify.sentences.elements import element
from orchestrator.verify.sentences.naming import REPOSITORY
from orchestrator.verify.sentences.numbers import Bound, bound
from orchestrator.verify.sentences.objects import Words
from orchestrator.verify.sentences.predicates import BE, HAVE, PRESENT, Clause, Predicates
from orchestrator.verify.sentences.structure import FORMATS
from orchestrator.verify.sentences.wording import LONGEST, Reader, tokens

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
_ENTRIES = tuple(form for one in ("entry", "item", "object", "element", "record", "row") for form in (one, plural(one)))
_JOINTS = (
    *(";", ".", ",", "and", ", and", "but", ", but", "; and", "and it", ", and it", "which", ", which", "that"),
    *("with", ", with", "and with", "whose", ", whose", "containing", ", containing", "and they", "it", ". it", "; it"),
    *(". they", "while", ", while", "and also", "whose content"),
)


class _Sentence(Predicates):
    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.subject: Sequence[str] = ()

    def clauses(self) -> list[Clause] | None:
        """Take the whole sentence."""
        reader, found = self.reader, list[Clause]()
        reader.say(*_LEADS)
        while True:
            clause = reader.first(
                self._there, self._listed_behind, self._no_file, self._repository, self._licence, self._inside,
                self._outside, self._linked, self._plain, self._continued,
            )  # fmt: skip
            if not clause:
                return None
            found += clause
            self.subject = list(dict.fromkeys(name for name, _ in clause))
            if reader.is_done:
                return found
            start = reader.at
            joint = reader.say(*_JOINTS)
            if joint is None or reader.is_done:
                return None
            is_of_form = reader.tokens[start - 1].low in (*FORMATS, "object", "array", "document")
            if self.had and not is_of_form and joint.split()[-1] in ("with", "containing", "whose"):
                return None  # of what the file has, not of the file
            if joint.split()[-1] in ("with", "containing", "whose"):
                reader.at = start + len(joint.split()) - 1

    def _there(self) -> list[Clause] | None:
        """Take "there is a README.md", "there are at least 3 words in about.md"."""
        reader = self.reader
        if reader.say("there") is None:
            return None
        is_not = self.auxiliary()
        if reader.say(*BE) is None:
            return None
        start = reader.at
        if counted := reader.first(self._count_in, self._element_in, self._linked, self._licence_of):
            return self.deny(counted) if is_not else counted
        reader.at = start
        is_not = (reader.say("no", "not", "not any", "never") is not None) != is_not
        return self._existence(is_not=is_not)

    def _existence(self, *, is_not: bool) -> list[Clause] | None:
        named = self.files()
        place = self.place() if named else None
        if named is None or place is None:
            return None
        names, is_either = named
        if is_either and not is_not:
            return [(names[0], _any_exists(names))]
        return [(f"{place}{name}", absent if is_not else exists) for name in names]

    def _listed_behind(self) -> list[Clause] | None:
        """Take "the following files must exist: a.md, b.md"."""
        reader = self.reader
        reader.say("these", "following", "required")
        if reader.say("files", "required files") is None or self.auxiliary():
            return None
        if reader.say("exist") is None and (reader.say(*BE) is None or reader.say(*PRESENT) is None):
            return None
        place = self.place()
        if place is None or reader.say(":") is None or (named := self.files()) is None or named[1]:
            return None
        return [(f"{place}{name}", exists) for name in named[0]]

    def _no_file(self) -> list[Clause] | None:
        """Take "no file named x exists", "x and y, no such files"."""
        reader = self.reader
        if reader.say("no", "neither") is None:
            return None
        named = self.files()
        if named is None:
            return None
        if self.auxiliary():
            return None
        if reader.say("exists", "exist") is None:
            is_said = reader.say(*BE) and (reader.say(*PRESENT) or reader.peek().low in ("in", "at"))
            if not is_said:
                return None
        return None if self.place() is None else [(name, absent) for name in named[0]]

    def _repository(self) -> list[Clause] | None:
        """Take "the repo has a README.md", "the repository must not contain out.json"."""
        reader = self.reader
        reader.say("github", "public", "git")
        if reader.say(*REPOSITORY) is None and self.subject:
            return None
        reader.say("root", "root folder", "root directory")
        is_not = self.auxiliary()
        if reader.say("uses", "use", "is under", "are under", "is licensed under", "be licensed under", *HAVE) is None:
            return None
        start = reader.at
        if licence := self._licence_of():
            return None if is_not else licence
        reader.at = start
        is_not = (reader.say("no", "not any") is not None) != is_not
        return self._existence(is_not=is_not)

    def _licence(self) -> list[Clause] | None:
        """Take "MIT licence is there", "licensed under MIT", "has an MIT licence"."""
        reader = self.reader
        reader.say("has", "uses", "licensed under", "is licensed under", "under")
        return self._licence_of()

    def _licence_of(self) -> list[Clause] | None:
        reader = self.reader
        reader.say("valid", "standard", "full", "open source")
        kind = reader.say(
            *LICENCES, *(f"{kind}-license" for kind in LICENCES), *(f"{kind}-licence" for kind in LICENCES)
        )
        if kind is None:
            return None
        if "-" not in kind and reader.say("license", "licence", "license file", "licence file") is None:
            last = reader.take("file")
            if last is None or not last.low.startswith("licen"):
                return None
        reader.say("file", "text")
        if self.auxiliary():
            return None
        if reader.say(*BE):
            if reader.say(*PRESENT) is None and reader.peek().low not in ("in", "at"):
                return None
        else:
            reader.say("exists", "exist")
        if self.place() is None:
            return None
        return [(LICENCE, licensed(kind.partition("-")[0]))]

    def _inside(self) -> list[Clause] | None:
        """Take "in data.json, `rate` is a number", "data.json's `rate` is 3", "the `rate` in data.json is 3"."""
        reader = self.reader
        if reader.say("in", "inside", "within", "for"):
            name = self.file()
            reader.say(",")
            return None if name is None else self.value_in([name]) or self.predicate([name])
        names = self.files()
        if names is None or reader.say("'s") is None:
            return None
        return self.value_in(names[0])

    def _outside(self) -> list[Clause] | None:
        """Take "word count of x is between …", "at least 3 words in x", "`rate` in data.json is 3", "key a in x"."""
        reader = self.reader
        start = reader.at
        if unit := reader.say(*_LENGTHS):
            return self._length(unit)
        if counted := reader.first(self._count_in, self._element_in):
            return counted
        reader.at = start
        return reader.first(self._first_line_of, self._each, self._keys_in)

    def _first_line_of(self) -> list[Clause] | None:
        name = self.file() if self.reader.say("first line of") else None
        return None if name is None else self.first_line([name])

    def _each(self) -> list[Clause] | None:
        """Take "each entry in list.json has the keys a and b"."""
        reader = self.reader
        is_each = reader.say("each", "every", "all") and reader.say(*_ENTRIES) and reader.say("in", "of")
        name = self.file() if is_each else None
        if name is None or self.auxiliary() or reader.say(*HAVE) is None:
            return None
        found = Words(reader, [name]).keys(is_each=True)
        return [(name, about) for about in found[0]] if found else None

    def _keys_in(self) -> list[Clause] | None:
        """Take "`rate` in data.json is a number"."""
        keys = self.keys(is_bare=True)
        name = self.file() if keys and self.reader.say("in", "of", "inside") else None
        if name is None or not (Words(self.reader, [name]).is_data or all(token.is_quoted for token in keys)):
            return None
        return self.value_in([name], keys)

    def _length(self, said: str, names: tuple[list[str], bool] | None = None) -> list[Clause] | None:
        reader = self.reader
        reader.say("of", "in")
        names = names or self.files()
        is_not = self.auxiliary()
        if names is None or reader.say(*BE) is None:
            return None
        is_not = (reader.say("not", "never") is not None) != is_not
        wanted = bound(reader)
        # "word count" and "number of words" name the unit; "length" leaves it to what follows.
        named = UNITS.get(said.rsplit(maxsplit=1)[-1]) or UNITS.get(said.split(maxsplit=1)[0])
        unit = Words(reader, names[0]).unit() or named
        if wanted is None or unit is None:
            return None
        reader.say("long")
        about = has_count(unit, wanted)
        return [(name, denied(about) if is_not else about) for name in names[0]]

    def _count_in(self) -> list[Clause] | None:
        """Take "at least three words in about.md"."""
        reader, start = self.reader, self.reader.at
        found = Words(reader, ()).counts()
        if found is None or reader.say("in", "inside", "within", "on") is None or (names := self.files()) is None:
            reader.at = start
            return None
        return [(name, about) for name in names[0] for about in found[0]]

    def _element_in(self) -> list[Clause] | None:
        """Take "an element with id total exists in index.html"."""
        reader = self.reader
        found = element(reader)
        if found is None:
            return None
        is_not = self.auxiliary()
        if reader.say("exists", "exist") is None and reader.say(*BE):
            is_not = (reader.say("not", "never") is not None) != is_not
            if reader.say(*PRESENT) is None and reader.peek().low != "in":
                return None
        name = self.file() if reader.say("in", "on") else None
        if name is None:
            return None
        about = has_element(found, Bound(least=1))
        return [(name, denied(about) if is_not else about)]

    def _linked(self) -> list[Clause] | None:
        """Take "a link to about.html is on index.html"; the other order is a predicate."""
        reader = self.reader
        if reader.say("link to", "links to") is None or (goals := self.files()) is None:
            return None
        reader.say("exists", "exist")
        reader.say(*BE)
        reader.say(*PRESENT)
        if reader.say("in", "on", "from") is None or (pages := self.files()) is None:
            return None
        return [(page, leads_to(goal, is_link=True)) for page in pages[0] for goal in goals[0]]

    def _plain(self) -> list[Clause] | None:
        """Take names of files, and what is said of them."""
        named = self.files()
        if named is None:
            return None
        names, is_either = named
        if is_either:  # "a or b exists"; more of either is not understood
            reader = self.reader
            if self.auxiliary():
                return None
            is_there = reader.say("exists", "exist") or (reader.say(*BE) and reader.say(*PRESENT))
            return [(names[0], _any_exists(names))] if is_there and self.place() is not None else None
        return self.reader.first(
            lambda: self.predicate(names), lambda: self._after_colon(names), lambda: self._of_them(named)
        )

    def _of_them(self, named: tuple[list[str], bool]) -> list[Clause] | None:
        """Take "notes.txt word count is 3", "data.json `rate` is a number"."""
        if unit := self.reader.say(*_LENGTHS):
            return self._length(unit, named)
        return self.value_in(named[0])

    def _after_colon(self, names: Sequence[str]) -> list[Clause] | None:
        """Take "notes.txt: 300-400 words", "data.json: `rate` is a number"."""
        if self.reader.say(":") is None:
            return None
        return self.reader.first(
            lambda: self.value_in(names),
            lambda: self.having(names, is_not=False),
            lambda: self.predicate(names),
        )

    def _each_of(self, names: Sequence[str]) -> list[Clause] | None:
        """Take "each with the keys a and b" behind a list."""
        reader = self.reader
        if reader.say("each", "each of them", "all of them") is None or self.auxiliary() or reader.say(*HAVE) is None:
            return None
        found = Words(reader, names).keys(is_each=True)
        return [(name, about) for name in names for about in found[0]] if found else None

    def _continued(self) -> list[Clause] | None:
        """Take more about the same files."""
        if not self.subject:
            return None
        names = self.subject
        self.reader.say("it", "they", "file", "each", "content", "contents")
        if self.reader.say("whose"):
            return self.value_in(names)
        had, self.had = self.had, False
        if each := self.reader.first(lambda: self._each_of(names)):
            return each
        return self.reader.first(
            lambda: self.predicate(names),
            lambda: self.value_in(names),
            lambda: self.having(names, is_not=False) if had else None,
        )


def _any_exists(names: Sequence[str]) -> About:
    return one_of([lambda repository, _, name=name: exists(repository, name) for name in names])  # type: ignore[misc]


def _without_bullet(text: str) -> str:
    line = " ".join(text.split())
    bullet = _BULLET.match(line)
    return line[bullet.end() :] if bullet else line


def understood(text: str) -> list[Clause] | None:
    """Return what a sentence claims of which files, None if any part of it is not understood."""
    if not 0 < len(text) <= LONGEST:
        return None
    reader = Reader(tokens(_without_bullet(text)))
    if any(token.kind == "other" for token in reader.tokens):
        return None
    return _Sentence(reader).clauses()
