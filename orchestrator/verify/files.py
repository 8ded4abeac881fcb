"""Checks about the repository, decided by rules. Pure.

A check is one of these only if all of it is understood, for example "README.md exists and has a section on usage". If
it asks for more, for example that the text is professional, it is prose. It is prose, too, if the files alone do not
tell.
"""

from orchestrator.verify.sentences.claims import worst_finding
from orchestrator.verify.sentences.grammar import parse_sentence
from orchestrator.verify.sentences.repository import CheckedFiles, Evidence

__all__ = ["CheckedFiles", "Evidence", "decide_check", "is_about_files"]


def is_about_files(text: str) -> bool:
    """Whether rules here decide the check."""
    return parse_sentence(text) is not None


def decide_check(text: str, repository: CheckedFiles) -> Evidence:
    """Return what a check about files shows: the first clause that fails decides, else the first that is undecided."""
    shown = [about(repository, name) for name, about in parse_sentence(text) or ()]
    if not shown:
        return Evidence(None, "not understood")
    return worst_finding(shown)
