"""What stands in several files and must say the same in each."""

import re
import subprocess
import sys
import sysconfig
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
KNOWN_PTH = {"_virtualenv.pth", "a1_coverage.pth"}
"""Those of virtual environments and of coverage."""


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_one_version_of_uv_everywhere() -> None:
    locked = next(entry["version"] for entry in tomllib.loads(_text("uv.lock"))["package"] if entry["name"] == "uv")
    places = {
        ".ci/uv.txt": r"^uv==(\S+)",
        ".github/actions/setup/action.yml": r'version: "(\S+)"',
    }
    named = [version for path, pattern in places.items() for version in re.findall(pattern, _text(path), re.MULTILINE)]
    assert named == [locked] * len(places)


def test_uv_itself_is_installed_by_the_hashes_of_the_lock() -> None:
    uv = next(entry for entry in tomllib.loads(_text("uv.lock"))["package"] if entry["name"] == "uv")
    locked = {file["hash"] for file in (uv["sdist"], *uv["wheels"])}
    assert set(re.findall(r"--hash=(\S+)", _text(".ci/uv.txt"))) == locked
    for path in ("Makefile", "Dockerfile"):
        assert "--require-hashes --requirement" in _text(path)


def test_the_image_is_built_on_a_base_that_cannot_move() -> None:
    bases = re.findall(r"^FROM (\S+)", _text("Dockerfile"), re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.13-slim@sha256:[0-9a-f]{64}", bases[0])


def test_updates_are_proposed_with_the_cooldown_of_the_lock() -> None:
    updates = yaml.safe_load(_text(".github/dependabot.yml"))["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"uv", "github-actions", "docker"}
    assert {update["cooldown"]["default-days"] for update in updates} == {7}


def test_nothing_runs_by_itself_when_python_starts() -> None:
    """A line of a `.pth` file that begins with `import` is run at every start, whatever is imported (site module)."""
    packages = Path(sysconfig.get_paths()["purelib"])
    running = {path.name for path in packages.glob("*.pth") if re.search(r"^import\b", path.read_text(), re.MULTILINE)}
    assert running <= KNOWN_PTH


def test_every_locked_file_has_a_hash_and_the_cooldown_is_in_force() -> None:
    lock = tomllib.loads(_text("uv.lock"))
    files = [file for package in lock["package"] for file in (package.get("sdist"), *package.get("wheels", ())) if file]
    assert len(files) > 100
    assert all(file["hash"].startswith("sha256:") for file in files)
    assert lock["options"]["exclude-newer-span"] == "P7D"
    # Whatever the lock was made with: what is a week old once stays so.
    youngest = max(datetime.fromisoformat(file["upload-time"]) for file in files)
    assert youngest < datetime.now(UTC) - timedelta(days=7)


def test_the_image_holds_every_module_that_the_receiver_imports() -> None:
    ask = (
        "import sys, orchestrator.cli, receiver.serve; "
        "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'orchestrator'), sep='\\n')"
    )
    found = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    imported = {str(Path(line).relative_to(ROOT)) for line in found.split()}
    copied = set(re.findall(r"orchestrator/\w+\.py", _text("Dockerfile")))
    assert imported | {"orchestrator/__main__.py"} == copied


def test_the_receiver_needs_none_of_the_heavy_packages() -> None:
    packages = {entry["name"]: entry for entry in tomllib.loads(_text("uv.lock"))["package"]}
    project = packages["pagewright"]
    wanted = [entry["name"] for entry in (*project["dependencies"], *project["optional-dependencies"]["receiver"])]
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in needed:
            needed.add(name)
            wanted += [entry["name"] for entry in packages[name].get("dependencies", ())]
    assert len(needed) < 25
    assert not needed & {"litellm", "playwright", "pygithub", "pyyaml", "openai", "rich"}
