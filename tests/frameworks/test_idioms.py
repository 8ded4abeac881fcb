import pytest

from orchestrator.frameworks.idioms import LINES, find_idioms
from tests.doubles.apps import app


def told(**changes: str) -> list[tuple[str, str]]:
    files = {**app("react"), **{path: text.encode() for path, text in changes.items()}}
    return [(finding.text, finding.where) for finding in find_idioms(files)]


@pytest.mark.parametrize("framework", ["react", "vue"])
def test_a_sound_app_has_none(framework: str) -> None:
    assert find_idioms(app(framework)) == []


def test_a_page_that_loads_the_source_is_told_the_two_lines() -> None:
    page = '<div id="root"></div>\n<script type="module" src="/src/main.jsx"></script>'
    found = told(**{"index.html": page})
    assert [where for _, where in found] == ["index.html:2", "index.html"]
    assert all(LINES in text for text, _ in found)
    assert "bundle.css and bundle.js" in found[1][0]


def test_the_two_lines_themselves_are_sound() -> None:
    assert told(**{"index.html": LINES.replace("bundle.js", "./bundle.js")}) == []
    assert told(**{"index.html": f"<!-- <script src='/src/main.jsx'></script>\n-->{LINES}"}) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('<link rel="icon" href="/vite.svg">', "`/vite.svg` begins with a slash"),
        ("<img src=/logo.png>", "`/logo.png` begins with a slash"),
    ],
)
def test_an_address_from_the_root_is_refused(page: str, said: str) -> None:
    ((text, where),) = told(**{"index.html": f"{LINES}\n{page}"})
    assert (said in text, where) == (True, "index.html:3")


def test_a_bundle_that_is_no_module_is_refused() -> None:
    page = LINES.replace(' type="module"', "")
    ((text, where),) = told(**{"index.html": page})
    assert (LINES in text, where) == (True, "index.html:2")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("const base = import.meta.env.BASE_URL;", 'fetch("data.csv")'),
        ("const all = import.meta.glob('./*.md');", 'import one from "./one.js"'),
        ('import logo from "/vite.svg";', "<svg>"),
    ],
)
def test_code_for_vite_is_refused_with_what_to_write_instead(code: str, said: str) -> None:
    ((text, where),) = told(**{"src/Other.jsx": f"\n{code}"})
    assert (said in text, where) == (True, "src/Other.jsx:2")


def test_a_file_in_public_is_told_its_place() -> None:
    ((text, where),) = told(**{"public/data/a.json": "{}"})
    assert ("`data/a.json`" in text, where) == (True, "public/data/a.json")


def test_what_is_no_source_may_speak_of_vite() -> None:
    assert told(**{"README.md": "import.meta.env and /vite.svg", "src/notes.md": "import.meta.env"}) == []
