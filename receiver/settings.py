"""What the receiver's environment says: read once from a mapping, and frozen."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class SettingsError(ValueError):
    """Settings are missing or wrong; the text names all of them, and what each is for."""


@dataclass(frozen=True)
class Settings:
    """Who may ask, and where the dispatch goes. Sizes in bytes, times in seconds."""

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

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Build the settings; raise SettingsError that names everything wrong at once."""
        text = {name: value.strip() for name, value in env.items() if value.strip()}
        problems = [f"{name} is missing ({purpose})" for name, purpose in _REQUIRED.items() if name not in text]
        problems += [f"{name} {form}" for name, (form, rule) in _FORMS.items() if name in text and not rule(text[name])]
        if problems:
            raise SettingsError(f"Settings: {'; '.join(problems)}. Set them where the README's table says.")
        repository = text["PIPELINE_REPOSITORY"]
        emails = text.get("ALLOWED_EMAILS", "").split(",")
        return cls(
            shared_secret=text["SHARED_SECRET"],
            dispatch_token=text["DISPATCH_TOKEN"],
            pipeline_repository=repository,
            target_owner=text.get("TARGET_OWNER", repository.partition("/")[0]),
            allowed_emails=frozenset(email.strip().lower() for email in emails if email.strip()),
            pages_url=text.get("PAGES_URL", cls.pages_url),
            api_url=text.get("GITHUB_API_URL", cls.api_url).rstrip("/"),
            host=text.get("HOST", cls.host),
            port=int(text.get("PORT", cls.port)),
            max_body_bytes=int(text.get("MAX_BODY_BYTES", cls.max_body_bytes)),
            wait_s=float(text.get("WAIT_S", cls.wait_s)),
            check_on_startup=text.get("CHECK_ON_STARTUP", "true").lower() in ("true", "1"),
        )


_REQUIRED = {
    "SHARED_SECRET": "evaluators send it; whoever has it may start tasks",
    "PIPELINE_REPOSITORY": "owner/name of the repository whose workflow does the work",
    "DISPATCH_TOKEN": "a token with Contents: write on that repository alone",
}

_WHOLE = re.compile(r"[0-9]{1,12}").fullmatch

_FORMS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    # Commas alone would let everyone in.
    "ALLOWED_EMAILS": ("must name at least one", re.compile(r".*[^,\s].*").fullmatch),
    "DISPATCH_TOKEN": ("must be a token, without spaces", re.compile(r"[!-~]+").fullmatch),
    "PIPELINE_REPOSITORY": ("must be owner/name", re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+").fullmatch),
    "TARGET_OWNER": ("must be the name of an account", re.compile(r"[A-Za-z0-9_-]+").fullmatch),
    "PAGES_URL": (
        "must be a URL; {owner} and {repo} stand for what they say",
        re.compile(r"https?://([^{}\s]|\{owner\}|\{repo\})+").fullmatch,
    ),
    "GITHUB_API_URL": ("must be a URL", re.compile(r"https?://\S+").fullmatch),
    "PORT": ("must be a whole number up to 65535", lambda text: _WHOLE(text) and int(text) <= 65_535),
    "MAX_BODY_BYTES": ("must be a whole number of bytes", _WHOLE),
    "WAIT_S": ("must be a number of seconds", re.compile(r"[0-9]{1,4}(\.[0-9]+)?").fullmatch),
    "CHECK_ON_STARTUP": ("must be true or false", re.compile(r"true|false|1|0", re.IGNORECASE).fullmatch),
}
