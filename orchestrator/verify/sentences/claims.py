"""What a sentence may claim of a file: each a small function from repository and name to what it shows. Pure.

`holds` is None if the files alone do not tell. A claim about what a file holds fails where there is no such file.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.core.paths import is_page
from orchestrator.verify.sentences.counting import decode_file, judge_count, parse_headings
from orchestrator.verify.sentences.markup import Document, find_links, find_sources, parse_page, resolve_link
from orchestrator.verify.sentences.numbers import Bound
from orchestrator.verify.sentences.repository import CheckedFiles, Evidence, normalize_path

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


def has_file(repository: CheckedFiles, name: str) -> Evidence:
    """Whether the file is there; a name that ends in a slash is a folder."""
    if name.endswith("/"):
        inside = sum(path.startswith(normalize_path(name)) for path in repository.files)
        return Evidence(inside > 0, f"`{normalize_path(name)}` has {inside} file{'' if inside == 1 else 's'}")
    path = repository.find_path(name)
    return (
        Evidence(holds=True, seen=f"`{path}` exists")
        if path
        else Evidence(holds=False, seen=repository.describe_missing(name))
    )


def lacks_file(repository: CheckedFiles, name: str) -> Evidence:
    """Whether there is no such file."""
    found = has_file(repository, name)
    return Evidence(not found.holds, found.seen)


def claim_content(claim: Callable[[str, bytes], Evidence]) -> About:
    """Return a claim about what a file holds."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        path = repository.find_path(name)
        if path is None:
            return Evidence(holds=False, seen=repository.describe_missing(name))
        return claim(path, repository.files[path])

    return about


def negate_claim(claim: About) -> About:
    """Return the opposite of a claim about what a file holds; without the file that fails too."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        if repository.find_path(name) is None:
            return Evidence(holds=False, seen=repository.describe_missing(name))
        found = claim(repository, name)
        return Evidence(None if found.holds is None else not found.holds, found.seen)

    return about


def claim_any(claims: Sequence[About]) -> About:
    """Return that one of the claims holds."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        found = [claim(repository, name) for claim in claims]
        best = next((one for one in found if one.holds), None) or next(
            (one for one in found if one.holds is None), None
        )
        return best or Evidence(holds=False, seen="; ".join(dict.fromkeys(one.seen for one in found)))

    return about


def claim_all(claims: Sequence[About]) -> About:
    """Return that all of the claims hold: the first that fails decides, then the first that is open."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        return worst_finding([claim(repository, name) for claim in claims])

    return about


def worst_finding(found: Sequence[Evidence]) -> Evidence:
    """Return the first that failed, else the first that is open, else that all hold."""
    failed = [one for one in found if one.holds is False] or [one for one in found if one.holds is None]
    return failed[0] if failed else Evidence(holds=True, seen="; ".join(dict.fromkeys(one.seen for one in found)))


def claim_none(claims: Sequence[About], *, is_either: bool) -> About:
    """Return that none holds; of "not a and b" where one holds there is no verdict, for it has two meanings."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        found = [negate_claim(claim)(repository, name) for claim in claims]
        failed = [one for one in found if one.holds is False]
        if failed and (is_either or len(failed) == len(found)):
            return failed[0]
        unsure = next((one for one in found if not one.holds), None)
        return Evidence(None, unsure.seen) if unsure else found[-1]

    return about


def has_licence_text(kind: str) -> About:
    """Return that the file holds the text of a licence."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        text = " ".join(decode_file(repository.find_file(name) or b"").lower().split())
        lacking = [part for part in _LICENCES[kind] if part not in text]
        return Evidence(
            not lacking, f"{name} lacks “{lacking[0]}”" if lacking else f"{name} is the {kind.upper()} licence"
        )

    return about


def is_unchanged(repository: CheckedFiles, name: str) -> Evidence:
    """Whether the file is the attachment of that name, byte for byte."""
    sent, found = repository.find_attachment(name), repository.find_file(name)
    if found is None:
        return Evidence(holds=False, seen=repository.describe_missing(name))
    if sent is None:
        return Evidence(None, f"no attachment is called {name}")
    same = "the same as" if sent == found else f"not those {len(sent)} that"
    return Evidence(sent == found, f"`{name}` has {len(found)} bytes, {same} were sent".replace("as were", "were"))


def is_same_as(other: str, *, is_attached: bool = False) -> About:
    """Return that the file has the bytes of another one, or, `is_attached`, of an attachment."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        if is_attached or normalize_path(name) == normalize_path(other):
            return _compare_bytes(repository, name, repository.find_attachment(other), f"the attachment `{other}`")
        if name.rpartition(".")[2].lower() != other.rpartition(".")[2].lower():
            return Evidence(None, f"`{name}` and `{other}` are of different formats")
        attached = repository.find_attachment(other)
        wanted = repository.find_file(other) if attached is None else attached
        return _compare_bytes(repository, name, wanted, f"`{other}`")

    return about


def _compare_bytes(repository: CheckedFiles, name: str, wanted: bytes | None, told: str) -> Evidence:
    found = repository.find_file(name)
    if found is None:
        return Evidence(holds=False, seen=repository.describe_missing(name))
    if wanted is None:
        return Evidence(None, f"there is nothing to compare `{name}` with: no {told}")
    return Evidence(found == wanted, f"`{name}` has {len(found)} bytes, {told} {len(wanted)}")


def is_empty(name: str, data: bytes) -> Evidence:
    """Whether a file holds nothing but blanks."""
    return Evidence(not data.strip(), f"`{name}` has {len(data)} bytes")


