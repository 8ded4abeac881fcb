"""`auto`: the same brief gets the same framework everywhere, and vanilla wherever somebody reads source."""

import pytest

from orchestrator.core.record import Record
from orchestrator.core.scaffold import Asked, Framework
from orchestrator.core.task import Task
from orchestrator.frameworks.choice import choose_framework, read_framework

BRIEFS: list[tuple[Framework, str]] = [
    ("vanilla", "Build a page that sums the sales in data.csv."),
    ("vanilla", "A timer with start, stop and reset buttons."),
    ("vanilla", "Show the weather of Oslo on a map."),
    ("vanilla", "Create a page that reacts to clicks with confetti."),
    ("vanilla", "The page must react to a change of the theme."),
    ("vanilla", "React quickly to key presses in a typing game."),
    ("vanilla", "React with an emoji to each note."),
    ("vanilla", "A chemistry page about reactions and reactors."),
    ("vanilla", "A gallery with a nice vue over the valley."),
    ("vanilla", "A React counter in a single file, please."),
    ("vanilla", "Use React from a CDN and show a counter."),
    ("vanilla", "Load Vue from jsdelivr and list the products."),
    ("vanilla", "Load react from unpkg."),
    ("vanilla", "Vue 3 by esm.sh, in one HTML file."),
    ("vanilla", "A React-like counter without a build step, in plain JavaScript."),
    ("vanilla", "Write it in vanilla JS, not React."),
    ("vanilla", "A todo list without React or Vue."),
    ("vanilla", "Do not use React, use nothing."),
    ("vanilla", "Don't use Vue for this page."),
    ("vanilla", "Use no framework. React developers read it."),
    ("vanilla", "Plain HTML that explains React hooks."),
    ("vanilla", "A page about React."),
    ("vanilla", "Compare React and Vue in a table."),
    ("vanilla", "Something like React does, by hand."),
    ("vanilla", "Use bootstrap 5 from cdnjs and a <script> tag."),
    ("vanilla", "React app with everything in an inline script."),
    ("vanilla", "A Vue app whose script tag comes first."),
    ("vanilla", "Use React or Vue, as you like."),
    ("vanilla", "Instead of React use the DOM."),
    ("react", "Build a React app that shows the sales."),
    ("react", "A todo list in React."),
    ("react", "Create a dashboard with React and recharts."),
    ("react", "Use React hooks to filter the products."),
    ("react", "Make it in react with TypeScript."),
    ("react", "A React.js page for markdown notes."),
    ("react", "A ReactJS shop with a cart."),
    ("react", "Write the component in JSX."),
    ("react", "A react app with hash routing."),
    ("react", "Use TSX components for the board."),
    ("react", "Kanban board, written with React 19."),
    ("vue", "Build a Vue app that shows the sales."),
    ("vue", "A todo list in Vue 3."),
    ("vue", "Use Vue.js and Pinia for a cart."),
    ("vue", "A VueJS dashboard."),
    ("vue", "Make it with vue and vue-router."),
    ("vue", "Single-file components with script setup, please."),
    ("vue", "A Vue app of single-file components."),
    ("vue", "A markdown editor as a vue app."),
]


@pytest.mark.parametrize(("framework", "brief"), BRIEFS)
def test_a_brief_says_what_it_wants(framework: Framework, brief: str) -> None:
    assert read_framework(brief, ["document.title === 'Sales'"]) == framework


def test_there_are_enough_of_them() -> None:
    assert len(BRIEFS) >= 40


@pytest.mark.parametrize(
    "check",
    [
        "document.querySelector('script').textContent.includes('fetch(')",
        'document.querySelectorAll("script[src*=marked]").length === 1',
        "!!document.querySelector(`script[src*=react]`)",
        "The page loads React from a CDN",
        "document.scripts.length > 0",
        "index.html has a <script> that fetches",
        "Everything is in a single file",
    ],
)
def test_a_check_that_reads_source_wants_a_page_that_is_published_as_it_was_written(check: str) -> None:
    assert read_framework("A React app that shows the sales.", [check]) == "vanilla"


def test_an_attachment_may_have_the_name_of_a_file_of_the_build() -> None:
    brief = "A React app that shows the package."
    assert read_framework(brief, [], ["data.csv"]) == "react"
    assert read_framework(brief, [], ["package.json"]) == "vanilla"
    assert read_framework(brief, [], ["src/main.jsx"]) == "vanilla"


@pytest.mark.parametrize(
    ("asked", "round_", "before", "chosen"),
    [
        ("auto", 1, None, "react"),
        ("auto", 1, "vue", "react"),
        ("auto", 2, "vue", "vue"),
        ("auto", 2, None, "vanilla"),
        ("vanilla", 2, "vue", "vanilla"),
        ("vue", 1, None, "vue"),
    ],
)
def test_a_later_round_keeps_its_framework_unless_it_names_one(
    asked: Asked, round_: int, before: Framework | None, chosen: Framework
) -> None:
    task = Task(task="t", round=round_, nonce="n", brief="A React app.", framework=asked)
    assert choose_framework(task, Record(task="k", framework=before)) == chosen
