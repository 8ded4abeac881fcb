"""Libraries without a network: a folder of npm packages that stands in for the CDNs that pages load from.

The folder is one that npm installed into (`node_modules`), or holds packages as `<name>@<version>`. `gh/<owner>/<repo>`
with or without `@<version>` in it stands for files of GitHub. Requests that a CDN would refuse are refused. Requests
for packages that are not in the folder go to the network. Pure, except that it reads the folder.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orchestrator.core.serving import media_type
from orchestrator.verify.versions import newest_version


class NoSuchFile(LookupError):
    """The folder has the requested version, but that version has no such file. A published version never changes."""


@dataclass(frozen=True)
class _Rule:
    """How one kind of address of a CDN names a file of a package.

    - `address`: a pattern with the groups `path`, `version` and, if `package` is empty, `name`
    - `base`: the folder of the package in which the path begins
    - `makes_min`: the CDN makes `x.min.js` if there is only `x.js`
    - `entry`: the keys of `package.json` that name the file for an address without a path
    - `takes_ranges`: `@5` counts as a version
    """

    address: re.Pattern[str]
    package: str = ""
    base: str = ""
    makes_min: bool = False
    entry: Sequence[str] = ()
    takes_ranges: bool = False


_NPM = r"(?P<name>(?:@[\w.-]+/)?[\w.-]+)(?:@(?P<version>[^/]+))?(?P<path>/.*)?"
_VERSION = r"(?P<version>[0-9][\w.-]*?)"


def _make_rule(address: str, package: str = "", base: str = "") -> _Rule:
    return _Rule(re.compile(address), package, base)


# https://www.jsdelivr.com/documentation
_JSDELIVR = _Rule(
    re.compile(f"/npm/{_NPM}"), "", "", makes_min=True, entry=("jsdelivr", "browser", "main"), takes_ranges=True
)
# https://unpkg.com
_UNPKG = _Rule(re.compile(f"/{_NPM}"), entry=("unpkg", "main"), takes_ranges=True)
_GITHUB = re.compile(r"/gh/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:@(?P<version>[^/]+))?(?P<path>/.+)")
_COMBINED = "/combine/"
_CDNJS = re.compile(r"/ajax/libs/(?P<name>[\w.-]+)/(?P<version>[^/]+)(?P<path>/.+)")
# https://releases.jquery.com
_JQUERY = (
    _make_rule(rf"(?P<path>/jquery)-{_VERSION}(?P<rest>(?:\.slim)?(?:\.min)?\.(?:js|map))", "jquery", "dist"),
    _make_rule(rf"(?P<path>/jquery-migrate)-{_VERSION}(?P<rest>(?:\.min)?\.(?:js|map))", "jquery-migrate", "dist"),
    _make_rule(rf"/ui/{_VERSION}(?P<path>/.+)", "jquery-ui", "dist"),
    _make_rule(rf"/qunit(?P<path>/qunit)-{_VERSION}(?P<rest>\.(?:js|css))", "qunit", "qunit"),
)
# https://www.bootstrapcdn.com
_BOOTSTRAP = (
    _make_rule(rf"/(?:twitter-)?bootstrap/{_VERSION}(?P<path>/.+)", "bootstrap", "dist"),
    _make_rule(rf"/bootswatch/{_VERSION}(?P<path>/.+)", "bootswatch", "dist"),
    _make_rule(rf"/font-awesome/{_VERSION}(?P<path>/.+)", "font-awesome"),
)
_RULES: Mapping[str, Sequence[_Rule]] = {
    "cdn.jsdelivr.net": (_JSDELIVR,),
    "unpkg.com": (_UNPKG,),
    "cdnjs.cloudflare.com": (),  # each of its libraries has a rule of its own
    "code.jquery.com": _JQUERY,
    **dict.fromkeys((f"{name}.bootstrapcdn.com" for name in ("maxcdn", "stackpath", "netdna")), _BOOTSTRAP),
}
HOSTS = frozenset(_RULES)

# What cdnjs calls otherwise than npm, and where in the package its files lie: https://github.com/cdnjs/packages
_LIBRARIES: Mapping[str, tuple[str, str]] = {
    "ace": ("ace-builds", "src-min"),
    "babel-standalone": ("@babel/standalone", ""),
    "font-awesome": ("@fortawesome/fontawesome-free", ""),
    "highlight.js": ("@highlightjs/cdn-assets", ""),
    "jqueryui": ("jquery-ui", "dist"),
    "normalize": ("normalize.css", ""),
    "prism": ("prismjs", ""),
    "twitter-bootstrap": ("bootstrap", "dist"),
}
_ROOTS = ("", "dist", "lib", "build", "umd", "min", "cdn")
"""Folders of a package that cdnjs puts at its root."""


def load_mirrored_file(folder: Path, url: str) -> tuple[bytes, str] | None:
    """Return what a CDN would answer to `url`, with its media type; None if the folder does not know.

    Raises NoSuchFile if a CDN would answer 404.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path)
    if host not in HOSTS:
        return None
    if host == "cdn.jsdelivr.net" and path.startswith(_COMBINED):
        return _load_combined(folder, path.removeprefix(_COMBINED).split(","))
    file = _find_file(folder, host, path)
    return None if file is None else (file.read_bytes(), media_type(file.name))


def _load_combined(folder: Path, paths: Sequence[str]) -> tuple[bytes, str] | None:
    files = [_find_file(folder, "cdn.jsdelivr.net", f"/{path}") for path in paths]
    found = [file for file in files if file is not None]
    if len(found) < len(files):
        return None
    return b"\n".join(file.read_bytes() for file in found), media_type(found[0].name)


