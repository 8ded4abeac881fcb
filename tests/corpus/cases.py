"""The corpus as it is used: by the tests, and by `make bench` for its figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.site import LICENCE, Site, licence
from orchestrator.task import Check
from orchestrator.verify.browser import Cage
from orchestrator.verify.hearing import Target
from orchestrator.verify.inspection import inspect
from orchestrator.verify.report import Limits, Report
from orchestrator.verify.server import Served

FOLDER = Path(__file__).parent
LIMITS = Limits(load=5, check=1, whole=20)


@dataclass(frozen=True)
class Case:
    """One site. `kind`: of the finding that it must cause, empty for a good one; `says`: a piece of it."""

    name: str
    site: Site
    brief: str
    checks: tuple[Check, ...]
    kind: str = ""
    says: str = ""

    def __str__(self) -> str:
        return self.name


def good() -> list[Case]:
    """Return the good sites."""
    return [_good(path.stem) for path in sorted((FOLDER / "good").glob("*.yaml"))]


def defects() -> list[Case]:
    """Return the sites with one defect."""
    return [_defect(path) for path in sorted((FOLDER / "defects").glob("*/*.yaml"))]


def _good(name: str) -> Case:
    task = _yaml(FOLDER / "good" / f"{name}.yaml")
    folder = FOLDER / "good" / name
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    checks = [
        Check(text=check["js"], js=True) if isinstance(check, dict) else Check(text=check) for check in task["checks"]
    ]
    return Case(name, Site({**files, LICENCE: licence("someone", 2026)}), task["brief"], tuple(checks))


def _defect(path: Path) -> Case:
    said = _yaml(path)
    base = _good(said["site"])
    files = dict(base.site.files)
    for name, pairs in said.get("edits", {}).items():
        text = files[name].decode()
        for before, after in pairs:
            if text.count(before) != 1:
                raise ValueError(f"{path.name}: {before!r} stands {text.count(before)} times in {name}")
            text = text.replace(before, after)
        files[name] = text.encode()
    files |= {name: text.encode() for name, text in said.get("files", {}).items()}
    kept = {name: data for name, data in files.items() if name not in said.get("deleted", ())}
    return Case(f"{said['kind']}/{path.stem}", Site(kept), base.brief, base.checks, said["kind"], said["says"])


def _yaml(path: Path) -> Mapping[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


async def seen_of(case: Case, cage: Cage, served: Served) -> Report:
    """Return what a browser sees of one site."""
    served.site = case.site
    mirror = FOLDER / "mirror"
    target = Target(served.url, case.site.files.keys(), mirror if mirror.is_dir() else None)
    return await inspect(cage, target, [(1, check) for check in case.checks if check.js], LIMITS)


def is_found(case: Case, report: Report) -> bool:
    """Whether the defect was found: the check that fails, or a finding of its kind that names it."""
    if case.kind == "check":
        return any(check.state == "failed" and case.says in check.text for check in report.checks)
    return any(found.kind == case.kind and case.says in f"{found.text} {found.where}" for found in report.findings)
