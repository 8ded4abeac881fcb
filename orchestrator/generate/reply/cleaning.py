"""What models leave in and around a file: fences, labels, prose, placeholders. Cleaned or named. Pure."""

import json
import re
from collections import Counter
from dataclasses import dataclass

from orchestrator.core.paths import is_markdown, is_page
from orchestrator.generate.reply.elements import PAGE
from orchestrator.generate.reply.elisions import find_elision

_WRAPS = re.compile(r"\s*+(`{3,}+|~{3,}+)([^\n`]*+)\n")
_OPENED = re.compile(r"\A\s*+(?:(?:`{3,}+|~{3,}+)[^\n`]*+\n[ \t]*+){1,5}+")
_CLOSED = re.compile(r"(?:\n[ \t]*+(?:`{3,}+|~{3,}+)[ \t]*+){1,5}+\s*+\Z")
_ANY_FENCE = re.compile(r"^(?:`{3,}+|~{3,}+)([^\n]*+)$", re.MULTILINE)
_BARE = re.compile(r"^(?:`{3,}+|~{3,}+)[ \t]*+$", re.MULTILINE)
_LABEL = re.compile(
    r"\A\s*(?:\*\*|`)?(?:file[ _-]?(?:name|path)?|path)\s*:\s*[\"'`]?([^\s\"'`*]{1,200})[\"'`]?(?:\*\*|`)?[ \t]*\n",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"<(body|head|script|style|title|main|table)[\s>]", re.IGNORECASE)
_ENDED = re.compile(r"</(body|head|script|style|title|main|table)\s*>", re.IGNORECASE)
_END_OF_PAGE = re.compile(r"^[^`\n]*</html>[ \t]*$", re.IGNORECASE | re.MULTILINE)
_DIFF = re.compile(r"\A\s*(?:diff --git |--- [^\n]*\n\+\+\+ |@@ -\d)")
_PROSE = re.compile(r"[A-Z*#-][^;{}=<>]*+")
_ENDS_PROSE = re.compile(r"[\w)*`'\"][.:!]?\Z")
_PATCHES = (".diff", ".patch")
_CODE = (".js", ".mjs", ".css")


@dataclass(frozen=True)
class CleanedFile:
    """A file without what does not belong to it, or why it cannot be used."""

    text: str
    problem: str = ""


def clean_file(path: str, body: str, *, is_part: bool = False) -> CleanedFile:
    """Return the text of the file `path` out of a block's body. `is_part`: it is a piece of a file."""
    if not is_markdown(path) and (holder := find_elision(body, path)):
        return CleanedFile("", f"it has a placeholder instead of code ({holder}): write the code.")
    if is_part:
        return CleanedFile(body)
    text = _strip_wrapping(path, body)
    is_diff = _DIFF.match(text) or (not is_markdown(path) and _is_diff(text))
    if is_diff and not path.lower().endswith(_PATCHES):
        return CleanedFile("", "diffs are not accepted: send the whole file, or SEARCH/REPLACE edits.")
    suffix = path.lower()
    if is_page(path):
        return _clean_page(text)
    if suffix.endswith(".json"):
        return CleanedFile(text, _json_problem(text))
    return CleanedFile(_without_prose(text) if suffix.endswith(_CODE) else text)


def _strip_wrapping(path: str, body: str) -> str:
    """Return a file without the fence that some models put around it, and without a line that only says its name."""
    if is_markdown(path):
        wrapped = _match_wrapping_fence(body)
        return body if wrapped is None or wrapped[0] not in ("md", "markdown") else wrapped[1]
    text = _LABEL.sub("", body, count=1)
    text = _strip_fence(_strip_fence(text))  # the second one within the first
    return _without_name(path, _LABEL.sub("", text, count=1))


