"""What a sentence may claim of a file: each a small function from repository and name to what it shows. Pure.

`holds` is None if the files alone do not tell. A claim about what a file holds fails where there is no such file.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.core.paths import is_page
from orchestrator.verify.sentences.counting import counted, headings, text_of
from orchestrator.verify.sentences.markup import Document, links, read_page, sources, target
from orchestrator.verify.sentences.numbers import Bound
from orchestrator.verify.sentences.repository import CheckedFiles, Evidence, plain

About = Callable[[CheckedFiles, str], Evidence]
"""A claim about the file that is named."""

_LICENCES = {
    "mit": ("mit license", "permission is hereby granted, free of charge", 'the software is provided "as is"'),
    "apache": ("apache license", "version 2.0"),
    "gpl": ("gnu general public license",),
    "bsd": ("redistribution and use in source and binary forms",),
    "isc": ("permission to use, copy, modify, and/or distribute this software",),
    "unlicense": ("this is free and unencumbered software released into the public domain",),
}
LICENCES = frozenset(_LICENCES)
NO_TEXT = "there is no text"


def exists(repository: CheckedFiles, name: str) -> Evidence:
    """Whether the file is there; a name that ends in a slash is a folder."""
    if name.endswith("/"):
        inside = sum(path.startswith(plain(name)) for path in repository.files)
        return Evidence(inside > 0, f"`{plain(name)}` has {inside} file{'' if inside == 1 else 's'}")
    path = repository.path(name)
    return (
        Evidence(holds=True, seen=f"`{path}` is there")
        if path
        else Evidence(holds=False, seen=repository.nearest(name))
    )


def absent(repository: CheckedFiles, name: str) -> Evidence:
    """Whether there is no such file."""
    found = exists(repository, name)
    return Evidence(not found.holds, found.seen)


def in_content(claim: Callable[[str, bytes], Evidence]) -> About:
    """Return a claim about what a file holds."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        path = repository.path(name)
        if path is None:
            return Evidence(holds=False, seen=repository.nearest(name))
        return claim(path, repository.files[path])

    return about


def denied(claim: About) -> About:
    """Return the opposite of a claim about what a file holds; without the file that fails too."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        if repository.path(name) is None:
            return Evidence(holds=False, seen=repository.nearest(name))
        found = claim(repository, name)
        return Evidence(None if found.holds is None else not found.holds, found.seen)

    return about


def one_of(claims: Sequence[About]) -> About:
    """Return that one of the claims holds."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        found = [claim(repository, name) for claim in claims]
        best = next((one for one in found if one.holds), None) or next(
            (one for one in found if one.holds is None), None
        )
        return best or Evidence(holds=False, seen="; ".join(dict.fromkeys(one.seen for one in found)))

    return about


def all_of(claims: Sequence[About]) -> About:
    """Return that all of the claims hold: the first that fails decides, then the first that is open."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        return worst([claim(repository, name) for claim in claims])

    return about


def worst(found: Sequence[Evidence]) -> Evidence:
    """Return the first that failed, else the first that is open, else that all hold."""
    failed = [one for one in found if one.holds is False] or [one for one in found if one.holds is None]
    return failed[0] if failed else Evidence(holds=True, seen="; ".join(dict.fromkeys(one.seen for one in found)))


def none_of(claims: Sequence[About], *, is_either: bool) -> About:
    """Return that none holds; of "not a and b" where one holds there is no verdict, for it has two meanings."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        found = [denied(claim)(repository, name) for claim in claims]
        failed = [one for one in found if one.holds is False]
        if failed and (is_either or len(failed) == len(found)):
            return failed[0]
        unsure = next((one for one in found if not one.holds), None)
        return Evidence(None, unsure.seen) if unsure else found[-1]

    return about


def licensed(kind: str) -> About:
    """Return that the file holds the text of a licence."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        text = " ".join(text_of(repository.file(name) or b"").lower().split())
        lacking = [part for part in _LICENCES[kind] if part not in text]
        return Evidence(
            not lacking, f"{name} lacks “{lacking[0]}”" if lacking else f"{name} is the {kind.upper()} licence"
        )

    return about


def unchanged(repository: CheckedFiles, name: str) -> Evidence:
    """Whether the file is the attachment of that name, byte for byte."""
    sent, found = repository.sent(name), repository.file(name)
    if found is None:
        return Evidence(holds=False, seen=repository.nearest(name))
    if sent is None:
        return Evidence(None, f"no attachment is called {name}")
    same = "the same as" if sent == found else f"not those {len(sent)} that"
    return Evidence(sent == found, f"`{name}` has {len(found)} bytes, {same} were sent".replace("as were", "were"))


def same_as(other: str, *, is_attached: bool = False) -> About:
    """Return that the file has the bytes of another one, or, `is_attached`, of an attachment."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        if is_attached or plain(name) == plain(other):
            return _compared(repository, name, repository.sent(other), f"the attachment `{other}`")
        if name.rpartition(".")[2].lower() != other.rpartition(".")[2].lower():
            return Evidence(None, f"`{name}` and `{other}` are of different formats")
        attached = repository.sent(other)
        wanted = repository.file(other) if attached is None else attached
        return _compared(repository, name, wanted, f"`{other}`")

    return about


def _compared(repository: CheckedFiles, name: str, wanted: bytes | None, told: str) -> Evidence:
    found = repository.file(name)
    if found is None:
        return Evidence(holds=False, seen=repository.nearest(name))
    if wanted is None:
        return Evidence(None, f"there is nothing to compare `{name}` with: no {told}")
    return Evidence(found == wanted, f"`{name}` has {len(found)} bytes, {told} {len(wanted)}")


