"""What the model is told: the files in `prompts/`, filled in. A missing or unknown placeholder is an error.

What never changes comes first, and what differs between tasks comes last, so that providers can cache the beginning;
everything within one conversation begins with the same messages.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from orchestrator.core.errors import UsageError
from orchestrator.core.record import Record
from orchestrator.core.task import Check
from orchestrator.generate.attachments.digest import trim_digests
from orchestrator.generate.attachments.images import choose_images
from orchestrator.generate.draft import Draft, Material
from orchestrator.generate.models.budget import LEAST_ROOM
from orchestrator.generate.models.counting import MARGIN, count_tokens, estimate_tokens
from orchestrator.generate.models.presets import Model, prompts_folder
from orchestrator.generate.present import render_present_files
from orchestrator.generate.tried import describe_repairs

_FRAMEWORKS = ("vanilla", "react", "vue", "compact_vanilla", "compact_react", "compact_vue")

PLACEHOLDERS = {
    "system": frozenset({"format", "framework"}),
    "edits": frozenset[str](),
    "files": frozenset[str](),
    "compact": frozenset({"format", "framework"}),
    "compact_edits": frozenset[str](),
    "compact_files": frozenset[str](),
    **{
        f"framework/{size}{name}": frozenset[str]() for size in ("", "compact_") for name in ("vanilla", "react", "vue")
    },
    "build": frozenset({"mark", "brief", "checks", "attachments"}),
    "revise": frozenset({"mark", "round", "date", "brief", "checks", "earlier", "attachments", "files"}),
    "repair": frozenset({"mark", "wrong", "tried", "brief", "checks", "earlier", "attachments", "files"}),
    "correct": frozenset({"mark", "flaws", "done"}),
    "continue": frozenset({"mark", "tail"}),
}
"""What each file may and must hold."""

PRESENT = 120_000
ATTACHMENTS = 40_000
EARLIER = 20_000
"""Characters that a model sees at most of the present files, of attachments, and of earlier rounds."""

LEAST_EARLIER = 1_000
"""Characters of earlier rounds that are shown even if there is no room, because they are part of the task."""

TRIED = 16_000
"""Characters that a model sees at most of the repairs before its own; a sixth of its room where that is less."""

TOLD = 30
FLAW = 2_000
"""Flaws of an answer that a model is told, and characters of each."""

SMALL = 8_000
"""Tokens; a model with a smaller context is told the rules in a compact form."""

_CHARACTERS_A_TOKEN = 5
"""More than any text has: the room for material begins with it, and is then measured."""

_NEAR = 200
"""If the room is known to within so many characters, the search for it ends."""

_AROUND_A_MESSAGE = 8
"""Tokens of a chat template's marks around each message."""

IMAGE_TOKENS = 1_600  # https://docs.claude.com/en/docs/build-with-claude/vision#evaluate-image-size

Prompts = Mapping[str, Template]
Message = dict[str, Any]
Messages = list[Message]


