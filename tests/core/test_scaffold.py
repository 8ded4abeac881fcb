import json
import re

import pytest

from orchestrator.core.scaffold import (
    BUNDLE,
    added_files,
    find_entries,
    find_unsound_parts,
    is_configuration,
    is_ours,
    load_scaffold,
    select_served,
    select_sources,
)
from tests.doubles.apps import CSV, app

WHOLE = {**app("react"), "sales.csv": CSV, "bundle.js": b"1", "bundle.css": b"", **load_scaffold()}


def test_the_scaffold_installs_exact_versions_of_packages_with_hashes_and_names_no_registry() -> None:
    package, lock = json.loads(load_scaffold()["package.json"]), json.loads(load_scaffold()["package-lock.json"])
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert {"react", "vue", "esbuild", "@vue/compiler-sfc"} <= versions.keys()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    entries = {path: entry for path, entry in lock["packages"].items() if path}
    assert all(entry["integrity"].startswith("sha512-") for entry in entries.values())
    assert not any("resolved" in entry for entry in entries.values())
    assert {name: entries[f"node_modules/{name}"]["version"] for name in versions} == versions
    assert [path for path, entry in entries.items() if entry.get("hasInstallScript")] == ["node_modules/esbuild"]


def test_a_vanilla_site_has_nothing_from_us_and_keeps_what_it_has() -> None:
    assert (added_files("vanilla"), find_unsound_parts({}, "vanilla")) == ({}, [])
    assert select_sources(WHOLE, "vanilla") == select_served(WHOLE, "vanilla") == WHOLE
    assert not is_ours("package.json", "vanilla")


def test_models_see_and_write_sources_and_visitors_get_the_rest() -> None:
    assert select_sources(WHOLE, "react") == {**app("react"), "sales.csv": CSV}
    assert set(select_served(WHOLE, "react")) == {"index.html", "README.md", "sales.csv", *BUNDLE}
    assert is_ours("Bundle.js", "vue")
    assert not is_ours("src/bundle.js", "vue")


def test_a_whole_repository_is_sound() -> None:
    assert find_unsound_parts(WHOLE, "react") == []
    assert find_entries(WHOLE) == ["src/main.jsx"]


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("bundle.js", "bundle.js is missing"),
        ("bundle.css", "bundle.css is missing"),
        ("src/main.jsx", "the source of bundle.js is missing"),
        ("build.mjs", "'build.mjs' is not the file that we write"),
        ("package.json", "'package.json' is not the file that we write"),
    ],
)
def test_a_bundle_without_its_source_is_refused_and_the_other_way_round(without: str, said: str) -> None:
    (problem,) = find_unsound_parts({path: data for path, data in WHOLE.items() if path != without}, "react")
    assert said in problem


def test_an_app_begins_in_one_file_and_is_built_by_our_files() -> None:
    assert len(find_unsound_parts({**WHOLE, "src/main.ts": b""}, "vue")) == 1
    assert len(find_unsound_parts({**WHOLE, "build.mjs": b"evil()"}, "vue")) == 1


@pytest.mark.parametrize(
    "path", ["vite.config.ts", "tsconfig.json", ".env", ".env.local", "node_modules/react/index.js"]
)
def test_a_file_that_configures_a_build_is_known(path: str) -> None:
    assert is_configuration(path)


@pytest.mark.parametrize("path", ["src/vite.config.ts", "index.html", "environment.html", "data/tsconfig.json"])
def test_other_files_are_none(path: str) -> None:
    assert not is_configuration(path)
