"""Every error a person can meet: what happened, what to do about it, and how the process ends.

    PagewrightError
    ├── UsageError      2  the command or the task is wrong
    ├── NoSite          3  no site could be built
    ├── RuleBroken      4  the site breaks a rule and is not published
    ├── HostFailed      5  a host of sites refused or failed
    │   └── GitHubFailed   GitHub refused or failed
    ├── NotAccepted     6  the evaluator did not accept
    └── OutOfTime       7  out of time

Any other exception is a bug in Pagewright and ends with 1. Users rely on these numbers.
"""

from collections.abc import Sequence
from typing import ClassVar


class PagewrightError(Exception):
    """An error with a remedy. Neither text may hold a secret or a submitted value.

    `told`: what an evaluator is told, both texts by default. Pass it if the texts are only for the owner, for example
    if they name a token.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, cause: str, remedy: str = "", told: str = "") -> None:
        super().__init__(f"{cause} {remedy}".strip())
        self.cause = cause
        self.remedy = remedy
        self.told = told or str(self)


class UsageError(PagewrightError):
    """The command, its settings or the task is wrong: the same call fails again."""

    exit_code = 2


class NoSite(PagewrightError):
    """There is nothing that could be published."""

    exit_code = 3


class RuleBroken(PagewrightError):
    """The site breaks a rule that every site must meet."""

    exit_code = 4

    @classmethod
    def from_problems(cls, problems: Sequence[str]) -> "RuleBroken":
        """Return the error that names the first few of `problems`."""
        return cls(f"The site breaks a rule: {'; '.join(problems[:5])}.", "Change the brief or the attachments.")


class HostFailed(PagewrightError):
    """GitHub or another host refused or failed, also when asked again."""

    exit_code = 5


class GitHubFailed(HostFailed):
    """GitHub refused or failed, and went on to do so when asked again."""


class NotAccepted(PagewrightError):
    """The evaluator was told and did not answer with 2xx."""

    exit_code = 6


class OutOfTime(PagewrightError):
    """The task's deadline passed."""

    exit_code = 7
