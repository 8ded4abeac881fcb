import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.core.report import Finding
from orchestrator.core.scaffold import BUNDLE
from orchestrator.frameworks.bundle import Limits, bundle_sources
from orchestrator.frameworks.toolchain import Toolchain
from tests.doubles.apps import app

pytestmark = pytest.mark.anyio


async def found(toolchain: Toolchain, **files: str) -> list[Finding]:
    sources = {f"src/{name.replace('__', '.')}": text.encode() for name, text in files.items()}
    return list((await bundle_sources(toolchain, sources)).findings)


@pytest.mark.parametrize("framework", ["react", "vue"])
async def test_an_app_becomes_two_files_the_same_ones_each_time(framework: str, toolchain: Toolchain) -> None:
    first, second = [await bundle_sources(toolchain, app(framework)) for _ in range(2)]
    assert (set(first.files), first.findings) == (set(BUNDLE), ())
    assert first == second
    script = first.files["bundle.js"].decode()
    assert 'fetch("sales.csv")' in script
    assert "113355" in first.files["bundle.css"].decode()
    # What a licence asks for travels along.
    package = {"react": "react-dom 19.3.1, MIT", "vue": "@vue/runtime-dom 3.5.45, MIT"}[framework]
    assert f"/*! {package}\n" in script
    assert "Permission is hereby granted" in script


async def test_styles_of_a_component_are_its_own(toolchain: Toolchain) -> None:
    made = await bundle_sources(toolchain, app("vue"))
    assert ".sum[data-v-" in made.files["bundle.css"].decode()


async def test_a_component_without_setup_and_a_module_of_styles_are_understood(toolchain: Toolchain) -> None:
    files = {
        "src/main.js": b'import { createApp } from "vue"; import App from "./App.vue"; createApp(App).mount("#app");',
        "src/App.vue": b'<template><p :class="c.a">{{ n }}</p></template>\n'
        b'<script>import c from "./a.module.css"; export default { data: () => ({ n: 1, c }) };</script>',
        "src/a.module.css": b".a { color: red }",
    }
    made = await bundle_sources(toolchain, files)
    assert made.findings == ()
    assert "__component.render = render" in made.files["bundle.js"].decode()
    assert ".a_a {" in made.files["bundle.css"].decode()


async def test_an_app_without_styles_has_an_empty_file_of_them(toolchain: Toolchain) -> None:
    made = await bundle_sources(toolchain, {"src/main.js": b"document.title = 'a';"})
    assert made.files["bundle.css"] == b""


@pytest.mark.parametrize(
    ("files", "said", "where"),
    [
        ({"main__jsx": "\nconst a = ;"}, 'Unexpected ";"', "src/main.jsx:2:11"),
        ({"main__jsx": 'import "./App";'}, "`./App` was not found: there is no src/App.", "src/main.jsx:1:8"),
        ({"main__jsx": 'import x from "lodash"; x();'}, "There are: @lucide/vue, chart.js", "src/main.jsx:1:15"),
        (
            {"main__jsx": 'import x from "react/none"; x();'},
            "The package `react` has no `react/none`",
            "src/main.jsx:1:15",
        ),
        ({"main__jsx": 'import "./a";', "a__ts": "x: y z"}, "Expected", "src/a.ts:1:6"),
        (
            {"main__jsx": 'import "./a.css";', "a__css": 'p { background: url("b.png") }'},
            "there is no src/b.png",
            "src/a.css:1:21",
        ),
        ({"main__js": 'import "./A.vue";', "A__vue": "<template>\n<p></template>"}, "missing end tag", "src/A.vue:2:1"),
        (
            {"main__js": 'import "./A.vue";', "A__vue": '<script setup>\nimport x from "./x";\nx();\n</script>'},
            "`./x` was not found",
            "src/A.vue:2:1",
        ),
        (
            {"main__js": 'import "./A.vue";', "A__vue": "<script setup>\nconst a = ;\n</script>"},
            "Unexpected token",
            "src/A.vue:",
        ),
        ({"App__jsx": "export default 1;"}, "Write one of: src/main.jsx", ""),
        ({"main__jsx": "", "main__ts": ""}, "Keep one", ""),
    ],
)
async def test_an_error_names_its_place(toolchain: Toolchain, files: dict[str, str], said: str, where: str) -> None:
    (finding,) = await found(toolchain, **files)
    assert finding.kind == "build"
    assert said in finding.text
    assert finding.where == where or (where.endswith(":") and finding.where.startswith(where))


async def test_a_bundler_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """Told by a program that never answers and has a child: no bundler of ours hangs when it is told to."""
    pids = tmp_path / "pids"
    script = f'sleep 600 & echo "$! $$" > {pids}; wait'
    slow = _program(tmp_path, script)
    began = time.monotonic()
    made = await bundle_sources(slow, app("react"), Limits(seconds=0.5))
    assert time.monotonic() - began < 20
    assert "took more than 0.5 s" in made.findings[0].text
    assert not any(_is_alive(int(pid)) for pid in pids.read_text().split())


async def test_a_bundler_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    hungry = _program(tmp_path, f"exec {sys.executable} -c 'x = bytearray(300 << 20); import time; time.sleep(60)'")
    made = await bundle_sources(hungry, app("react"), Limits(seconds=30, memory=100 << 20))
    assert "took more than 100 MB of memory" in made.findings[0].text


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 1", "broke down"),
        ("echo '[1]'", "broke down"),
        ("head -c 100000000 /dev/zero", "broke down"),
        ("""printf '{"files": {"bundle.js": "1", "other.js": ""}}'""", "more than 0 MB"),
        ("""printf '{"files": {"bundle.js": "%02000d", "bundle.css": ""}}' 0""", "more than 0 MB"),
    ],
)
async def test_an_answer_that_is_none_of_ours_is_a_finding(tmp_path: Path, script: str, said: str) -> None:
    made = await bundle_sources(_program(tmp_path, script), app("react"), Limits(output=1000))
    assert (made.files, len(made.findings)) == ({}, 1)
    assert said in made.findings[0].text


async def test_a_bundle_over_the_limit_is_refused(toolchain: Toolchain) -> None:
    made = await bundle_sources(toolchain, app("react"), Limits(output=400_000))
    assert made.files == {}
    assert "The bundle has more than" in made.findings[0].text


def test_anyone_can_build_without_us(toolchain: Toolchain, tmp_path: Path) -> None:
    """The same build on a disk, by the same Node: what is wrong is printed, and nothing is written."""
    for path, data in {**app("react"), "src/App.jsx": b"const"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    for name in ("build.mjs", "package.json"):
        (tmp_path / name).write_bytes((toolchain.folder / name).read_bytes())
    (tmp_path / "node_modules").symlink_to(toolchain.folder / "node_modules")
    done = subprocess.run(
        [toolchain.node, "build.mjs"], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("src/App.jsx:1:")
    assert not (tmp_path / "bundle.js").exists()


def _program(folder: Path, script: str) -> Toolchain:
    node = folder / "node"
    node.write_text(f"#!/bin/sh\n{script}\n")
    node.chmod(0o755)
    return Toolchain(folder, node)


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
