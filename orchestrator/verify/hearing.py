"""What a page reported and requested while it was open, and which of the problems are its own fault."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.async_api import CDPSession, ConsoleMessage, Error, Page, Request, Response, Route, WebSocket

from orchestrator.core.report import Finding
from orchestrator.verify.evaluating import Outcome
from orchestrator.verify.findings import LONGEST_TEXT, make_finding
from orchestrator.verify.proxy import Failure

MAX_SAID = 100
"""The most entries of each kind, because a page may report errors without end."""

RESTLESS = 5
"""Documents that one page may load by itself."""

_ANSWERS = frozenset({"fetch", "xhr", "eventsource", "websocket", "ping"})
"""Requests that a running page makes. It may still work if one is refused, but not if a script is missing."""

_SHAPING = frozenset({"stylesheet", "script"})
"""What the layout of a page depends on."""

_FRAME = re.compile(r"(https?://[^\s()]{1,2000}:\d{1,9}:\d{1,9})")
_LONGEST_STACK = 20_000  # of which the first frame is looked for: a page writes its own
_NOT_PUBLIC = "which has no public address, so no visitor can reach it"


@dataclass(frozen=True)
class Target:
    """What is opened. `files`: the paths of its files, None if they are not known.

    `answer`: gets every request of a page first, and answers it or passes it on; None: the browser gets them all.
    """

    url: str
    files: Collection[str] | None = None
    cdn_mirror: Path | None = None
    answer: Callable[[Route], Awaitable[None]] | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return "/".join(self.url.split("/")[:3])

    def is_own(self, url: str) -> bool:
        """Whether `url` is at the same place as the page."""
        return "/".join(url.split("/")[:3]) == self.origin

    def shorten_urls(self, text: str) -> str:
        """Return `text` with addresses as the site's author knows them: `app.js:3:7`."""
        # A place on the page itself, which has no name in its own address, is one in the file that is served there.
        named = re.sub(rf"{re.escape(self.url)}(?=:\d)", "index.html", text)
        return named.replace(self.url, "").replace(self.origin, "")


@dataclass
class PageEvents:
    """Everything that a page did, oldest first; at most `MAX_SAID` of each kind.

    - `errors`: message -> stack
    - `places`: message -> where it happened
    - `rejected`: messages of rejected promises
    - `said`: text on the console -> where it came from
    - `answered`: address -> status and type
    - `failed`: address -> failure and type
    - `left_out`: kind -> how many more there were
    - `elsewhere`: the first document that replaced the page and is not at its address
    """

    errors: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)
    answered: dict[str, tuple[int, str]] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    sockets: dict[str, None] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    has_crashed: bool = False
    elsewhere: str = ""

    @property
    def is_restless(self) -> bool:
        """Whether the page goes from document to document by itself."""
        return self.documents > RESTLESS

    def join(self, other: "PageEvents") -> None:
        """Add what was heard of another page of the same site."""
        said: list[tuple[dict[str, Any], dict[str, Any]]] = [
            (self.errors, other.errors),
            (self.places, other.places),
            (self.said, other.said),
            (self.answered, other.answered),
            (self.failed, other.failed),
            (self.sockets, other.sockets),
        ]
        for mine, theirs in said:
            for key, value in list(theirs.items())[: max(0, MAX_SAID - len(mine))]:
                mine.setdefault(key, value)
        self.rejected |= other.rejected

    def keep(self, kind: str, said: dict[str, Any], key: str, value: Any) -> None:
        """Add what was heard first of `key` to `said`, or count it where there is too much of its kind."""
        if key not in said and len(said) >= MAX_SAID:
            self.left_out[kind] += 1
        else:
            said.setdefault(key, value)


def fail_if_elsewhere(outcome: Outcome, heard: PageEvents) -> Outcome:
    """Return what a check gave; it shows nothing once another document had taken the page's place.

    The browser tells of a document before anything that was evaluated in it, so that none is taken for the page.
    """
    return replace(outcome, holds=False, seen=f"the page went to {heard.elsewhere}") if heard.elsewhere else outcome


