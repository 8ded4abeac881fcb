"""What stands in several files and must say the same in each."""

import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
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
    assert re.findall(r"^uv==(\S+)", _text(".ci/uv.txt"), re.MULTILINE) == [locked]


def test_uv_itself_is_installed_by_the_hashes_of_the_lock() -> None:
    uv = next(entry for entry in tomllib.loads(_text("uv.lock"))["package"] if entry["name"] == "uv")
    locked = {file["hash"] for file in (uv["sdist"], *uv["wheels"])}
    assert set(re.findall(r"--hash=(\S+)", _text(".ci/uv.txt"))) == locked
    for path in ("Makefile", "Dockerfile", ".github/actions/setup/action.yml"):
        assert "--require-hashes --requirement" in _text(path)


def test_no_workflow_gets_uv_in_another_way() -> None:
    """An action that downloads uv checks a checksum of one platform at most, and knows no newer versions' ones."""
    files = [*(ROOT / ".github").rglob("*.yml")]
    assert files
    assert [path for path in files if re.search(r"setup-uv@|astral\.sh", path.read_text(encoding="utf-8"))] == []


def test_the_action_installs_uv_and_refuses_one_of_another_checksum(tmp_path: Path) -> None:
    (step,) = yaml.safe_load(_text(".github/actions/setup/action.yml"))["runs"]["steps"]
    wheel = tmp_path / "wheels" / "uv-0.0.1-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-0.0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 0.0.1\n")
        archive.writestr("uv-0.0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("uv-0.0.1.dist-info/RECORD", "")
        archive.writestr("uv-0.0.1.data/scripts/uv", "#!/bin/sh\n")
    action, listed = tmp_path / ".github/actions/setup", tmp_path / ".ci/uv.txt"
    action.mkdir(parents=True)
    listed.parent.mkdir()
    env = {"PATH": os.environ["PATH"], "GITHUB_ACTION_PATH": str(action), "GITHUB_PATH": str(tmp_path / "path")}
    env |= {"RUNNER_TEMP": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    ended = []
    for checksum in ("0" * 64, hashlib.sha256(wheel.read_bytes()).hexdigest()):
        listed.write_text(f"uv==0.0.1 --hash=sha256:{checksum}\n")
        ended.append(subprocess.run(["bash", "-ec", step["run"]], env=env, capture_output=True, text=True, check=False))
    assert [one.returncode for one in ended] == [1, 0], ended
    assert "DO NOT MATCH" in ended[0].stderr
    assert (Path((tmp_path / "path").read_text().strip()) / "uv").is_file()


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
    copied = set(re.findall(r"orchestrator/[\w/]+\.py", _text("Dockerfile")))
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


def test_an_installed_wheel_holds_all_that_it_reads(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    ask = (
        "from orchestrator.compare import corpus; from orchestrator.generate import prompt; "
        "from orchestrator.generate.models import presets; "
        "print(presets.__file__, len(presets.load_presets()), len(prompt.load_prompts()), "
        "len(corpus.load_defect_cases()))"
    )
    env["PYTHONPATH"] = str(tmp_path / "installed")
    said = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    place, *numbers = said.stdout.split()
    assert Path(place).is_relative_to(tmp_path)
    assert all(int(number) > 0 for number in numbers)
