"""What no room may do: the walls of the house, read from the imports."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("orchestrator", "receiver")
    for path in sorted((ROOT / package).rglob("*.py"))
}
HEAVY = {"litellm", "github", "playwright", "yaml", "openai"}
COMMAND = re.compile(r"^::[a-z-]+( [^:]*)?::|##\[[a-z]")
ENVIRONMENT = {"environ", "environb", "getenv", "putenv"}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(SOURCES[module].read_text(encoding="utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """Return the modules of ours that `module` imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found |= {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found & SOURCES.keys())


def reached(module: str) -> set[str]:
    """Return everything of ours that comes along with `module`."""
    found: set[str] = set()
    ahead = {module}
    while ahead:
        found |= ahead
        ahead = {name for module in ahead for name in imports(module)} - found
    return found


def within(package: str) -> set[str]:
    return {name for name in SOURCES if name == package or name.startswith(f"{package}.")}


def names_in(module: str) -> set[tuple[str, str]]:
    """Return (object, attribute) of every attribute that is used, and of every name imported from a module."""
    used = {
        (node.value.id, node.attr)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    taken = {
        (str(node.module), name.name)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    return used | taken


def room(module: str) -> str:
    """Return the folder that a module lies in, or the module itself where that is the top."""
    package, _, rest = module.partition(".")
    return package if package == "receiver" else rest.partition(".")[0]


def test_the_top_holds_the_commands_alone() -> None:
    assert {path.name for path in (ROOT / "orchestrator").glob("*.py")} == {"__init__.py", "__main__.py", "cli.py"}


def test_the_rooms_stand_one_above_another() -> None:
    above = {room(module): set[str]() for module in SOURCES}
    for module in SOURCES:
        above[room(module)] |= {room(name) for name in imports(module)} - {room(module), ""}
    TopologicalSorter(above).prepare()  # raises CycleError, which names the circle


def test_the_door_knows_nothing_of_the_work_but_the_task_and_the_retries() -> None:
    known = {name for module in within("receiver") for name in imports(module)} - within("receiver")
    assert known - {"orchestrator", "orchestrator.core"} == {"orchestrator.core.task", "orchestrator.core.retry"}


def test_the_words_of_everyone_know_no_other_room() -> None:
    for module in within("orchestrator.core"):
        assert imports(module) <= within("orchestrator.core") | {"orchestrator"}, module


def test_what_talks_to_the_model_or_the_page_never_reaches_what_writes_or_tells() -> None:
    writing = within("orchestrator.github") | within("orchestrator.targets") | within("orchestrator.jobs")
    for name in ("frameworks", "generate", "verify", "making"):
        for module in within(f"orchestrator.{name}"):
            assert not reached(module) & writing, module


def test_what_publishes_never_reaches_the_model_or_the_browser() -> None:
    rooms = (within(f"orchestrator.{name}") for name in ("frameworks", "generate", "verify", "making"))
    assert not reached("orchestrator.jobs.publish") & set().union(*rooms)


def test_the_jobs_do_not_know_who_judges_them() -> None:
    for module in within("orchestrator.jobs"):
        assert not reached(module) & (within("orchestrator.evaluator") | within("orchestrator.compare")), module


def test_the_product_reads_nothing_of_the_tests() -> None:
    for module in SOURCES:
        texts = {node.value for node in ast.walk(tree(module)) if isinstance(node, ast.Constant)}
        assert not {text for text in texts if isinstance(text, str) and text.split("/")[0] == "tests"}, module


def test_only_the_commands_know_that_there_is_a_github_on_one_machine() -> None:
    local = within("orchestrator.local")
    users = {module for module in SOURCES.keys() - local if imports(module) & local}
    assert users == {"orchestrator.cli"}


def test_only_the_settings_read_the_environment() -> None:
    readers = {module for module in SOURCES if {("os", name) for name in ENVIRONMENT} & names_in(module)}
    assert readers == {"orchestrator.core.settings"}


# `local` plays GitHub's side: it writes the logs that a runner writes, and its reaper is a process of its own.
PRODUCTION = SOURCES.keys() - within("orchestrator.local")


def test_only_the_runner_writes_workflow_commands() -> None:
    def writes(module: str) -> bool:
        texts = [node.value for node in ast.walk(tree(module)) if isinstance(node, ast.Constant)]
        return any(isinstance(text, str) and COMMAND.search(text) for text in texts)

    assert {module for module in PRODUCTION if writes(module)} == {"orchestrator.jobs.runner"}


def test_only_the_commands_exit() -> None:
    ways = {("sys", "exit"), ("os", "_exit"), ("os", "abort")}
    leavers = {module for module in PRODUCTION if ways & names_in(module)}
    raisers = {
        module
        for module in PRODUCTION
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Name) and node.id in ("SystemExit", "exit", "quit")
    }
    assert leavers | raisers == {"orchestrator.cli"}


def test_neither_the_door_nor_the_commands_load_what_is_heavy() -> None:
    code = "import sys, receiver.serve, orchestrator.cli; print(*{name.split('.')[0] for name in sys.modules})"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(said.stdout.split())
    assert {"receiver", "orchestrator", "starlette"} <= loaded
    assert not HEAVY & loaded


def test_no_class_name_stands_for_two_things() -> None:
    places: dict[str, list[str]] = {}
    for module in SOURCES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(module)
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}


def test_no_module_is_longer_than_a_person_reads_in_one_go() -> None:
    modules = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("orchestrator", "receiver", "tests")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: lines for path, lines in modules.items() if lines > 400} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    functions = {
        f"{module}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module in SOURCES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in functions.items() if lines > 60} == {}


BARE = re.compile(
    r"_?(?!embed|feed|need|seed)(\w+ed|asked|begun|bound|chosen|drawn|found|given|heard|held|kept|made|meant|said|seen|sent|shown|taken"
    r"|told|written)"
)
"""A participle alone, which says neither what a function does nor what it returns."""


def test_no_function_is_named_by_a_participle_alone() -> None:
    names = {
        f"{module}.{node.name}"
        for module in SOURCES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any(isinstance(known, ast.Name) and known.id.endswith("property") for known in node.decorator_list)
        and re.fullmatch(BARE, node.name)
        and "_" not in node.name.strip("_")
    }
    assert names == set()
