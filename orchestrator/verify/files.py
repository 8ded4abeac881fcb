"""Checks about the repository, decided by rules. Pure.

A check is one of these only where all of it is understood, "README.md exists and has a section on usage" say; what
asks for more, that it be professional say, is prose.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.site import LICENCE
from orchestrator.verify.checks import Shown


@dataclass(frozen=True)
class Repository:
    """What a check may ask about. `files`: path -> bytes; `attachments`: those of all rounds, as they were sent."""

    files: Mapping[str, bytes]
    attachments: Mapping[str, bytes]

    def file(self, name: str) -> bytes | None:
        """Return the file that a check names, in whatever case where no other has that name."""
        path = self.path(name)
        return None if path is None else self.files[path]

    def path(self, name: str) -> str | None:
        """Return the path that `name` means: `license` is `LICENSE`, and `readme` is `README.md`."""
        named = _KNOWN.get(name.lower(), name)
        if named in self.files:
            return named
        # Only of these two does nobody care how they are written: a page that fetches one cares.
        also = [path for path in self.files if path.lower() == named.lower()]
        return also[0] if also and named in _KNOWN.values() else None


Rule = Callable[[Repository, str, re.Match[str]], Shown]
"""Decides one clause: the repository, the file that the clause is about, and what the clause says."""

_KNOWN = {"readme": "README.md", "readme.md": "README.md", "license": LICENCE, "licence": LICENCE}
_MIT = ("mit license", "permission is hereby granted, free of charge", 'the software is provided "as is"')

_PATH = r"(?:[\w@%+.-]+/)*[\w@%+-]+(?:\.[\w-]+)+|readme|licen[cs]e"
_FILE = rf"(?:the |a |an )?(?:file )?[`\"']?(?P<file>{_PATH})[`\"']?(?: file)?"
_REPO = r"(?:the |this )?(?:repo(?:sitory)?|project|root)"


def _exists(repository: Repository, name: str, _: re.Match[str]) -> Shown:
    path = repository.path(name)
    return (True, f"{path} is there") if path else (False, f"there is no {name}")


def _is_mit(repository: Repository, _: str, __: re.Match[str]) -> Shown:
    text = " ".join((repository.file(LICENCE) or b"").decode(errors="replace").lower().split())
    missing = [part for part in _MIT if part not in text]
    return (False, f"{LICENCE} lacks “{missing[0]}”") if missing else (True, f"{LICENCE} is the MIT licence")


def _is_unchanged(repository: Repository, name: str, _: re.Match[str]) -> Shown:
    sent, found = repository.attachments.get(name), repository.file(name)
    if sent is None:
        return False, f"no attachment is called {name}"
    if found is None:
        return False, f"there is no {name}"
    return sent == found, f"{len(found)} bytes, {'the same' if sent == found else 'not those'} that were sent"


def _is_json(repository: Repository, name: str, _: re.Match[str]) -> Shown:
    if (data := repository.file(name)) is None:
        return False, f"there is no {name}"
    try:
        json.loads(data, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        return False, f"{name}: {error}"
    return True, f"{name} is valid JSON"


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _has_sections(repository: Repository, name: str, said: re.Match[str]) -> Shown:
    text = (repository.file(name) or b"").decode(errors="replace")
    titles = re.findall(r"^ {0,3}#{1,6}\s+(.+?)\s*#*$|^(.+)\n(?:=+|-+)\s*$", text, re.MULTILINE)
    headings = ["".join(pair).strip().lower() for pair in titles]
    wanted = [part.strip(" `\"'").lower() for part in re.split(r",|\band\b|&", said["sections"]) if part.strip(" `\"'")]
    missing = [part for part in wanted if not any(re.search(rf"\b{re.escape(part)}", heading) for heading in headings)]
    seen = ", ".join(headings)[:200] or "none"
    return not missing, f"sections: {seen}" if not missing else f"no section {', '.join(missing)}; sections: {seen}"


def _contains(repository: Repository, name: str, said: re.Match[str]) -> Shown:
    if (data := repository.file(name)) is None:
        return False, f"there is no {name}"
    holds = said["text"].lower() in data.decode(errors="replace").lower()
    return holds, f"{name} {'has' if holds else 'lacks'} “{said['text']}”"


def _has_length(repository: Repository, name: str, said: re.Match[str]) -> Shown:
    if (data := repository.file(name)) is None:
        return False, f"there is no {name}"
    text = data.decode(errors="replace")
    counted = {"word": len(text.split()), "line": len(text.splitlines()), "character": len(text), "byte": len(data)}
    unit = said["unit"].lower().rstrip("s")
    wanted, most = (
        int(said["number"].replace(",", "")),
        bool(re.match("at most|no more|under|less|fewer", said["bound"])),
    )
    strict = said["bound"] in ("more than", "over", "longer than", "under", "less than", "fewer than")
    count = counted[unit]
    holds = count < wanted + (not strict) if most else count > wanted - (not strict)
    return holds, f"{name} has {count} {unit}s"


_HAS = "(?:has|have|contains|includes|must have|should have|must contain|should contain)"
_IS = "(?:is|was|stays|must be|should be)"
_AT_ROOT = rf"(?: (?:at|in) (?:the |its )?(?:{_REPO} )?(?:root|{_REPO}))?"
_BOUND = "at least|at most|more than|no more than|over|under|less than|fewer than|longer than"
_UNIT = "words?|lines?|characters?|bytes?"
_SECTIONS = r"(?P<sections>[\w `\"',&-]{2,120}?)"
_SAME = "unchanged|byte[- ]for[- ]byte|byte[- ]equal|byte[- ]identical|identical|equal"

_RULES: tuple[tuple[str, Rule], ...] = (
    (
        rf"(?:{_REPO} )?(?:{_HAS} |uses |is under )?(?:an? |the )?mit[- ]licen[cs]e(?: file)?{_AT_ROOT}(?: is there)?",
        _is_mit,
    ),
    (rf"(?:the |an? )?licen[cs]e(?: file)? (?:{_IS}|{_HAS}) (?:the )?mit(?: licen[cs]e)?(?: text)?", _is_mit),
    (
        rf"{_FILE} {_IS} (?:committed |published |kept )?(?:{_SAME})(?: unchanged)?(?: to (?:the |its )?attachment)?",
        _is_unchanged,
    ),
    (rf"{_FILE} (?:equals|matches) (?:the |its )?attachment(?: byte for byte)?", _is_unchanged),
    (rf"{_FILE} (?:{_IS}|{_HAS}|parses as) (?:valid )?json", _is_json),
    (
        rf"{_FILE} {_HAS} (?:an? |the )?(?:sections?|headings?) (?:(?:on|for|about|called|named|titled) )?{_SECTIONS}",
        _has_sections,
    ),
    (rf"{_FILE} {_HAS} (?:an? |the )?{_SECTIONS} (?:sections?|headings?)", _has_sections),
    (
        rf"{_FILE} (?:{_IS}|{_HAS}) (?P<bound>{_BOUND}) (?P<number>\d[\d,]{{0,14}}) (?P<unit>{_UNIT})(?: long)?",
        _has_length,
    ),
    (rf"{_FILE} (?:{_HAS}|mentions) (?:the (?:text|words?|string) )?[`\"'“](?P<text>[^`\"'”]+)[`\"'”]", _contains),
    (rf"{_FILE} (?:exists|(?:must|should) exist|{_IS} (?:present|there|included|committed)){_AT_ROOT}", _exists),
    (rf"{_FILE} {_IS} (?:at|in) {_REPO}", _exists),
    (rf"{_REPO} (?:{_HAS}) {_FILE}{_AT_ROOT}", _exists),
    (rf"there {_IS} {_FILE}{_AT_ROOT}", _exists),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), rule) for pattern, rule in _RULES)
_VERB = r"(?:has|is|contains|includes|mentions|exists|must|should)\b"
_JOINED = re.compile(rf"\s*(?:;|,? and(?: it)?(?= {_VERB}))\s*", re.IGNORECASE)

Clause = tuple[Rule, str, re.Match[str]]


def is_about_files(text: str) -> bool:
    """Whether rules here decide the check."""
    return _understood(text) is not None


def decided(text: str, repository: Repository) -> Shown:
    """Return what a check about files shows; the first clause that does not hold decides."""
    shown: Shown = (False, "not understood")
    for rule, name, said in _understood(text) or ():
        shown = rule(repository, name, said)
        if not shown[0]:
            break
    return shown


def _understood(text: str) -> list[Clause] | None:
    """Return the clauses of a check, None where one is not understood. A later one may be about the same file."""
    clauses: list[Clause] = []
    subject = ""
    for part in _JOINED.split(" ".join(text.split()).rstrip(" .!")):
        clause = _match(f"{subject} {part}" if subject and re.match(_VERB, part) else part)
        if clause is None:
            return None
        clauses.append(clause)
        subject = clause[1]
    return clauses


def _match(said: str) -> Clause | None:
    for pattern, rule in _COMPILED:
        if found := pattern.fullmatch(said):
            return rule, found.groupdict().get("file") or LICENCE, found
    return None