def has_count(unit: str, wanted: Bound) -> About:
    """Return that a file has so many words, lines, entries."""
    return claim_content(lambda name, data: judge_count(name, data, unit, wanted))


def has_text(text: str, *, is_loose: bool = False) -> About:
    """Return that a file holds a text. `is_loose`: in upper or lower case, as one mentions something."""

    def claim(name: str, data: bytes) -> Evidence:
        held = decode_file(data)
        if text in held:
            return Evidence(holds=True, seen=f"`{name}` has “{text}”")
        if " ".join(text.lower().split()) in " ".join(held.lower().split()):
            return Evidence(is_loose or None, f"`{name}` has “{text}” in other capitals or across lines")
        return Evidence(holds=False, seen=f"`{name}` lacks “{text}”")

    return claim_content(claim)


def is_text(text: str, where: str = "all") -> About:
    """Return that a text is all that a file holds, its beginning, its end, or its first line."""

    def claim(name: str, data: bytes) -> Evidence:
        held = decode_file(data).strip()
        holds = {
            "all": held == text.strip(),
            "start": held.startswith(text),
            "end": held.endswith(text),
            "first line": held.partition("\n")[0].strip() == text.strip(),
        }[where]
        seen = held[-80:] if where == "end" else held[:80]
        return Evidence(holds, f"`{name}` {'ends' if where == 'end' else 'begins'} with “{seen}”")

    return claim_content(claim)


def has_section(topic: str) -> About:
    """Return that a README has a heading on a topic."""

    def claim(_: str, data: bytes) -> Evidence:
        titles = [title.lower() for _, title in parse_headings(decode_file(data))]
        seen = f"sections: {', '.join(titles)[:200] or 'none'}"
        wanted = " ".join(topic.lower().split())
        if any(re.search(rf"(?<!\w){re.escape(wanted)}", title) for title in titles):
            return Evidence(holds=True, seen=seen)
        partly = any(word in title.split() for word in wanted.split() if len(word) > 3 for title in titles)
        return Evidence(None if partly else False, f"no section {wanted}; {seen}")

    return claim_content(claim)


def has_title(name: str, data: bytes) -> Evidence:
    """Whether a README has a heading of the first level, or a page a title."""
    if is_page(name):
        return Evidence(
            bool(parse_page(decode_file(data)).title), f"`{name}` has the title “{parse_page(decode_file(data)).title}”"
        )
    found = parse_headings(decode_file(data))
    holds = any(level == 1 for level, _ in found)
    return Evidence(holds, f"`{name}` has the headings {', '.join(title for _, title in found)[:200] or 'none'}")


def is_titled(text: str) -> About:
    """Return that a page has this title, or a README this heading of the first level."""

    def claim(name: str, data: bytes) -> Evidence:
        first = [title for level, title in parse_headings(decode_file(data)) if level == 1]
        titles = [parse_page(decode_file(data)).title] if is_page(name) else first
        return Evidence(text in titles, f"`{name}` has the title “{', '.join(titles)[:80]}”")

    return claim_content(claim)


@dataclass(frozen=True)
class Element:
    """An element that is asked for. `named`: what a script that adds it must name; `loosely`: it, with any tag."""

    selector: str
    named: str
    loosely: str = ""


def has_element(element: Element, wanted: Bound) -> About:
    """Return that a page has so many elements of a kind; no verdict where a script may make the difference."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        path = repository.find_path(name)
        if path is None:
            return Evidence(holds=False, seen=repository.describe_missing(name))
        page = parse_page(decode_file(repository.files[path]))
        count = len(page.select_nodes(element.selector))
        ids = [f"#{node.attributes['id']}" for node in page.nodes if node.attributes.get("id")]
        there = f"; there is {', '.join(ids[:8])}" if ids and not count else ""
        told = f"`{path}` has {count} element{'' if count == 1 else 's'} for `{element.selector}`{there}"
        if wanted.takes(count):
            return Evidence(holds=True, seen=told)
        is_other = bool(element.loosely) and wanted.takes(len(page.select_nodes(element.loosely)))
        is_open = is_other or _is_scripted(repository, page, element.named)
        return Evidence(None if is_open else False, told)

    return about


def _is_scripted(repository: CheckedFiles, page: Document, word: str) -> bool:
    """Whether a script of the site speaks of `word`, so that it may add what is not there."""
    own = (decode_file(data) for path, data in repository.files.items() if path.endswith((".js", ".mjs")))
    named = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return any(named.search(script) for script in (page.scripts, *own))


def leads_to(other: str, *, is_link: bool) -> About:
    """Return that a page links to a file of the repository; not `is_link`: or loads it."""

    def about(repository: CheckedFiles, name: str) -> Evidence:
        path = repository.find_path(name)
        if path is None:
            return Evidence(holds=False, seen=repository.describe_missing(name))
        text, goal = decode_file(repository.files[path]), repository.find_path(other)
        written = find_links(path, text) if is_link else [*find_links(path, text), *find_sources(text)]
        found = {resolve_link(path, one) for one in written}
        if goal is None:  # it may lie on another host
            return Evidence(None if other in text else False, repository.describe_missing(other))
        if goal in found or (goal.endswith(".html") and goal.removesuffix(".html") in found):
            return Evidence(holds=True, seen=f"`{path}` leads to `{goal}`")
        inside = ", ".join(sorted(f"`{one}`" for one in found if one)[:8]) or "nothing of the site"
        # A script may lead there.
        stem = goal.rpartition("/")[2].partition(".")[0]
        is_open = is_page(path) and (goal in text or _is_scripted(repository, parse_page(text), stem))
        return Evidence(None if is_open else False, f"`{path}` does not lead to `{goal}`, but to {inside}")

    return about
