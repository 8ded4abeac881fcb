"""Typed values out of a mapping of texts, as the environment is one. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.core.errors import UsageError


@dataclass
class SettingsReader:
    """Reads typed values and collects all problems, so that one error names all of them."""

    env: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        """Return a text without blanks around it, `default` where it is missing or empty."""
        return self.env.get(name, "").strip() or default

    def required_text(self, name: str, purpose: str) -> str:
        """Return a text; note that it is missing, and what it is for, where it is."""
        if not (value := self.text(name)):
            self.problems.append(f"{name} is missing ({purpose})")
        return value

    def number(self, name: str, default: float) -> float:
        """Return a number above 0; note anything else."""
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            self.problems.append(f"{name} must be a number above 0")
            return default
        return value

    def flag(self, name: str) -> bool:
        """Return whether a setting is on; note what is neither true nor false."""
        value = self.text(name, "false").lower()
        if value not in ("true", "false", "1", "0"):
            self.problems.append(f"{name} must be true or false")
        return value in ("true", "1")

    def path(self, name: str) -> Path | None:
        """Return a path, None if nothing is set."""
        return Path(value) if (value := self.text(name)) else None

    def folder(self, name: str) -> Path | None:
        """Return a path; note one that is no folder."""
        path = self.path(name)
        if path is not None and not path.is_dir():
            self.problems.append(f"{name} must be an existing folder")
        return path

    def values_ending(self, *ends: str) -> dict[str, str]:
        """Return every value whose name has one of these ends."""
        return {name: value for name in self.env if name.endswith(ends) and (value := self.text(name))}

    def raise_problems(self) -> None:
        """Raise UsageError with everything that was noted."""
        if self.problems:
            is_about_tokens = any("_TOKEN" in problem for problem in self.problems)
            raise UsageError(
                f"Settings: {'; '.join(self.problems)}.",
                "Correct these settings. docs/settings.md explains each.",
                "The pipeline is not set up correctly. The log of its run says what to correct."
                if is_about_tokens
                else "",
            )
