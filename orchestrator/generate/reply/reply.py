"""From a model's answer to files. Pure; an answer is never trusted and never makes this raise anything else."""

import re
from dataclasses import dataclass

from orchestrator.paths import path_problem

_OPEN = re.compile(r'^[ \t]*<file\s+path="([^"\n]{1,300})"\s*>[ \t]*$', re.MULTILINE)
_CLOSE = re.compile(r"^[ \t]*</file>[ \t]*$", re.MULTILINE)
_FENCED = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[\w+-]*[ \t]+(?:path=|file=|title=)?[\"']?(?P<path>[\w./-]+\.\w+)[\"']?[ \t]*\n"
    r"(?P<body>.*?)^(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_WRAPPED = re.compile(
    r"\A\s*(?P<fence>`{3,}|~{3,})[\w+-]*[ \t]*\n(?P<body>.*)^(?P=fence)\s*\Z", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Reply:
    """What an answer gave: path -> text, and a sentence for each thing that was wrong with it."""

    files: dict[str, str]
    complaints: tuple[str, ...] = ()


def parse(text: str) -> Reply:
    """Read the files out of `text`: blocks `<file path="…">`, else fenced blocks that carry their path."""
    # Half a surrogate pair, which JSON may carry, has no bytes that could be written.
    clean = text.encode(errors="replace").decode().replace("\r\n", "\n").removeprefix("\ufeff")
    blocks, complaints = _blocks(clean)
    if not blocks and not complaints:
        blocks = [(match["path"], match["body"]) for match in _FENCED.finditer(clean)]
    files: dict[str, str] = {}
    for given, body in blocks:
        path = given.strip().removeprefix("./").lstrip("/")
        if problem := path_problem(path):
            complaints.append(f"The file {given!r:.80} was left out: its name {problem}.")
            continue
        files[path] = body if path.endswith(".md") else _unwrapped(body)
    if not files:
        complaints.append('There was no complete <file path="…"> block.')
    return Reply(files, tuple(complaints))


def _blocks(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    found: list[tuple[str, str]] = []
    complaints: list[str] = []
    position = 0
    while opening := _OPEN.search(text, position):
        closing = _CLOSE.search(text, opening.end())
        following = _OPEN.search(text, opening.end())
        if closing is None or (following is not None and following.start() < closing.start()):
            complaints.append(f"The block of {opening[1]!r:.80} does not end: half a file is never used.")
            if closing is None:
                break
            position = following.start() if following is not None else closing.end()
            continue
        found.append((opening[1], text[opening.end() : closing.start()].removeprefix("\n")))
        position = closing.end()
    return found, complaints


def _unwrapped(body: str) -> str:
    """Return a file without the fence that some models put around it."""
    return match["body"] if (match := _WRAPPED.match(body)) else body
