"""A site: path -> bytes, and the rules that every site must meet before it is published. Pure."""

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from orchestrator.core.paths import find_clash, path_problem
from orchestrator.core.scaffold import Framework, added_files
from orchestrator.core.task import UNFIT_AT_HOSTS, TargetName

RECORD = "pagewright.json"
LICENCE = "LICENSE"
MAX_FILES = 1_000
MAX_BYTES = 28 * 1024 * 1024  # as base64 in one mutation: requests of about 40 MB failed when measured
MIN_SECRET = 8  # shorter ones occur by chance

_WORKFLOWS = ".github/workflows/"
_PROVIDER_KEYS = re.compile(
    rb"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50}|sk-(?:ant|or|proj)-[A-Za-z0-9_-]{20}|sk-[A-Za-z0-9]{40}"
    rb"|AIza[A-Za-z0-9_-]{35}|AKIA[A-Z0-9]{16}|xox[abprs]-[A-Za-z0-9-]{20}|[rs]k_live_[A-Za-z0-9]{20}"
    rb"|hf_[A-Za-z0-9]{34}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)


@dataclass(frozen=True)
class Site:
    """The files of one site, without the record."""

    files: Mapping[str, bytes]

    def with_changes(self, files: Mapping[str, bytes]) -> "Site":
        """Return a site in which `files` were added or replaced."""
        return Site({**self.files, **files})

    def digest(self) -> str:
        """Return the SHA-256 of what `sha256sum` prints for every file, sorted bytewise by path."""
        lines = (
            f"{hashlib.sha256(self.files[path]).hexdigest()}  {path}\n" for path in sorted(self.files, key=_encode_text)
        )
        return hashlib.sha256(_encode_text("".join(lines))).hexdigest()


def _encode_text(path: str) -> bytes:
    return path.encode(errors="surrogateescape")  # as Python read a name that is not UTF-8


def blob_id(content: bytes) -> str:
    """Return git's object id of `content`, so that changed files are known without downloading them."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def add_standard_files(site: Site, owner: str, year: int, framework: Framework = "vanilla") -> Site:
    """Add what every repository of ours has: the licence, what keeps Jekyll away, and how a framework is built."""
    return site.with_changes({LICENCE: render_licence(owner, year), ".nojekyll": b"", **added_files(framework)})


def render_licence(owner: str, year: int) -> bytes:
    """Return the MIT licence text."""
    return _MIT.format(year=year, owner=owner).encode()


def broken_rules(
    site: Site, present: Mapping[str, str], secrets: Collection[str] = (), *, allow_workflows: bool = False
) -> list[str]:
    """Return one sentence for each broken rule.

    `present`: path -> blob id of the repository's files. A file that is already there with the same bytes is not
    judged: for example, an owner's `CNAME`.
    """
    fresh = {path: data for path, data in site.files.items() if present.get(path) != blob_id(data)}
    problems = [
        f"{path!r:.80} {problem}" for path in fresh if (problem := _name_problem(path, allow_workflows=allow_workflows))
    ]
    if (second := find_clash(site.files)) is not None:
        problems.append(f"{second!r:.80} differs from another file name only in case")
    if "index.html" not in site.files:
        problems.append("index.html is missing")
    if len(site.files) > MAX_FILES:
        problems.append(f"there are more than {MAX_FILES} files")
    if sum(map(len, site.files.values())) > MAX_BYTES:
        problems.append(f"the files have more than {MAX_BYTES // 1024**2} MB in total")
    needles = _secret_encodings(secrets)
    problems += [f"{path!r:.80} contains a secret" for path, data in fresh.items() if holds_secret(data, needles)]
    return problems


def unfit_for(target: TargetName, paths: Collection[str]) -> list[str]:
    """Return one sentence for each path that the target cannot serve."""
    if target == "pages":
        return []
    return [
        f"{path!r:.80} must not contain # or ? for the target {target}" for path in paths if UNFIT_AT_HOSTS.search(path)
    ]


def _name_problem(path: str, *, allow_workflows: bool) -> str | None:
    if path in (LICENCE, ".nojekyll"):
        return None
    if allow_workflows and path.startswith(_WORKFLOWS):
        return path_problem(path.removeprefix(_WORKFLOWS))
    return path_problem(path)


def holds_secret(data: bytes, needles: Collection[bytes]) -> bool:
    """Whether `data` holds one of our own secrets, or something that has the form of a provider's key."""
    return any(needle in data for needle in needles) or bool(_PROVIDER_KEYS.search(data))


def _secret_encodings(secrets: Collection[str]) -> frozenset[bytes]:
    found: set[bytes] = set()
    for secret in secrets:
        if len(secret) < MIN_SECRET:
            continue
        raw = secret.encode()
        found |= {raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode(), quote(secret, safe="").encode()}
        # In base64 a secret looks different at each of three offsets; the characters it shares with
        # its neighbours are cut away.
        for offset in range(3):
            packed = base64.b64encode(b"\0" * offset + raw)
            shared = packed[(0, 2, 3)[offset] : len(packed) - 4]
            found |= {shared, shared.translate(bytes.maketrans(b"+/", b"-_"))}
    return frozenset(found)


_MIT = """MIT License

Copyright (c) {year} {owner}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
