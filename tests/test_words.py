"""The words of the project: a closed list that neither product texts nor tests use, because people read them twice."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = ("orchestrator", "receiver", "prompts", ".github", "Makefile", "Dockerfile", "pyproject.toml")
REFUSED = {
    "mend": "repair, fix",
    "mends": "repairs, fixes",
    "mended": "repaired, fixed",
    "mending": "repairing, fixing",
    "heal": "repair",
    "heals": "repairs",
    "healed": "repaired",
    "healing": "repairing",
    "healings": "repairs",
    "cannot be had": "could not be downloaded",
    "the pen": "write token",
    "shall": "must, or the present tense",
    "whoever": "who, anyone who",
    "whatever": "what, everything that",
    "wherever": "where, everywhere",
    "none where": "None if",
    "in vain": "without success",
    "is none": "does not exist",
    "are none": "do not exist",
    "at hand": "available",
    "be told of": "be told about",
    "made by itself": "created automatically",
}
KEPT = {
    ("orchestrator/core/site.py", "shall"),  # the MIT licence
    ("orchestrator/generate/attachments/changes.py", "mend"),  # verbs of the briefs that people write
    ("orchestrator/generate/attachments/changes.py", "shall"),
    ("orchestrator/verify/sentences/naming.py", "shall"),  # verbs of the checks that people write
    ("orchestrator/evaluator/ledger.py", "healings"),  # the table in the ledgers that people have
}
_ALL = "|".join(word.replace(" ", r"\s+(?:#\s+)?") for word in REFUSED)
_WORDS = re.compile(rf"(?<![\w-])(?:{_ALL})(?!\w)", re.IGNORECASE)


def refused(text: str) -> set[str]:
    """Return the refused words in `text`. The value `None` is not the word "none": `is None` is code."""
    found = (" ".join(match[0].replace("#", " ").split()) for match in _WORDS.finditer(text))
    return {word.lower() for word in found if not re.fullmatch("(is|are) None", word)}


def product_files() -> list[str]:
    said = subprocess.run(["git", "ls-files", *PLACES], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in said.stdout.split("\n") if path]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("what it did not Mend", {"mend"}),
        ("None where\n    # there is no such file", {"none where"}),
        ("if value is None: recommend(amendment, command_shall)", set[str]()),
        ("the file is none", {"is none"}),
        ("Whatever it was, it was in\n  vain", {"whatever", "in vain"}),
    ],
)
def test_a_refused_word_is_found_as_a_word(text: str, found: set[str]) -> None:
    assert refused(text) == found


def test_no_text_of_the_product_uses_a_refused_word() -> None:
    files = product_files()
    assert len(files) > 200
    found = {(path, word) for path in files for word in refused((ROOT / path).read_text(encoding="utf-8"))}
    assert {f"{path}: {word} ({REFUSED[word]})" for path, word in found - KEPT} == set()
    assert found >= KEPT, "what is no longer needed leaves the list"
