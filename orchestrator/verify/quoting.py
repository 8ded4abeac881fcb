"""Files in the expressions of proofs: `file "data.json"` becomes what that file holds. Pure.

file "notes.md"            its text; so do `file("notes.md")` and `.text` behind it
file "data.json".json      what it holds; `.yaml` and `.csv` (a list of rows by column) in the same way
file "notes.md".exists     whether it is there
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.verify.proofs import Proof
from orchestrator.verify.sentences.repository import CheckedFiles
from orchestrator.verify.sentences.structure import Malformed, parse_as, promised_format
from orchestrator.verify.sentences.wording import is_file_name

LONGEST = 200_000
"""Characters of a file that an expression may hold."""

_FILE = re.compile(
    r"""(?<![\w$."'`-])file(?:\s{0,9}\(\s{0,9}|\s{1,9})(?P<quote>["'`])(?P<name>[^"'`\n]{1,200})(?P=quote)(?P<end>\s{0,9}\))?
    (?:\s{0,9}\.\s{0,9}(?P<form>text|json|parsed|yaml|csv|exists)\b(?:\s{0,9}\(\s{0,9}\))?
      |\s{1,9}(?:parsed\s{1,9})?as\s{1,9}(?P<said>text|json|yaml|csv)\b)?""",
    re.VERBOSE,
)


class MissingFile(ValueError):
    """A proof speaks of a file that is not there, or not of the form that it says; the text says which and why."""


def speaks_of_files(proof: Proof) -> bool:
    """Whether any step looks at a file."""
    return any(
        _mentioned_name(found)
        for step in proof.steps
        if step.verb in ("wait", "expect")
        for found in _find_mentions(step.what)
    )


def fill_in_files(proof: Proof, files: Mapping[str, bytes]) -> Proof:
    """Return the proof with what its files hold in their place. Raises MissingFile."""
    steps = (
        replace(step, what=_fill_mentions(step.what, files)) if step.verb in ("wait", "expect") else step
        for step in proof.steps
    )
    return replace(proof, steps=tuple(steps))


def _find_mentions(text: str) -> list[re.Match[str]]:
    return [*_FILE.finditer(text)]


def _mentioned_name(found: re.Match[str]) -> str:
    """Return the name of the file, nothing if the words only look like one."""
    return found["name"] if is_file_name(found["name"]) else ""


def _fill_mentions(text: str, files: Mapping[str, bytes]) -> str:
    repository = CheckedFiles(files, {})
    return _FILE.sub(lambda found: _render_mention(found, repository) if _mentioned_name(found) else found[0], text)


def _render_mention(found: re.Match[str], repository: CheckedFiles) -> str:
    name = found["name"]
    form = found["form"] or found["said"] or "text"
    path = repository.find_path(name)
    # A bracket that was open before the name, of a function around it say, stays where it is.
    is_call, is_closed = "(" in found[0][: found.start("quote") - found.start()], found["end"] is not None
    before, after = ("(" if is_call and not is_closed else ""), (")" if is_closed and not is_call else "")
    if form == "exists":
        return f"{before}{json.dumps(path is not None)}{after}"
    if path is None:
        raise MissingFile(repository.describe_missing(name))
    return f"{before}({_render_json(_parse_file(path, form, repository.files[path]), path)}){after}"


def _parse_file(path: str, form: str, data: bytes) -> Any:
    if form == "text":
        return data.decode("utf-8-sig", errors="replace")
    promised = promised_format(path)
    kind = (promised if promised in ("json", "yaml", "csv") else "json") if form == "parsed" else form
    try:
        return parse_as(kind, path, data)
    except Malformed as error:
        raise MissingFile(str(error)) from None


def _render_json(value: Any, path: str) -> str:
    code = json.dumps(value, default=str)
    if len(code) > LONGEST:
        raise MissingFile(f"`{path}` is too long for a proof")
    return code


def empty_out_file(path: str, data: bytes) -> bytes:
    """Return a file of the same form that holds nothing."""
    if promised_format(path) != "json":
        return b""
    return b"[]" if data.lstrip()[:1] == b"[" else b"{}"