def listen_to_page(page: Page, session: CDPSession, target: Target) -> PageEvents:
    """Return what will be heard of `page` from now on. `session`: its own, with `Runtime` and `Page` enabled."""
    heard = PageEvents()

    def record_error(error: Error) -> None:
        heard.keep("errors", heard.errors, error.message[:LONGEST_TEXT], error.stack or "")

    def record_exception(event: Mapping[str, Any]) -> None:
        details = event["exceptionDetails"]
        message = _exception_message(details)
        heard.keep("", heard.places, message, _format_place(details.get("url", ""), details))
        if "in promise" in details.get("text", ""):
            heard.rejected.add(message)

    def record_message(message: ConsoleMessage) -> None:
        # A file that is missing is reported by its response, with its address.
        if message.type in ("error", "assert") and not message.text.startswith("Failed to load resource"):
            place = _format_place(message.location["url"], message.location)
            heard.keep("messages on the console", heard.said, message.text[:LONGEST_TEXT], place)

    def count_document(_: Page) -> None:
        heard.documents += 1

    def record_crash(_: Page) -> None:
        heard.has_crashed = True

    def record_navigation(event: Mapping[str, Any]) -> None:
        # Of another document alone: what `history.pushState` shows as the address stays the same one.
        frame = event["frame"]
        if "parentId" not in frame and not frame["url"].startswith(target.url):
            heard.elsewhere = heard.elsewhere or frame["url"][:LONGEST_TEXT]

    session.on("Runtime.exceptionThrown", record_exception)
    session.on("Page.frameNavigated", record_navigation)
    page.on("pageerror", record_error)
    page.on("console", record_message)
    page.on("domcontentloaded", count_document)
    page.on("crash", record_crash)
    _listen_to_requests(page, heard)
    return heard


def _listen_to_requests(page: Page, heard: PageEvents) -> None:
    def record_response(answer: Response) -> None:
        if answer.status >= 400:
            heard.keep("refused requests", heard.answered, answer.url, (answer.status, answer.request.resource_type))

    def record_failure(request: Request) -> None:
        # What the page itself gave up on is no fault: it moved on, or a newer request took its place.
        if request.failure and request.failure != "net::ERR_ABORTED":
            heard.keep("failed requests", heard.failed, request.url, (request.failure, request.resource_type))

    def record_socket(opened: WebSocket) -> None:
        heard.keep("sockets", heard.sockets, opened.url, None)

    page.on("response", record_response)
    page.on("requestfailed", record_failure)
    page.on("websocket", record_socket)


def _format_place(url: str, at: Mapping[str, Any]) -> str:
    """Return `app.js:3:7`. The protocol counts lines and columns from 0, stacks and editors from 1."""
    return f"{url}:{at.get('lineNumber', 0) + 1}:{at.get('columnNumber', 0) + 1}"


def _exception_message(details: Mapping[str, Any]) -> str:
    """Return the message of an exception as Playwright gives it: the class is left out."""
    thrown = details.get("exception") or {}
    first = str(thrown.get("description") or thrown.get("value")).partition("\n")[0]
    return re.sub(r"^(?:[A-Z]\w*)?(?:Error|Exception): ", "", first)[:LONGEST_TEXT]


@dataclass(frozen=True)
class Outside:
    """Which other hosts failed, and whether there is a network at all."""

    failed: Mapping[str, Failure]
    is_online: bool

    def is_unseen(self, host: str) -> bool:
        """Whether `host` cannot be judged, because no host can be reached from here."""
        return not self.is_online and self.failed.get(host) in ("unresolved", "unreachable")


def find_unreached_urls(heard: PageEvents, outside: Outside) -> list[str]:
    """Return the styles and scripts of other hosts that could not be reached from here. Pure."""
    shaping = dict.fromkeys(url for url, (_, kind) in _unmet_requests(heard) if kind in _SHAPING)
    return [url for url in shaping if outside.failed.get(_url_host(url)) in ("unresolved", "unreachable")]


def find_needed_urls(heard: PageEvents) -> list[str]:
    """Return the data and scripts that the page requested but did not get, and may need for its content. Pure."""
    return [url for url, (_, kind) in _unmet_requests(heard) if kind in _ANSWERS or kind == "script"]


def _unmet_requests(heard: PageEvents) -> Iterator[tuple[str, tuple[int | str, str]]]:
    """Yield each request that was not answered well: its address, what came instead, and its type."""
    yield from heard.answered.items()
    yield from heard.failed.items()


def judge_page(heard: PageEvents, target: Target, outside: Outside) -> tuple[list[Finding], list[str]]:
    """Return what is wrong with the page, and notes on problems that are nobody's fault. Pure."""
    # A browser also calls home; only what the page asked for counts.
    asked = {_url_host(url) for url in (*heard.answered, *heard.failed, *heard.sockets)}
    unseen = {host for host in asked if outside.is_unseen(host)}
    findings, notes = _judge_errors(heard, target, unseen)
    for url, (status, kind) in heard.answered.items():
        if target.is_own(url):
            findings.append(_missing_finding(url, f"the site answered {status}", kind, target))
        elif outside.failed.get(_url_host(url)) == "refused":
            findings.append(make_finding("external", f"Expected a public address; saw {url}, {_NOT_PUBLIC}.", kind))
        elif kind in _ANSWERS:
            notes.append(f"{url} answered {status}.")
        elif not _is_blocked(url, target) and _url_host(url) not in unseen:
            text = f"Expected the {kind} {url} to exist; it answered {status}. Name a version and a file that exist."
            findings.append(make_finding("external", text, kind))
    for url, (failure, kind) in heard.failed.items():
        if url not in heard.answered and not _is_blocked(url, target):
            findings += _judge_failed_request(url, failure, kind, (target, outside))
    blocked = [url for url in (*heard.sockets, *heard.answered, *heard.failed) if _is_blocked(url, target)]
    findings += [
        make_finding(
            "external", f"Expected https (or wss); saw {url}, which browsers block on a page served over https."
        )
        for url in dict.fromkeys(blocked)
    ]
    if unseen:
        notes.append(f"There is no network here, so these hosts could not be reached: {', '.join(sorted(unseen))}.")
    for text, place in heard.said.items():
        if not any(host in text for host in unseen):
            where = target.shorten_urls(place)
            findings.append(
                make_finding("console", f"Expected no errors on the console; saw: {target.shorten_urls(text)}", where)
            )
    return list(dict.fromkeys(findings)), list(dict.fromkeys(notes))


