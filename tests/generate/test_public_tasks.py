"""Three public tasks through all their rounds, answered well in five shapes: every file comes out as it was meant.

`tests/sites/<task>/<round>/` holds what the site is after each round, attachments apart.
"""

import difflib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.settings import build_settings
from orchestrator.core.site import Site
from orchestrator.core.task import Check, Task
from orchestrator.generate.draft import Material
from orchestrator.generate.generation import Kit
from tests.doubles.clock import FastClock
from tests.doubles.generation import Made, generate
from tests.doubles.model import model_server

SITES = Path(__file__).parents[1] / "sites"
TASKS = ("sum-of-sales", "markdown-to-html", "github-user-created")
ROUNDS = (1, 2, 3, 4)

Files = Mapping[str, str]
Shape = Callable[[Files, Files], str]
"""What is there, and what shall be there -> an answer that turns the one into the other."""


def tags(before: Files, after: Files) -> str:
    """Return the form that is asked for: whole files where they are new, edits where they are not."""
    return "My plan: change what the brief asks for.\n\n" + "\n".join(
        f'<edit path="{path}">\n{pairs(before[path], text)}</edit>\n'
        if path in before
        else f'<file path="{path}">\n{text}</file>\n'
        for path, text in changed(before, after)
    )


def names_before_fences(before: Files, after: Files) -> str:
    """Return fences below a line with the name, edits inside them; the README's fence is longer than those in it."""
    parts = ["Here is what I changed:\n"]
    for path, text in changed(before, after):
        body = pairs(before[path], text) if path in before else text
        parts.append(f"**{path}**\n\n````{path.rpartition('.')[2]}\n{body}````\n")
    return "\n".join(parts) + "\nLet me know if you need anything else!"


def names_in_fences(before: Files, after: Files) -> str:
    """Return fences with the name in their first line, whole files each time, CRLF throughout."""
    parts = [f"~~~~html path={path}\n{text}~~~~\n" for path, text in changed(before, after)]
    return "\ufeff" + "\n".join(parts).replace("\n", "\r\n")


def json_map(before: Files, after: Files) -> str:
    """Return JSON in a fence: whole files each time."""
    return f"```json\n{json.dumps({'files': dict(changed(before, after))}, indent=1)}\n```"


def xml(before: Files, after: Files) -> str:
    """Return XML with CDATA: whole files each time."""
    return (
        "<files>\n"
        + "\n".join(f"<file name='./{path}'><![CDATA[{text}]]></file>" for path, text in changed(before, after))
        + "\n</files>\n"
    )


SHAPES: tuple[Shape, ...] = (tags, names_before_fences, names_in_fences, json_map, xml)


def changed(before: Files, after: Files) -> Iterator[tuple[str, str]]:
    return ((path, text) for path, text in sorted(after.items()) if before.get(path) != text)


def pairs(before: str, after: str) -> str:
    """Return SEARCH/REPLACE pairs, each with just as many lines around it as make it unique."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found = ""
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(3):
        search, replace = old[group[0][1] : group[-1][2]], new[group[0][3] : group[-1][4]]
        found += f"<<<<<<< SEARCH\n{''.join(search)}=======\n{''.join(replace)}>>>>>>> REPLACE\n"
    return found


def site(task: str, round_: int) -> Files:
    folder = SITES / task / str(round_)
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


ATTACHED = {
    ("sum-of-sales", 1): {"data.csv": b"product,region,sales\nWidget,North,1250.50\nGadget,South,800.25\r\n\xff"},
    ("sum-of-sales", 3): {"rates.json": b'{"USD": 1, "EUR": 0.92, "INR": 84.1}\n'},
    ("markdown-to-html", 1): {"input.md": "# Notes 4f2a\n\n```js\nconsole.log('ü');\n```\n".encode()},
}


async def built(given: Material, answer: str) -> Made:
    async with model_server(answer) as server:
        env = {"TARGET_OWNER": "x", "LLM_MODELS": "openai/one", "LLM_API_BASE": server.url}
        return await generate(given, Kit.load(build_settings(env).models), FastClock().deadline(), lambda _: ())


@pytest.mark.anyio
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("task", TASKS)
async def test_every_file_is_right_after_every_round(task: str, shape: Shape) -> None:
    present: dict[str, bytes] = {}
    before: Files = {}
    record = Record(task="k")
    for round_ in ROUNDS:
        after, attached = site(task, round_), ATTACHED.get((task, round_), {})
        asked = Task(task=task, round=round_, nonce="n", brief=f"Round {round_}.", checks=(Check(text="true"),))
        made = await built(Material(asked, attached, Site(present), record if present else None), shape(before, after))
        assert [attempt.outcome for attempt in made.attempts] == ["answered"]
        expected = {path: text.encode() for path, text in after.items()}
        kept = {name: data for name, data in present.items() if name not in before}
        assert made.site.files == {**expected, **kept, **attached}
        present, before = dict(made.site.files), after
        entry = Round(round=round_, brief=asked.brief, attachments=tuple(attached) or None)
        record = record.with_round("r", "s", "m", entry)


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_a_round_that_leaves_a_file_alone(task: str) -> None:
    sites = [site(task, round_) for round_ in ROUNDS]
    pairs_of_rounds = list(itertools.pairwise(sites))
    assert any(before[path] == after.get(path) for before, after in pairs_of_rounds for path in before)
    assert all(before != after for before, after in pairs_of_rounds)
