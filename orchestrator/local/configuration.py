"""How repositories are set up: environments, secrets, variables and rulesets, one JSON file for each repository.

Secrets come sealed and are kept as they came; what may open them asks `decrypt_secret`.
https://docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api
"""

import base64
import binascii
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from pydantic import TypeAdapter

from orchestrator.local.files import write_atomically
from orchestrator.local.store import StoredRepository

Policy = Literal["open", "protected", "custom"]
Enforcement = Literal["active", "disabled", "evaluate"]
ALL, DEFAULT_BRANCH = "~ALL", "~DEFAULT_BRANCH"
"""What a ruleset says in place of a branch's name."""


@dataclass(frozen=True, slots=True)
class Environment:
    """`policy`: which branches may use it, `branches` where it is custom. `secrets`: name -> sealed value, base64."""

    policy: Policy = "open"
    branches: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What may not be done to some branches. Nobody can bypass one here: `bypass_actors` are not played."""

    id: int
    name: str
    enforcement: Enforcement
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def applies_to(self, branch: str, default_branch: str) -> bool:
        """Say whether it is in force for `branch`."""

        def is_named(patterns: tuple[str, ...]) -> bool:
            known = {ALL: "*", DEFAULT_BRANCH: f"refs/heads/{default_branch}"}
            return any(fnmatchcase(f"refs/heads/{branch}", known.get(pattern, pattern)) for pattern in patterns)

        return self.enforcement == "active" and is_named(self.include) and not is_named(self.exclude)


@dataclass(frozen=True, slots=True)
class Configuration:
    """How one repository is set up. `key`: opens its secrets, hexadecimal."""

    key: str = field(repr=False)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    rulesets: tuple[Ruleset, ...] = ()

    @property
    def public_key(self) -> str:
        """Return the key that secrets are sealed with, base64."""
        return base64.b64encode(bytes(self._private_key.public_key)).decode()

    @property
    def _private_key(self) -> PrivateKey:
        return PrivateKey(bytes.fromhex(self.key))

    def decrypt_secret(self, sealed: str) -> str | None:
        """Return the value of a sealed secret, None if it was not sealed with this key."""
        try:
            return SealedBox(self._private_key).decrypt(base64.b64decode(sealed, validate=True)).decode()
        except (CryptoError, binascii.Error, ValueError):
            return None


_CONFIGURATION: TypeAdapter[Configuration] = TypeAdapter(Configuration)


class Configurations:
    """Those of all repositories, kept in `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()

    def load_for(self, repository: StoredRepository) -> Configuration:
        """Return how `repository` is set up."""
        with self._lock:
            return self._load_or_create(repository)

    def change(self, repository: StoredRepository, change: Callable[[Configuration], Configuration]) -> Configuration:
        """Replace it by what `change` makes of it, and return that."""
        with self._lock:
            return self._write(repository, change(self._load_or_create(repository)))

    def find_branch_rules(self, repository: StoredRepository, branch: str) -> dict[str, Ruleset]:
        """Return the rules in force for a branch, each with the ruleset that it comes from."""
        held = [
            ruleset
            for ruleset in self.load_for(repository).rulesets
            if ruleset.applies_to(branch, repository.default_branch)
        ]
        return {rule: ruleset for ruleset in held for rule in ruleset.rules}

    def _load_or_create(self, repository: StoredRepository) -> Configuration:
        path = self._path(repository)
        if path.exists():
            return _CONFIGURATION.validate_json(path.read_bytes())
        return self._write(repository, Configuration(bytes(PrivateKey.generate()).hex()))

    def _write(self, repository: StoredRepository, configuration: Configuration) -> Configuration:
        write_atomically(self._path(repository), _CONFIGURATION.dump_json(configuration))
        return configuration

    def _path(self, repository: StoredRepository) -> Path:
        return self._root / f"{repository.full_name}.json"
