"""What the receiver's environment says: read once from a mapping, and frozen."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from orchestrator.core.task import TargetName, normal_email


class SettingsError(ValueError):
    """Settings are missing or wrong; the text names all of them, and what each is for."""


@dataclass(frozen=True)
class Settings:
    """Who may send tasks, and where they are dispatched. Sizes are in bytes, times in seconds.

    - `shared_secret_old`: is accepted too while the secret is being changed
    - `task_key`: tells tasks apart; if it is None, the secret does that
    - `max_tasks_per_day`: 0 means no limit
    - `targets`: where sites can go live
    """

    shared_secret: str = field(repr=False)
    dispatch_token: str = field(repr=False)
    pipeline_repository: str
    target_owner: str
    allowed_emails: frozenset[str] = frozenset()
    pages_url: str = "https://{owner}.github.io/{repo}/"
    api_url: str = "https://api.github.com"
    host: str = "127.0.0.1"
    port: int = 7860
    max_body_bytes: int = 25 * 1024 * 1024
    wait_s: float = 50
    poll_s: float = 2
    read_s: float = 60
    drain_s: float = 10
    look_s: float = 1
    check_on_startup: bool = True
    shared_secret_old: str = field(default="", repr=False)
    task_key: bytes | None = field(default=None, repr=False)
    max_tasks_per_day: int = 0
    targets: tuple[str, ...] = ("pages",)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that is taken, the present one first."""
        return (self.shared_secret, self.shared_secret_old) if self.shared_secret_old else (self.shared_secret,)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works and should be better, a sentence each. None holds a value."""
        said = []
        if self.task_key is None:
            said.append(_KEYLESS)
        if any(len(secret) < SHORTEST_SECRET for secret in self.secrets):
            said.append(_SHORT)
        return tuple(said)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Build the settings; raise SettingsError that names everything wrong at once."""
        text = {name: value.strip() for name, value in env.items() if value.strip()}
        problems = [f"{name} is missing ({purpose})" for name, purpose in _REQUIRED.items() if name not in text]
        problems += [f"{name} {form}" for name, (form, rule) in _FORMS.items() if name in text and not rule(text[name])]
        if "TASK_KEY" not in text and len(text.get("SHARED_SECRET", "x" * SHORTEST_SECRET)) < SHORTEST_SECRET:
            problems.append(f"SHARED_SECRET {TOO_SHORT}")
        if problems:
            raise SettingsError(
                f"Settings: {'; '.join(problems)}. Correct these settings. docs/settings.md explains each."
            )
        repository = text["PIPELINE_REPOSITORY"]
        emails = text.get("ALLOWED_EMAILS", "").split(",")
        return cls(
            shared_secret=text["SHARED_SECRET"],
            dispatch_token=text["DISPATCH_TOKEN"],
            pipeline_repository=repository,
            target_owner=text.get("TARGET_OWNER", repository.partition("/")[0]),
            allowed_emails=frozenset(normal_email(email) for email in emails if email.strip()),
            pages_url=text.get("PAGES_URL", cls.pages_url),
            api_url=text.get("GITHUB_API_URL", cls.api_url).rstrip("/"),
            host=text.get("HOST", cls.host),
            port=int(text.get("PORT", cls.port)),
            max_body_bytes=int(text.get("MAX_BODY_BYTES", cls.max_body_bytes)),
            wait_s=float(text.get("WAIT_S", cls.wait_s)),
            check_on_startup=text.get("CHECK_ON_STARTUP", "true").lower() in ("true", "1"),
            shared_secret_old=text.get("SHARED_SECRET_OLD", ""),
            task_key=bytes.fromhex(text["TASK_KEY"]) if "TASK_KEY" in text else None,
            max_tasks_per_day=int(text.get("MAX_TASKS_PER_DAY", cls.max_tasks_per_day)),
            targets=_targets_in(text.get("TARGETS", "pages")),
        )


SHORTEST_SECRET = 16
TOO_SHORT = f"must have at least {SHORTEST_SECRET} characters if TASK_KEY is not set"
"""Without a TASK_KEY the record of every public repository lets people try out secrets, 100,000 a second."""

_KEYLESS = (
    "TASK_KEY is not set. Without it, people can find out secrets from the records of the sites, and after a "
    "change of SHARED_SECRET no earlier task can be found again. `pagewright setup` creates one."
)
_SHORT = f"A secret has fewer than {SHORTEST_SECRET} characters and could be guessed: change it."

is_task_key = re.compile(r"[0-9A-Fa-f]{64}").fullmatch
TASK_KEY_FORM = "must be 64 hexadecimal digits, as `pagewright setup` creates them"

_REQUIRED = {
    "SHARED_SECRET": "evaluators send it; anyone who has it can start tasks",
    "PIPELINE_REPOSITORY": "owner/name of the repository whose workflow does the work",
    "DISPATCH_TOKEN": "a token with Contents: write on that repository alone",
}


def _targets_in(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


_WHOLE = re.compile(r"[0-9]{1,12}").fullmatch

_FORMS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    # Commas alone would let everyone in.
    "ALLOWED_EMAILS": ("must name at least one", re.compile(r".*[^,\s].*").fullmatch),
    "DISPATCH_TOKEN": ("must be a token, without spaces", re.compile(r"[!-~]+").fullmatch),
    "PIPELINE_REPOSITORY": ("must have the form owner/name", re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+").fullmatch),
    "TARGET_OWNER": ("must be the name of an account", re.compile(r"[A-Za-z0-9_-]+").fullmatch),
    "PAGES_URL": (
        "must be a URL, which may contain {owner} and {repo}",
        re.compile(r"https?://([^{}\s]|\{owner\}|\{repo\})+").fullmatch,
    ),
    "GITHUB_API_URL": ("must be a URL", re.compile(r"https?://\S+").fullmatch),
    "PORT": ("must be a whole number up to 65535", lambda text: _WHOLE(text) and int(text) <= 65_535),
    "MAX_BODY_BYTES": ("must be a whole number of bytes", _WHOLE),
    "WAIT_S": ("must be a number of seconds", re.compile(r"[0-9]{1,4}(\.[0-9]+)?").fullmatch),
    "TASK_KEY": (TASK_KEY_FORM, is_task_key),
    "MAX_TASKS_PER_DAY": ("must be a whole number, 0 for no limit", _WHOLE),
    "TARGETS": (
        f"must name some of {', '.join(get_args(TargetName))}",
        lambda text: set(_targets_in(text)) and set(_targets_in(text)) <= set(get_args(TargetName)),
    ),
    "CHECK_ON_STARTUP": ("must be true or false", re.compile(r"true|false|1|0", re.IGNORECASE).fullmatch),
}