def _judge_errors(heard: PageEvents, target: Target, unseen: Collection[str]) -> tuple[list[Finding], list[str]]:
    """Return errors, and notes on those that come of hosts which could not be reached, and on what is not listed."""
    lacks_script = any(kind == "script" and _url_host(url) in unseen for url, (_, kind) in _unmet_requests(heard))
    findings: list[Finding] = []
    notes = [f"Of {MAX_SAID + more} {kind} {MAX_SAID} are listed." for kind, more in heard.left_out.items() if kind]
    for error in _error_findings(heard, target):
        if _is_caused_outside(error.text, unseen, lacks_script=lacks_script):
            notes.append(f"{error.text.rstrip('.')}. A script that could not be reached here may be why.")
        else:
            findings.append(error)
    return findings, notes


def _is_caused_outside(text: str, unseen: Collection[str], *, lacks_script: bool) -> bool:
    """Whether an error is caused by a host that could not be reached: it names the host, or a name that a script sets.

    V8 says "NAME is not defined" of each name that nothing has set.
    """
    return any(host in text for host in unseen) or (lacks_script and text.endswith(" is not defined"))


def _error_findings(heard: PageEvents, target: Target) -> Iterator[Finding]:
    for message, stack in heard.errors.items():
        frame = _FRAME.search(stack[:_LONGEST_STACK])
        where = frame[1] if frame else heard.places.get(message, "")
        what = "rejected promise" if message in heard.rejected else "error"
        yield make_finding(
            "error", f"Expected no uncaught {what}; saw: {target.shorten_urls(message)}", target.shorten_urls(where)
        )
    if heard.elsewhere.startswith("http"):
        yield make_finding(
            "error", f"Expected the page to stay at its address; saw it go to {heard.elsewhere}", "location"
        )
    if heard.has_crashed:
        yield make_finding("limit", "Expected the page to keep running; saw it crash.", target.shorten_urls(target.url))
    if heard.is_restless:
        text = f"Expected the page to settle; saw it load {heard.documents} documents by itself."
        yield make_finding("limit", text, "location")


def _missing_finding(url: str, seen: str, kind: str, target: Target) -> Finding:
    path = unquote(urlsplit(url).path)
    folder = unquote(urlsplit(target.url).path)
    inside = path.removeprefix(folder)
    text = f"Expected {inside or 'the page'} to exist; {seen}{_describe_near_miss(inside, inside != path, target)}."
    return make_finding("missing", text, f"requested as {kind}: {target.shorten_urls(url)}")


def _describe_near_miss(inside: str, is_inside: bool, target: Target) -> str:  # noqa: FBT001 - it is read one line above
    if not is_inside:
        return ", because this address is outside the site: begin addresses of files without a slash or a host"
    near = next((path for path in target.files or () if path.lower() == inside.lower()), None)
    if near is not None:
        return f". There is {near}: upper and lower case matter"
    name = inside.rpartition("/")[2].lower()
    near = next((path for path in target.files or () if path.rpartition("/")[2].lower() == name), None)
    return "" if near is None else f". There is {near}"


def _judge_failed_request(url: str, failure: str, kind: str, where: tuple[Target, Outside]) -> list[Finding]:
    target, outside = where
    host = _url_host(url)
    if target.is_own(url):
        return [_missing_finding(url, f"the request failed ({failure})", kind, target)]
    if not url.startswith(("http", "ws")) or outside.is_unseen(host):
        return []
    why = {
        "refused": _NOT_PUBLIC,
        "unresolved": "a host that does not exist",
        "unreachable": "a host that does not answer",
    }.get(outside.failed.get(host, ""), f"which failed ({failure})")
    return [make_finding("external", f"Expected the {kind} to load; saw {url}, {why}.", kind)]


def _is_blocked(url: str, target: Target) -> bool:
    """Whether a browser would refuse this to a page that is served over https (mixed content)."""
    return url.startswith(("http://", "ws://")) and _url_host(url) != _url_host(target.url)


def _url_host(url: str) -> str:
    return urlsplit(url).hostname or ""
