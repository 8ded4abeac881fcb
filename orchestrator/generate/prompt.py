"""What the model is told: the files in `prompts/`, filled in. A missing or unknown placeholder is an error."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from string import Template

from orchestrator.errors import UsageError
from orchestrator.record import Record
from orchestrator.site import LICENCE, Site
from orchestrator.task import Check, Task

FOLDER = Path(__file__).parents[2] / "prompts"

PLACEHOLDERS = {
    "system": frozenset[str](),
    "build": frozenset({"mark", "brief", "checks", "attachments"}),
    "revise": frozenset({"mark", "round", "brief", "checks", "earlier", "attachments", "files"}),
}
"""What each file may and must hold."""

EXCERPT = 4_000
"""Characters of a text attachment that the model sees."""

PRESENT = 120_000
"""Characters of the present site that the model sees."""

Messages = list[dict[str, str]]


def load(folder: Path = FOLDER) -> dict[str, Template]:
    """Read the prompts; raise UsageError that names every file that is missing or has wrong placeholders."""
    problems: list[str] = []
    loaded: dict[str, Template] = {}
    for name, wanted in PLACEHOLDERS.items():
        path = folder / f"{name}.md"
        if not path.is_file():
            problems.append(f"{path.name} is missing")
            continue
        template = Template(path.read_text(encoding="utf-8"))
        found = set(template.get_identifiers())
        problems += [f"{path.name} lacks ${placeholder}" for placeholder in sorted(wanted - found)]
        problems += [f"{path.name} has the unknown ${placeholder}" for placeholder in sorted(found - wanted)]
        if not template.is_valid():
            problems.append(f"{path.name} has a lone $ (write $$)")
        loaded[name] = template
    if problems:
        raise UsageError(f"Prompts: {'; '.join(problems)}.", "Correct the files in prompts/.")
    return loaded


def messages(
    prompts: Mapping[str, Template], task: Task, attachments: Mapping[str, bytes], present: Site, record: Record | None
) -> Messages:
    """Return the conversation that asks for the site. `present`: its files now, empty for a new one."""
    # Random, so that nothing inside the data can end it.
    filled = {
        "mark": f"=====data-{secrets.token_hex(6)}=====",
        "brief": task.brief,
        "checks": "\n".join(map(_as_line, task.checks)) or "(none)",
        "attachments": "\n\n".join(_excerpt(name, data) for name, data in attachments.items()) or "(none)",
    }
    if present.files:
        filled |= {"round": str(task.round), "earlier": _earlier(record, task.round), "files": _shown(present)}
    asked = prompts["revise" if present.files else "build"].substitute(filled)
    return [{"role": "system", "content": prompts["system"].substitute()}, {"role": "user", "content": asked}]


def _as_line(check: Check) -> str:
    return f"- JavaScript that must be true: {check.text}" if check.js else f"- {check.text}"


def _excerpt(name: str, data: bytes) -> str:
    text = as_text(data)
    if text is None:
        return f"{name}: {len(data)} bytes, not text"
    cut = text if len(text) <= EXCERPT else f"{text[:EXCERPT]}\n… ({len(text)} characters in all)"
    return f"{name}, {len(data)} bytes:\n{cut}"


def as_text(data: bytes) -> str | None:
    """Return `data` as text, or None where it is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _earlier(record: Record | None, this: int) -> str:
    rounds = [entry for entry in (record.rounds if record else ()) if entry.round != this]
    return "\n\n".join(
        "\n".join([f"Round {entry.round}: {entry.brief}", *(f"- {check}" for check in entry.checks)])
        for entry in rounds
    )


def _shown(present: Site) -> str:
    """Return the text files that fit, the page first."""
    left = PRESENT
    shown: list[str] = []
    for path in sorted(present.files, key=lambda path: (path != "index.html", len(present.files[path]))):
        text = as_text(present.files[path])
        if text is None or path == LICENCE or len(text) > left:
            shown.append(f"({path}, {len(present.files[path])} bytes, is not shown)")
            continue
        left -= len(text)
        shown.append(f'<file path="{path}">\n{text}\n</file>')
    return "\n".join(shown)
