"""What could not be used of an answer: which file it is about, what went wrong, what a model is told."""

from dataclasses import dataclass
from typing import Literal

What = Literal["answer", "name", "block", "edit", "left out", "attachment", "site"]
"""What is wrong: the answer as a whole, a file's name, a whole file, an edit of one, a file in a form that is not
understood, a change of an attachment that the brief does not ask for, or the site as it is."""


@dataclass(frozen=True)
class Complaint:
    """One thing that a model still has to do. `path`: the file that it is about, empty for the whole answer."""

    path: str
    what: What
    text: str