def _without_name(path: str, text: str) -> str:
    """Return `text` without its first line where that only says `path`, as a comment or plainly."""
    # No pattern made of the path: an answer may name 50,000 of them.
    start = text.lstrip()
    line, newline, rest = start.partition("\n")
    said = line.strip().removeprefix("//").removeprefix("<!--").removeprefix("/*")
    return rest if newline and said.removesuffix("-->").removesuffix("*/").strip() == path else text


def _match_wrapping_fence(text: str) -> tuple[str, str] | None:
    """Return what the first line of a fence around all of `text` says, and what is inside, or None."""
    begun, bare = _WRAPS.match(text), text.rstrip()
    last = bare.rfind("\n") + 1
    # The same signs end it, in the last line and with nothing behind them.
    if begun is None or last < begun.end() or not bare.startswith(begun[1], last) or bare[last:].strip("`~"):
        return None
    inside = text[begun.end() : last].removesuffix("\n")
    return begun[2].strip().lower(), f"{inside}\n"


def _strip_fence(text: str) -> str:
    if wrapped := _match_wrapping_fence(text):
        return wrapped[1]
    if opened := _OPENED.match(text):
        inside = text[opened.end() :]
        end = _BARE.search(inside)  # prose may follow the fence
        return inside if end is None else inside[: end.start()]
    bare = _CLOSED.sub("\n", text)
    # A fence that ends what none began: the beginning was lost, and behind it stands prose.
    ends = list(_ANY_FENCE.finditer(bare))
    is_lost = len(ends) == 1 and not ends[0][1].strip() and _is_prose(bare[ends[0].end() :])
    return bare[: ends[0].start()] if is_lost else bare


def _is_diff(text: str) -> bool:
    """Whether each line is marked as kept, added or taken away, and some are."""
    lines = [line for line in text.split("\n") if line.strip()]
    return all(line[0] in " +-" for line in lines) and {"+", "-"} <= {line[0] for line in lines}


def _clean_page(text: str) -> CleanedFile:
    start = PAGE.search(text)
    if start is None:
        return CleanedFile(text)
    head = text[: start.start()]
    # Comments may stand before the doctype; prose may not.
    body = text if not head.strip() or head.lstrip().startswith("<") else text[start.start() :]
    end = end_of_page(body)
    if end is None:
        problem = "the page has no end: half a file is never used, send all of it." if _is_half(body) else ""
        return CleanedFile(body, problem)
    behind = body[end:]
    if behind.strip() and not behind.lstrip().startswith("<"):
        body = f"{body[:end]}\n"
    return CleanedFile(body)


def end_of_page(text: str) -> int | None:
    """Return where the last `</html>` ends that ends a line, as the one in a script or in a sentence does not."""
    return max((found.end() for found in _END_OF_PAGE.finditer(text)), default=None)


def _is_half(page: str) -> bool:
    """Whether a page ends within something. HTML lets `</html>` be left out, and a short page may well do so."""
    begun, ended = (Counter(name.lower() for name in found.findall(page)) for found in (_BEGUN, _ENDED))
    return bool(begun - ended) or page.rfind("<") > page.rfind(">")


def _json_problem(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "it is not valid JSON; send all of it." if text.strip() else ""
    return ""


def _without_prose(text: str) -> str:
    """Cut off paragraphs at the end that are plain prose: words, and none of the signs that code is made of."""
    paragraphs = re.split(r"(\n[ \t]*\n)", text)
    while len(paragraphs) > 2 and _is_prose(paragraphs[-1]):
        del paragraphs[-2:]
    return "".join(paragraphs).rstrip("\n") + "\n" if text.endswith("\n") else "".join(paragraphs)


def _is_prose(paragraph: str) -> bool:
    lines = [line for line in paragraph.strip().split("\n") if line.strip()]
    return bool(lines) and all(map(_is_sentence, lines))


def _is_sentence(line: str) -> bool:
    is_long = len(line.split()) >= 4 or line.startswith(("# ", "## ", "### "))
    bare = line.rstrip()[1:]
    return is_long and len(line) < 600 and bool(_PROSE.fullmatch(line) and _ENDS_PROSE.search(bare[-2:]))