def is_empty(name: str, data: bytes) -> Evidence:
    """Whether a file holds nothing but blanks."""
    return Evidence(not data.strip(), f"`{name}` has {len(data)} bytes")


def has_count(unit: str, wanted: Bound) -> About:
    """Return that a file has so many words, lines, entries."""
    return in_content(lambda name, data: counted(name, data, unit, wanted))


def has_text(text: str, *, is_loose: bool = False) -> About:
    """Return that a file holds a text. `is_loose`: in upper or lower case, as one mentions something."""

    def claim(name: str, data: bytes) -> Evidence:
        held = text_of(data)
        if text in held:
            return Evidence(holds=True, seen=f"`{name}` has “{text}”")
        if " ".join(text.lower().split()) in " ".join(held.lower().split()):
            return Evidence(is_loose or None, f"`{name}` has “{text}” in other capitals or across lines")
        return Evidence(holds=False, seen=f"`{name}` lacks “{text}”")

    return in_content(claim)


def is_text(text: str, where: str = "all") -> About:
    """Return that a text is all that a file holds, its beginning, its end, or its first line."""

    def claim(name: str, data: bytes) -> Evidence:
        held = text_of(data).strip()
        holds = {
            "all": held == text.strip(),
            "start": held.startswith(text),
            "end": held.endswith(text),
            "first line": held.partition("\n")[0].strip() == text.strip(),
        }[where]
        seen = held[-80:] if where == "end" else held[:80]
        return Evidence(holds, f"`{name}` {'ends' if where == 'end' else 'begins'} with “{seen}”")

    return in_content(claim)


def has_section(topic: str) -> About:
    """Return that a README has a heading on a topic."""

    def claim(_: str, data: bytes) -> Evidence:
        titles = [title.lower() for _, title in headings(text_of(data))]
        seen = f"sections: {', '.join(titles)[:200] or 'none'}"
        wanted = " ".join(topic.lower().split())
        if any(re.search(rf"(?<!\w){re.escape(wanted)}", title) for title in titles):
            return Evidence(holds=True, seen=seen)
        partly = any(word in title.split() for word in wanted.split() if len(word) > 3 for title in titles)
        return Evidence(None if partly else False, f"no section {wanted}; {seen}")

    return in_content(claim)


def has_title(name: str, data: bytes) -> Evidence:
    """Whether a README has a heading of the first level, or a page a title."""
    if is_page(name):
        return Evidence(
            bool(read_page(text_of(data)).title), f"`{name}` has the title “{read_page(text_of(data)).title}”"
        )
    found = headings(text_of(data))
    holds = any(level == 1 for level, _ in found)
    return Evidence(holds, f"`{name}` has the headings {', '.join(title for _, title in found)[:200] or 'none'}")


def is_titled(text: str) -> About:
    """Return that a page has this title, or a README this heading of the first level."""

    def claim(name: str, data: bytes) -> Evidence:
        first = [title for level, title in headings(text_of(data)) if level == 1]
        titles = [read_page(text_of(data)).title] if is_page(name) else first
        return Evidence(text in titles, f"`{name}` has the title “{', '.join(titles)[:80]}”")

    return in_content(claim)


@dataclass(frozen=True)
class Element:
    """An element that is asked for. `named`: what a script that adds it must name; `loosely`: it, with any tag."""

    selector: str
    named: str
    loosely: str = ""


def has_element(element: Element, wanted: Bound) -> About:
    """Return that a page has so many elements of a kind; no verdict where a script may make the difference."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        path = repository.path(name)
        if path is None:
            return Evidence(holds=False, seen=repository.nearest(name))
        page = read_page(text_of(repository.files[path]))
        count = len(page.found(element.selector))
        ids = [f"#{node.attributes['id']}" for node in page.nodes if node.attributes.get("id")]
        there = f"; there is {', '.join(ids[:8])}" if ids and not count else ""
        told = f"`{path}` has {count} element{'' if count == 1 else 's'} for `{element.selector}`{there}"
        if wanted.takes(count):
            return Evidence(holds=True, seen=told)
        is_other = bool(element.loosely) and wanted.takes(len(page.found(element.loosely)))
        is_open = is_other or _is_scripted(repository, page, element.named)
        return Evidence(None if is_open else False, told)

    return about


def _is_scripted(repository: CheckedFiles, page: Document, word: str) -> bool:
    """Whether a script of the site speaks of `word`, so that it may add what is not there."""
    own = (text_of(data) for path, data in repository.files.items() if path.endswith((".js", ".mjs")))
    named = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return any(named.search(script) for script in (page.scripts, *own))


def leads_to(other: str, *, is_link: bool) -> About:
    """Return that a page links to a file of the repository; not `is_link`: or loads it."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        path = repository.path(name)
        if path is None:
            return Evidence(holds=False, seen=repository.nearest(name))
        text, goal = text_of(repository.files[path]), repository.path(other)
        written = links(path, text) if is_link else [*links(path, text), *sources(text)]
        found = {target(path, one) for one in written}
        if goal is None:  # it may lie on another host
            return Evidence(None if other in text else False, repository.nearest(other))
        if goal in found or (goal.endswith(".html") and goal.removesuffix(".html") in found):
            return Evidence(holds=True, seen=f"`{path}` leads to `{goal}`")
        inside = ", ".join(sorted(f"`{one}`" for one in found if one)[:8]) or "nothing of the site"
        # A script may lead there.
        stem = goal.rpartition("/")[2].partition(".")[0]
        is_open = is_page(path) and (goal in text or _is_scripted(repository, read_page(text), stem))
        return Evidence(None if is_open else False, f"`{path}` does not lead to `{goal}`, but to {inside}")

    return about