def load_prompts(folder: Path | None = None) -> Prompts:
    """Read the prompts; raise UsageError that names every file that is missing or has wrong placeholders."""
    folder = folder or prompts_folder()
    problems: list[str] = []
    loaded: dict[str, Template] = {}
    for name, wanted in PLACEHOLDERS.items():
        path = folder / f"{name}.md"
        try:
            template = Template(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            problems.append(f"{path.name} is missing or not a text file")
            continue
        found = set(template.get_identifiers())
        problems += [f"{path.name} lacks ${placeholder}" for placeholder in sorted(wanted - found)]
        problems += [f"{path.name} has the unknown ${placeholder}" for placeholder in sorted(found - wanted)]
        if not template.is_valid():
            problems.append(f"{path.name} has a single $ (write $$)")
        loaded[name] = template
    if problems:
        raise UsageError(f"The prompts are not valid: {'; '.join(problems)}.", "Correct the files in prompts/.")
    return loaded


def opening_messages(prompts: Prompts, given: Material, model: Model) -> Messages:
    """Return the conversation that asks `model` for the site, no larger than its context allows.

    What is shown of attachments, files and earlier rounds shrinks until it fits. What is asked never does: a prompt
    that does not even fit without material is returned as it is.
    """
    tokens = model.context - room_for_answer(given, model)
    most = min(tokens * _CHARACTERS_A_TOKEN, PRESENT + ATTACHMENTS + EARLIER + TRIED)
    if estimate_prompt_tokens(asked := _build_messages(prompts, given, model, most), model.margin) <= tokens:
        return asked
    # Whole files come and go at once, so the room is searched and not computed.
    fits, least = _build_messages(prompts, given, model, 0), 0
    while most - least > _NEAR:
        room = (least + most) // 2
        asked = _build_messages(prompts, given, model, room)
        if estimate_prompt_tokens(asked, model.margin) <= tokens:
            fits, least = asked, room
        else:
            most = room
    return fits


def room_for_answer(given: Material, model: Model) -> int:
    """Return how many tokens of the context a prompt leaves: a page that is written whole takes more than edits."""
    share = 4 if model.edits and not given.is_new else 3
    return min(model.output, max(LEAST_ROOM, model.context // share))


def _build_messages(prompts: Prompts, given: Material, model: Model, room: int) -> Messages:
    """Return the messages with material of about `room` characters."""
    asked = prompts[_prompt_name(given)].substitute(
        mark=_random_mark(),
        brief=given.task.brief,
        checks="\n".join(_number_checks(given.task.round, given.task.checks)) or "(none)",
        round=str(given.task.round),
        date=given.day.isoformat() if given.day else "today's date",
        wrong=_render_list(given.wrong, model.context // 2),  # in characters: about an eighth of the context
        **_render_material(given, room),
    )
    seen = choose_images(given.attachments) if model.sees_images else []
    pictures = [_image_part(image.media_type, image.data) for image in seen]
    system = _build_message("system", _system_rules(prompts, given, model), model)
    return [system, _build_message("user", asked, model, pictures)]


def _prompt_name(given: Material) -> str:
    return "build" if given.is_new else "revise" if given.made is None else "repair"


def _system_rules(prompts: Prompts, given: Material, model: Model) -> str:
    """Return what holds for every task, and the form of the answer. Where no file exists, none can be edited."""
    form = "edits" if model.edits and not given.is_new else "files"
    size = "compact_" if model.context < SMALL else ""
    written = prompts[f"framework/{size}{given.framework}"].substitute().strip()
    rules = prompts["compact" if size else "system"]
    return rules.substitute(format=prompts[f"{size}{form}"].substitute().strip(), framework=written)


def _render_material(given: Material, room: int) -> dict[str, str]:
    """Return attachments, present files, earlier rounds and repairs in about `room` characters.

    The present files have what the others leave: what is not shown cannot be changed.
    """
    tried = describe_repairs(given.tried, min(TRIED, room // 6))
    digested = trim_digests(given.told, min(ATTACHMENTS, room // 4))
    earlier = _render_earlier_rounds(given.record, given.task.round, min(EARLIER, max(LEAST_EARLIER, room // 4)))
    left = max(0, room - len(tried) - len(earlier) - sum(map(len, digested.values())))
    files = (given.made or given.present).files
    shown = render_present_files(files, given.protected_attachments.keys(), given.task, min(PRESENT, left))
    attachments = "\n\n".join(digested.values()) or "(none)"
    return {"attachments": attachments, "files": shown, "tried": tried, "earlier": earlier}


def correction_message(prompts: Prompts, draft: Draft) -> Message:
    """Return what a model is told whose answer had flaws."""
    told = {
        "mark": _random_mark(),
        "flaws": _render_list([flaw.text for flaw in draft.flaws]),
        "done": _render_list(draft.done),
    }
    return {"role": "user", "content": prompts["correct"].substitute(told)}


def _render_list(lines: Sequence[str], most: int = TOLD * FLAW) -> str:
    """Return the lines as a list of about `most` characters; the first is always told."""
    told: list[str] = []
    for line in lines[:TOLD]:
        most -= min(len(line), FLAW)
        if told and most < 0:
            break
        told.append(line if len(line) <= FLAW else f"{line[: FLAW - 1]}…")
    if len(told) < len(lines):
        told.append(f"… only {len(told)} of {len(lines)} are listed")
    return "\n".join(f"- {line}" for line in told) or "(none)"


def continuation_message(prompts: Prompts, tail: str) -> Message:
    """Return what a model is told whose answer was cut off. `tail`: how it ended."""
    return {"role": "user", "content": prompts["continue"].substitute(mark=_random_mark(), tail=tail)}


def estimate_prompt_tokens(messages: Sequence[Message], margin: float = MARGIN) -> int:
    """Return about how many tokens `messages` are, rather too many than too few; `margin`: the model's."""
    return sum(
        estimate_tokens(part["text"], margin) + _AROUND_A_MESSAGE if part["type"] == "text" else IMAGE_TOKENS
        for message in messages
        for part in _message_parts(message)
    )


def count_prompt_tokens(messages: Sequence[Message]) -> int:
    """Return how many tokens the texts of `messages` are in one common encoding, without a margin."""
    parts = [part for message in messages for part in _message_parts(message) if part["type"] == "text"]
    return sum(count_tokens(part["text"]) for part in parts)


def _message_parts(message: Message) -> Sequence[Message]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _random_mark() -> str:
    # Random, so that nothing inside the data can end it.
    return f"=====data-{secrets.token_hex(6)}====="


def _build_message(role: str, text: str, model: Model, pictures: Sequence[Message] = ()) -> Message:
    """Return a message; plain text where nothing else is needed, because small servers know no other form."""
    if not model.caches and not pictures:
        return {"role": role, "content": text}
    part: Message = {"type": "text", "text": text}
    if model.caches:  # https://docs.claude.com/en/docs/build-with-claude/prompt-caching
        part["cache_control"] = {"type": "ephemeral"}
    return {"role": role, "content": [*pictures, part]}


def _image_part(media_type: str, data: bytes) -> Message:
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{base64.b64encode(data).decode()}"}}


def _number_checks(round_: int, checks: Sequence[Check]) -> list[str]:
    """Return a line for each check, under the number that a proof names it by."""
    return [
        f"{round_}.{number}. {'JavaScript that must be true: ' if check.js else ''}{check.text}"
        for number, check in enumerate(checks, 1)
    ]


def _render_earlier_rounds(record: Record | None, this: int, most: int) -> str:
    rounds = [entry for entry in (record.rounds if record else ()) if entry.round != this]
    room = most // max(1, len(rounds))
    told = (
        "\n".join(
            [f"Round {entry.round}: {entry.brief}", *_number_checks(entry.round, [Check(text=c) for c in entry.checks])]
        )
        for entry in rounds
    )
    return "\n\n".join(text if len(text) <= room else f"{text[:room]}…" for text in told) or "(none)"
