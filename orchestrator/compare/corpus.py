"""Small sites with their tasks, good ones and ones with one defect each: see `sites/`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.core.errors import UsageError
from orchestrator.core.site import LICENCE, Site, render_licence
from orchestrator.core.task import Check

FOLDER = Path(__file__).parent / "sites"
MIRROR = FOLDER / "mirror"
"""What the sites load from CDNs."""


@dataclass(frozen=True)
class Case:
    """One site.

    - `kind`: the kind of finding that it must cause; empty for a good site
    - `says`: a piece of that finding's text
    - `attachments`: the files among `files` that came with the brief, as they were sent
    """

    name: str
    site: Site
    brief: str
    checks: tuple[Check, ...]
    attachments: Mapping[str, bytes]
    kind: str = ""
    says: str = ""

    def __str__(self) -> str:
        return self.name


def load_good_cases(folder: Path = FOLDER) -> list[Case]:
    """Return the good sites. Raises UsageError if there is no corpus."""
    return [_load_good_case(path) for path in _find_files(folder, "good/*.yaml")]


def load_defect_cases(folder: Path = FOLDER) -> list[Case]:
    """Return the sites with one defect. Raises UsageError if there is no corpus."""
    return [_load_defect_case(folder, path) for path in _find_files(folder, "defects/*/*.yaml")]


def _find_files(folder: Path, pattern: str) -> list[Path]:
    if found := sorted(folder.glob(pattern)):
        return found
    raise UsageError("The sites to repair were not found.", "Run this command from a clone of the project.")


def _load_good_case(path: Path) -> Case:
    task, folder = _load_yaml(path), path.with_suffix("")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    checks = [
        Check(text=check["js"], js=True) if isinstance(check, dict) else Check(text=check) for check in task["checks"]
    ]
    site = Site({**files, LICENCE: render_licence("someone", 2026)})
    return Case(
        path.stem, site, task["brief"], tuple(checks), {name: files[name] for name in task.get("attachments", ())}
    )


def _load_defect_case(folder: Path, path: Path) -> Case:
    said = _load_yaml(path)
    base = _load_good_case(folder / "good" / f"{said['site']}.yaml")
    files = dict(base.site.files)
    for name, pairs in said.get("edits", {}).items():
        text = files[name].decode()
        for before, after in pairs:
            if text.count(before) != 1:
                raise ValueError(f"{path.name}: {before!r} occurs {text.count(before)} times in {name}")
            text = text.replace(before, after)
        files[name] = text.encode()
    files |= {name: text.encode() for name, text in said.get("files", {}).items()}
    kept = {name: data for name, data in files.items() if name not in said.get("deleted", ())}
    name = f"{said['kind']}/{path.stem}"
    return replace(base, name=name, site=Site(kept), kind=said["kind"], says=said["says"])


def _load_yaml(path: Path) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - heavy, and the commands know who knows this module

    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
