"""Anyone can make the bundle again from a fresh clone, and `pagewright rebuild` says whether it is the same."""

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.record import Record
from orchestrator.core.scaffold import Framework
from orchestrator.core.settings import cache_folder
from orchestrator.core.site import RECORD, Site, add_standard_files
from orchestrator.frameworks.bundle import bundle_sources
from orchestrator.frameworks.rebuild import run_rebuild
from orchestrator.frameworks.toolchain import Toolchain, npm_home
from tests.doubles.apps import app

GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c")


def repository(framework: Framework, toolchain: Toolchain) -> dict[str, bytes]:
    """Return the files of an app as job `publish` commits them."""
    files = app(framework)
    made = asyncio.run(bundle_sources(toolchain, files)).files
    record = Record(task="k", framework=framework).render_file()
    return {**add_standard_files(Site({**files, **made}), "octo", 2026, framework).files, RECORD: record}


def commit(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Commit `files`, and nothing else, in `folder`."""
    folder.mkdir(exist_ok=True, parents=True)
    subprocess.run([*GIT, "init", "--quiet"], cwd=folder, check=True)
    subprocess.run([*GIT, "rm", "-rqf", "--ignore-unmatch", "."], cwd=folder, check=True)
    for path, data in files.items():
        (folder / path).parent.mkdir(exist_ok=True, parents=True)
        (folder / path).write_bytes(data)
    subprocess.run([*GIT, "add", *files], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "--quiet", "--message=An app"], cwd=folder, check=True)
    return folder


def differing(clone: Path, command: str) -> str:
    """Run what anyone is told to run, and return all that is printed. No network: npm's own cache is enough."""
    home = npm_home(cache_folder(os.environ))
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "npm_config_offline": "true"}
    done = subprocess.run(["/bin/sh", "-c", command], cwd=clone, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + ("" if done.returncode == 0 else f"code {done.returncode}")


def test_a_fresh_clone_is_rebuilt_byte_for_byte_by_the_machines_own_node(toolchain: Toolchain, tmp_path: Path) -> None:
    upstream, clone = commit(tmp_path / "upstream", repository("react", toolchain)), tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(upstream), str(clone)], check=True)
    build = "npm run build --silent && git diff --exit-code"
    assert differing(clone, f"npm ci --ignore-scripts --silent && {build}") == ""
    (clone / "src" / "total.ts").write_text("export const total = () => 1;\n")
    assert "diff --git a/bundle.js" in differing(clone, build)
    # One installation serves both.
    commit(clone, repository("vue", toolchain))
    assert differing(clone, build) == ""


@pytest.mark.parametrize("framework", ["react", "vue"])
def test_what_was_published_is_the_same_again(
    framework: Framework, toolchain: Toolchain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = repository(framework, toolchain)
    commit(tmp_path / "octo" / "app", files)
    env = {"GITHUB_SERVER_URL": f"file://{tmp_path}", "HOME": os.environ["HOME"]}
    assert run_rebuild("octo/app", env) == 0
    assert capsys.readouterr().out.count("the same bytes") == 5
    commit(tmp_path / "octo" / "app", {**files, "bundle.js": b"evil();", "build.mjs": b"evil();"})
    assert run_rebuild("octo/app", env) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said if line.endswith("other bytes")] == ["bundle.js", "build.mjs"]


def test_what_cannot_be_rebuilt_is_said_with_what_to_do(toolchain: Toolchain, tmp_path: Path) -> None:
    env = {"GITHUB_SERVER_URL": f"file://{tmp_path}", "HOME": os.environ["HOME"]}
    for name, said in (("octo", "OWNER/REPO"), ("octo/..%2f", "OWNER/REPO"), ("octo/none", "could not be cloned")):
        with pytest.raises(UsageError, match=said):
            run_rebuild(name, env)
    commit(tmp_path / "octo" / "plain", {"index.html": b"", RECORD: Record(task="k").render_file()})
    with pytest.raises(UsageError, match="no app that was made from sources"):
        run_rebuild("octo/plain", env)
    files = {**repository("react", toolchain), "src/App.jsx": b"const"}
    commit(tmp_path / "octo" / "broken", files)
    with pytest.raises(UsageError, match=r"could not be bundled: .* src/App.jsx:1"):
        run_rebuild("octo/broken", env)
