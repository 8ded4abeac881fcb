"""What the documentation promises: links lead somewhere, and what it names exists."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator.cli import main
from orchestrator.core.task import Request, decode_data_uri, parse_task

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "SECURITY.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
PAGES.sort()
LONGEST_README = 160

AVOIDED = re.compile(
    r"\b(?:mend(?:s|ed|ing)?|cannot be had|the pen|shall|who(?:so)?ever|whatever|none where|in vain|is none"
    r"|made by itself|at hand|be told of)\b",
    re.IGNORECASE,
)
"""Words that a reader stops at; each has a plainer one."""

PATH = re.compile(
    r"(?:\.ci|\.github|docs|orchestrator|prompts|receiver|tests)/[\w./-]*|[\w-]+/[\w-]+\.py|Makefile|Dockerfile"
)
SETTING = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
NOT_OURS = {".github/workflows/", "AIPIPE_MODEL"}
"""A folder that sites may have, and a setting of a similar system."""


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tokens(path: str) -> tuple[Token, ...]:
    """Return the tokens of a page, those within a line behind the one that holds them."""

    def flat(token: Token) -> Iterator[Token]:
        yield token
        for child in token.children or ():
            yield from flat(child)

    return tuple(part for token in MarkdownIt().enable("table").parse(text(path)) for part in flat(token))


def links(path: str) -> Iterator[str]:
    for token in tokens(path):
        if token.type in ("link_open", "image"):
            yield str(token.attrGet("href") or token.attrGet("src"))
        elif token.type in ("html_inline", "html_block"):
            yield from re.findall(r'(?:src|href)="([^"]*)"', token.content)


def anchors(path: str) -> set[str]:
    """Return what GitHub names the headings: lower case, hyphens for blanks, a number from the second on."""
    seen = Counter[str]()
    found: set[str] = set()
    every = tokens(path)
    for opening, heading in pairwise(every):
        if opening.type == "heading_open":
            slug = re.sub(r"[^\w\- ]", "", heading.content.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def code(path: str) -> Iterator[str]:
    """Yield the text of every code span, and every line of every block, continued ones joined."""
    for token in tokens(path):
        if token.type == "code_inline":
            yield token.content
        elif token.type == "fence":
            yield from token.content.replace("\\\n", " ").splitlines()


@cache
def sources() -> str:
    """Return everything in which a setting can be read."""
    places = [*(ROOT / "orchestrator").rglob("*.py"), *(ROOT / "receiver").glob("*.py")]
    read = [path.read_text(encoding="utf-8") for path in places]
    return "\n".join([*read, text(".github/workflows/build.yml"), text("prompts/models.yaml")])


def test_the_readme_is_one_page() -> None:
    assert len(text("README.md").splitlines()) <= LONGEST_README


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(path: str) -> None:
    dead = []
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        there = (ROOT / path).parent / place if place else ROOT / path
        if not there.exists() or (anchor and anchor not in anchors(str(there.resolve().relative_to(ROOT)))):
            dead.append(link)
    assert dead == []


def test_every_page_is_reached_from_the_readme() -> None:
    assert {page for page in PAGES if page != "README.md"} <= set(links("README.md"))


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_a_word_that_readers_stop_at(path: str) -> None:
    assert AVOIDED.findall(" ".join(text(path).split())) == []


def test_nor_does_the_description_of_the_receiver() -> None:
    def descriptions(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in ("description", "summary") and isinstance(inner, str):
                    yield inner
                else:
                    yield from descriptions(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from descriptions(inner)

    said = list(descriptions(json.loads(text("receiver/openapi.json"))))
    assert len(said) > 50
    assert AVOIDED.findall(" ".join(said)) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_path_that_is_named_exists(path: str) -> None:
    """From the root, or within `orchestrator/`."""
    named = {found for span in code(path) if (found := span.strip()) not in NOT_OURS and PATH.fullmatch(found)}
    assert {
        name for name in named if not (ROOT / name).exists() and not (ROOT / "orchestrator" / name).exists()
    } == set()


@pytest.mark.parametrize("path", PAGES)
def test_every_setting_that_is_named_exists(path: str) -> None:
    named = {span for span in code(path) if SETTING.fullmatch(span)} - NOT_OURS
    assert {name for name in named if not re.search(rf"\b{name}\b", sources())} == set()


def test_every_setting_is_in_the_table() -> None:
    listed = text("docs/settings.md")
    of_the_receiver = set(re.findall(r'"([A-Z][A-Z_]+)"', text("receiver/settings.py")))
    of_the_jobs = set(re.findall(r"\b(?:secrets|vars)\.([A-Z]\w+)", text(".github/workflows/build.yml")))
    assert {"TASK_KEY", "PORT"} <= of_the_receiver
    assert {"TARGET_TOKEN", "LLAMA_OUTPUT"} <= of_the_jobs
    # One row says of each `…_MODEL` that there is also a `…_CONTEXT` and an `…_OUTPUT`.
    missing = {name for name in of_the_receiver | of_the_jobs if f"`{name}`" not in listed}
    assert {name for name in missing if f"`{re.sub('(CONTEXT|OUTPUT)$', 'MODEL', name)}`" not in listed} == set()


def commands() -> list[tuple[str, str]]:
    """Return every command that is named, with each of its options."""
    found = set()
    for span in (span for path in PAGES for span in code(path)):
        for command, rest in re.findall(r"\bpagewright ([a-z]+)\b(?!\.)([^|;]*)", span):
            found |= {(command, option) for option in ("--help", *re.findall(r"--[a-z-]+", rest))}
    return sorted(found)


@pytest.mark.parametrize(("command", "option"), commands())
def test_every_command_and_option_exists(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert re.search(rf"{option}\b", capsys.readouterr().out)


def test_every_target_of_make_exists() -> None:
    named = {name for path in PAGES for span in code(path) for name in re.findall(r"\bmake ([a-z]+)", span)}
    assert {"demo", "test", "serve"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("path", ["README.md", "docs/tasks.md"])
def test_the_example_is_a_task_that_the_receiver_takes(path: str) -> None:
    (body,) = re.findall(r"-d '(\{.*?\})'", text(path), re.DOTALL)
    task = parse_task(Request, json.loads(body))
    assert [check.js for check in task.checks] == [True, False]
    assert decode_data_uri(task.attachments[0].url) == b"sales\n42"
