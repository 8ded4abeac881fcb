"""Libraries without a network: a folder of npm packages in the place of jsDelivr, unpkg and cdnjs.

The folder is one that npm installed into (`node_modules`), or holds packages as `<name>@<version>`. Pure but for
looking into it.
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orchestrator.hosting import media_type

HOSTS = frozenset({"cdn.jsdelivr.net", "unpkg.com", "cdnjs.cloudflare.com"})

_NPM = re.compile(r"/(?:npm/)?(?P<name>(?:@[\w.-]+/)?[\w.-]+)(?:@(?P<version>[^/]+))?(?P<path>/.*)?")
_CDNJS = re.compile(r"/ajax/libs/(?P<name>[\w.-]+)/(?P<version>[^/]+)(?P<path>/.+)")
# Files of a package that cdnjs puts at its root: https://github.com/cdnjs/packages
_ROOTS = ("", "dist", "lib", "build", "umd", "cdn")


class NoSuchFile(LookupError):
    """The folder has the very version that was asked for, and it has no such file: what is published never changes."""


def mirrored(folder: Path, url: str) -> tuple[bytes, str] | None:
    """Return what a CDN would answer to `url`, with its media type; None where the folder does not know.

    Raises NoSuchFile where a CDN would answer 404.
    """
    parts = urlsplit(url)
    pattern = {"cdnjs.cloudflare.com": _CDNJS}.get(parts.hostname or "", _NPM)
    if parts.hostname not in HOSTS or (found := pattern.fullmatch(unquote(parts.path))) is None:
        return None
    package = _package(folder, found["name"], found["version"])
    if package is None:
        return None
    wanted = found["path"] or f"/{_entry(package)}"
    roots = _ROOTS if pattern is _CDNJS else ("",)
    file = next((file for root in roots if (file := _within(package / root, wanted[1:])) is not None), None)
    if file is not None:
        return file.read_bytes(), media_type(file.name)
    if found["version"] == _described(package).get("version"):
        raise NoSuchFile(url)
    return None


def _package(folder: Path, name: str, version: str | None) -> Path | None:
    """Return the folder of a package: of that very version, else the one that is installed."""
    places = [folder / f"{name}@{version}", folder / name]
    return next(
        (place for place in places if place.is_dir() and place.resolve().is_relative_to(folder.resolve())), None
    )


def _entry(package: Path) -> str:
    """Return the file that a CDN sends where the address names none (https://www.jsdelivr.com/documentation)."""
    described = _described(package)
    named = [described.get(key) for key in ("jsdelivr", "unpkg", "browser", "main")]
    return next((name for name in named if isinstance(name, str)), "index.js").removeprefix("./")


def _described(package: Path) -> dict[str, object]:
    try:
        described = json.loads((package / "package.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return described if isinstance(described, dict) else {}


def _within(folder: Path, path: str) -> Path | None:
    """Return the file at `path` below `folder`; a CDN makes `x.min.js` where only `x.js` is there."""
    names = [path, re.sub(r"\.min(?=\.(?:js|css)$)", "", path)]
    files = [folder / name for name in names]
    return next((file for file in files if file.is_file() and file.resolve().is_relative_to(folder.resolve())), None)
