"""Tokens, with permissions as a fine-grained personal access token has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrator.local.store import StoredRepository


@dataclass(frozen=True, slots=True)
class Token:
    """A token of `login`.

    `permissions` are GitHub's names (administration, contents, pages, actions, workflows) with "read" or
    "write". `repositories` holds full names; None stands for everything that `login` owns, also what is yet to be made.
    `expires` in UTC; None: never.
    https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
    """

    value: str = field(repr=False)
    login: str
    permissions: Mapping[str, str]
    repositories: frozenset[str] | None = None
    expires: datetime | None = None

    def covers(self, repository: StoredRepository) -> bool:
        """Say whether the token was given this repository at all."""
        if self.repositories is None:
            return repository.owner.lower() == self.login.lower()
        return repository.full_name.lower() in {name.lower() for name in self.repositories}

    def may(self, needs: Mapping[str, str]) -> bool:
        """Say whether every permission asked for is there; "write" includes "read"."""
        return all(self.permissions.get(name) in (level, "write") for name, level in needs.items())

    @property
    def refusal(self) -> str:
        """Return what GitHub says to this kind of token when it lacks something."""
        kind = "integration" if self.login.endswith("[bot]") else "personal access token"
        return f"Resource not accessible by {kind}"


class Tokens:
    """The tokens that are valid now."""

    def __init__(self, *tokens: Token) -> None:
        self._tokens = {token.value: token for token in tokens}

    def add(self, token: Token) -> None:
        """Make `token` valid."""
        self._tokens[token.value] = token

    def remove(self, value: str) -> None:
        """Make the token invalid."""
        self._tokens.pop(value, None)

    def find_token(self, authorization: str) -> Token | None:
        """Return the token that an Authorization header names ("token X", "Bearer X"), or None."""
        scheme, _, value = authorization.partition(" ")
        token = self._tokens.get(value.strip()) if scheme.lower() in {"token", "bearer"} else None
        has_ended = token is not None and token.expires is not None and token.expires <= datetime.now(UTC)
        return None if has_ended else token
