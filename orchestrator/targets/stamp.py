"""How a site and a deployment at another host say whose they are, and which files go there. Pure."""

import re
from collections.abc import Mapping, Sequence

from orchestrator.core.paths import STEERING, fold_path
from orchestrator.core.task import slug
from orchestrator.targets.target import Release

LONGEST_SLUG, KEY_DIGITS = 22, 12
"""Together with `round-999--` before it and eight more digits behind it the name is one label of a domain: 63."""

_STAMP = "Pagewright task {key}, request {request}, commit {sha}"


def site_name(repository: str, key: str) -> str:
    """Return the name that a task's site has at a host: nobody else's key makes the same one."""
    words = re.sub(r"[^a-z0-9]+", "-", slug(repository))[:LONGEST_SLUG].strip("-")
    return f"{words or 'task'}-{key[:KEY_DIGITS]}"


def stamp(release: Release) -> str:
    """Return what a deployment of this commit is called, and found by."""
    return _STAMP.format(key=release.keys[0], request=release.request, sha=release.head)


def is_of(title: object, keys: Sequence[str]) -> bool:
    """Whether a deployment of that title is of a task with one of `keys`."""
    found = re.match(r"Pagewright task ([0-9a-f]{16}), ", str(title or ""))
    return found is not None and found[1] in keys


def public_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those files of a commit that a host is to serve: not the hidden ones, nor what would steer the host.

    The latter can only be the owner's. No host that takes files by their URL takes `#` or `?`.
    """
    return {path: data for path, data in files.items() if not _is_kept_back(path)}


def _is_kept_back(path: str) -> bool:
    parts = fold_path(path).split("/")
    return any(part.startswith(".") or part in STEERING for part in parts) or bool(re.search(r"[#?]", path))
