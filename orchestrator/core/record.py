"""`pagewright.json`: what is remembered between rounds, and the stamp that proves what is live. Pure."""

import json
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.core.scaffold import Framework
from orchestrator.core.task import TRAILER_ID, TRAILER_ROUND, parse_request_id


class Round(BaseModel):
    """What one round asked for, and how many of its checks were shown to hold.

    `attachments`: the names of its attachments.
    """

    model_config = ConfigDict(frozen=True)

    round: int
    brief: str
    checks: tuple[str, ...] = ()
    attachments: tuple[str, ...] | None = None
    passed: int = 0
    failed: int = 0
    own: int = 0
    unproved: int = 0
    unreadable: int = 0


class Record(BaseModel):
    """The content of `pagewright.json`. Before the first request is answered, it has a task and no rounds.

    `again`: how many times the same site was committed again, because GitHub Pages lost its commit. `target`: where it
    goes live.
    """

    model_config = ConfigDict(frozen=True)

    task: str
    request: str | None = None
    site: str | None = None
    built_by: str | None = None
    framework: Framework | None = None
    again: int | None = None
    target: str | None = None
    rounds: tuple[Round, ...] = ()

    def render_file(self) -> bytes:
        """Return the file."""
        return (json.dumps(self.model_dump(exclude_none=True), indent=2, ensure_ascii=False) + "\n").encode()

    def with_round(self, request: str, site: str, built_by: str, this: Round) -> "Record":
        """Return the record after `this` round; an earlier entry of the same round is replaced."""
        others = [entry for entry in self.rounds if entry.round != this.round]
        rounds = tuple(sorted([*others, this], key=lambda entry: entry.round))
        # Where it goes live is said anew in every round.
        before = Record(task=self.task, framework=self.framework)
        return before.model_copy(update={"request": request, "site": site, "built_by": built_by, "rounds": rounds})

    def with_republish(self) -> "Record":
        """Return the record of the same answer for one more commit."""
        return self.model_copy(update={"again": (self.again or 0) + 1})


def read_record(content: bytes | None) -> Record | None:
    """Read `pagewright.json`; None if there is no such file, or it is not from this project."""
    try:
        return None if content is None else Record.model_validate_json(content)
    except ValidationError:
        return None


def description_of(key: str) -> str:
    """Return the description of the repository of the task `key`: before any file exists, it says whose it is."""
    return f"Built by Pagewright. Task {key}"


def parse_task_key(description: str) -> str | None:
    """Return the key of the task that a description names, even if its owner has written more around it."""
    found = re.findall(r"\bTask ([0-9a-f]{16})\b", description)
    return str(found[0]) if len(found) == 1 else None


def commit_message(repository: str, request: str, round_: int) -> tuple[str, str]:
    """Return subject and body of the commit that answers `request`. Nothing in it comes from a model."""
    return f"Build {repository}, round {round_}", f"{TRAILER_ID}: {request}\n{TRAILER_ROUND}: {round_}"


def republish_message(repository: str) -> tuple[str, str]:
    """Return subject and body of a commit that changes only the counter. It answers no request."""
    return (
        f"Publish {repository} again",
        "GitHub Pages did not publish the previous commit, and never retries a commit.",
    )


def find_answering_commit(commits: Sequence[tuple[str, str]], request: str) -> str | None:
    """Return the SHA of the commit that answers `request`, given (sha, message) pairs, newest first."""
    return next((sha for sha, message in commits if parse_request_id(message) == request), None)
