"""The repository of an app that is bundled: its sources, what is made of them, and what anyone needs to make it again.

Pure but for the data files, which are read once. A site's own files of these names are replaced by ours.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from orchestrator.core.paths import fold_path

Framework = Literal["vanilla", "react", "vue"]
Asked = Literal["auto", "vanilla", "react", "vue"]
"""What a request may name; `auto` is decided by code."""

SOURCES = "src/"
ENTRIES = ("src/main.jsx", "src/main.tsx", "src/main.js", "src/main.ts")
BUNDLE = ("bundle.js", "bundle.css")
SCAFFOLD = ("build.mjs", "package-lock.json", "package.json")
CONFIGURATIONS = (
    *("babel.config", "eslint.config", "postcss.config", "tailwind.config", "vite.config", "vitest.config"),
    *(
        "webpack.config",
        "tsconfig",
        "jsconfig",
        ".babelrc",
        ".eslintrc",
        ".npmrc",
        ".env",
        ".postcssrc",
        ".browserslistrc",
    ),
)
"""How names of files begin that configure a build. There is one build, and it is ours."""

_DATA = Path(__file__).with_name("npm")


def is_bundled(framework: Framework) -> bool:
    """Whether what is served is made from sources."""
    return framework != "vanilla"


@cache
def load_scaffold() -> Mapping[str, bytes]:
    """Return what we add so that anyone can make the bundle again: the packages, their lock, and the build."""
    return {name: (_DATA / name).read_bytes() for name in SCAFFOLD}


def added_files(framework: Framework) -> Mapping[str, bytes]:
    """Return what a repository of this framework has from us."""
    return load_scaffold() if is_bundled(framework) else {}


def is_ours(path: str, framework: Framework) -> bool:
    """Whether we write this file, so that nobody else does."""
    return is_bundled(framework) and fold_path(path) in (*BUNDLE, *SCAFFOLD)


def is_configuration(path: str) -> bool:
    """Whether a file configures a build, or lies where packages are installed."""
    top, _, rest = fold_path(path).partition("/")
    return top == "node_modules" or (not rest and top.startswith(CONFIGURATIONS))


def select_sources(files: Mapping[str, bytes], framework: Framework) -> dict[str, bytes]:
    """Return what people and models write: all that we do not make."""
    return {path: data for path, data in files.items() if not is_ours(path, framework)}


def select_served(files: Mapping[str, bytes], framework: Framework) -> dict[str, bytes]:
    """Return what a visitor needs: neither sources nor the scaffold."""
    if not is_bundled(framework):
        return dict(files)
    return {path: data for path, data in files.items() if not path.startswith(SOURCES) and path not in SCAFFOLD}


def find_entries(paths: Iterable[str]) -> list[str]:
    """Return the files that an app begins in: one where it is sound."""
    return [path for path in paths if path in ENTRIES]


def find_unsound_parts(files: Mapping[str, bytes], framework: Framework) -> list[str]:
    """Return one sentence for each part that such a repository lacks: no bundle without its source, nor without us."""
    if not is_bundled(framework):
        return []
    problems = [f"{name} is missing: it is made from the sources" for name in BUNDLE if name not in files]
    if len(find_entries(files)) != 1:
        problems.append(f"the source of bundle.js is missing: there must be one of {', '.join(ENTRIES)}")
    problems += [
        f"{name!r} is not the file that we write" for name, data in load_scaffold().items() if files.get(name) != data
    ]
    return problems