def _find_file(folder: Path, host: str, path: str) -> Path | None:
    """Return the file that an address names, None if the folder does not know it. Raises NoSuchFile."""
    if host == "cdnjs.cloudflare.com":
        return _find_in_cdnjs(folder, path)
    if host == "cdn.jsdelivr.net" and (found := _GITHUB.fullmatch(path)) is not None:
        return _find_in_github(folder, found)
    for rule in _RULES[host]:
        if (found := rule.address.fullmatch(path)) is not None:
            return _find_in_package(folder, rule, found)
    return None


def _find_in_package(folder: Path, rule: _Rule, found: re.Match[str]) -> Path | None:
    groups = found.groupdict()
    package = _find_package(folder, rule.package or groups["name"], groups["version"], takes_ranges=rule.takes_ranges)
    path = f"{groups['path'] or ''}{groups.get('rest') or ''}".lstrip("/")
    if package is None or path == "+esm":  # which jsDelivr makes of the whole package
        return None
    if path:
        file = _find_within(package / rule.base, path, makes_min=rule.makes_min)
    else:
        entry = _entry_file(package, rule.entry)
        file = next(filter(None, (_find_within(package, f"{entry}{end}") for end in ("", ".js", "/index.js"))), None)
    if file is None:
        raise NoSuchFile(found[0])
    return file


def _find_in_cdnjs(folder: Path, path: str) -> Path | None:
    """Return a file of cdnjs, which has exact versions alone and adds `.min` where a package has none."""
    if (found := _CDNJS.fullmatch(path)) is None:
        return None
    name, version, wanted = found["name"], found["version"], found["path"].lstrip("/")
    known, base = _LIBRARIES.get(name, ("", ""))
    names = [known] if known else list(dict.fromkeys((name, name.lower(), name.lower().removesuffix(".js"))))
    packages = (_find_package(folder, one, version, takes_ranges=False) for one in names)
    package = next(filter(None, packages), None)
    if package is None:
        return None
    roots = (base,) if known else _ROOTS
    file = next(filter(None, (_find_within(package / root, wanted, makes_min=True) for root in roots)), None)
    if file is None and (known or not _has_file_named(package, wanted)):
        raise NoSuchFile(path)
    return file


def _has_file_named(package: Path, path: str) -> bool:
    """Whether a package has a file of that name in another place: where cdnjs puts it is not known then."""
    name = path.rpartition("/")[2]
    names = {name, _unminified_path(name)}
    return any(file.name in names for file in package.rglob("*"))


def _find_in_github(folder: Path, found: re.Match[str]) -> Path | None:
    """Return a file of a repository: of its own folder, or of the package that says it was made from it."""
    owner, name, version, path = found["owner"], found["name"], found["version"], found["path"].lstrip("/")
    repository = _find_package(folder / "gh" / owner, name, version, takes_ranges=True)
    if repository is not None:
        if (file := _find_within(repository, path, makes_min=True)) is None:
            raise NoSuchFile(found[0])
        return file
    for package_name in dict.fromkeys((name.lower(), name.lower().removesuffix(".js"))):
        package = _find_package(folder, package_name, version, takes_ranges=True)
        if package is not None and _comes_from(package, f"{owner}/{name}"):
            # The repository has files that the package has not, so a missing one says nothing.
            return _find_within(package, path, makes_min=True)
    return None


def _comes_from(package: Path, repository: str) -> bool:
    said = _load_package_json(package).get("repository")
    url = str(said.get("url", "")) if isinstance(said, dict) else str(said or "")
    return re.search(rf"(?:^|[/:]){re.escape(repository)}(?:\.git)?(?:#.*)?$", url, re.IGNORECASE) is not None


def _find_package(folder: Path, name: str, version: str | None, *, takes_ranges: bool) -> Path | None:
    """Return the folder of a package, the newest of the versions that were asked for; None if none is here.

    One whose version is not known is taken only where none is asked for.
    """
    places = dict(_find_versions(folder, name))
    wanted = (version or "").removeprefix("v") if takes_ranges else version or ""
    if not takes_ranges:
        return places.get(wanted)
    chosen = newest_version(wanted, [known for known in places if known])
    return places[chosen] if chosen is not None else places.get("") if not wanted else None


def _find_versions(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Yield version -> folder of each version of a package that is here."""
    parent, last = (folder / name).parent, name.rpartition("/")[2]
    if last in {"", ".", ".."} or not parent.is_dir():
        return
    for place in sorted(parent.iterdir()):
        own, at, version = place.name.partition("@")
        if own != last or not place.is_dir() or not place.resolve().is_relative_to(folder.resolve()):
            continue
        yield (version.removeprefix("v") if at else str(_load_package_json(place).get("version") or "")), place


def _entry_file(package: Path, keys: Sequence[str]) -> str:
    """Return the file that a CDN sends where the address names none."""
    described = _load_package_json(package)
    named = next((name for key in keys if isinstance(name := described.get(key), str)), "index.js")
    return named.removeprefix("./").rstrip("/")


def _load_package_json(package: Path) -> dict[str, object]:
    try:
        described = json.loads((package / "package.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return described if isinstance(described, dict) else {}


def _find_within(folder: Path, path: str, *, makes_min: bool = False) -> Path | None:
    """Return the file at `path` below `folder`. `makes_min`: `x.js` stands for `x.min.js` where that is not there."""
    names = [path, _unminified_path(path)] if makes_min else [path]
    files = [folder / name for name in names]
    return next((file for file in files if file.is_file() and file.resolve().is_relative_to(folder.resolve())), None)


def _unminified_path(path: str) -> str:
    return re.sub(r"\.min(?=\.(?:js|css)$)", "", path)
