"""Sentences about files as people write them: what each shows on a site that meets it, and on one that does not."""

import json

import pytest

from orchestrator.core.site import LICENCE, render_licence
from orchestrator.verify.files import CheckedFiles, decide_check, is_about_files
from tests.verify.sentences.everyday import MORE, SVG, TABLE

STORY = b" ".join([b"word"] * 350) + b"\n"

PAGE = b"""<!doctype html><html lang=en><title>Home</title>
<nav><a href="about.md">About</a> <a href="./data.json">Data</a> <a href="story.txt">Story</a>
<a href="pelican.svg">P</a> <a href="docs/guide.html">G</a></nav>
<form id="search" class="card wide"><input name="q"><button type="submit">Go</button></form>
<ul><li>1<li>2<li>3</ul><p class="card">x</p>
<script src="src/app.js"></script>"""

README = b"""# The site

What it does. How.

## Setup

```sh
# no heading
make
```

## Usage

Open `index.html`. See data.json.

License
-------
MIT
"""

CHOICES = {"people": 2, "case_1": {"swerve": True, "reason": "a"}, "case_2": {"swerve": False, "reason": "b"}}

GOOD = {
    LICENCE: render_licence("octo", 2026),
    "index.html": PAGE,
    "about.md": b"Bold, curious, kind\n",
    "story.txt": STORY,
    "pelican.svg": SVG,
    "dilemma.json": json.dumps(CHOICES).encode(),
    "data.json": b'{"city": "Paris", "lat": 48.85, "long": 2.35, "name": "Chez", "what_to_eat": "soup", "open": true}',
    "prediction.json": b'{"rate": 3.75, "reason": "It may fall."}',
    "list.json": b'[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]',
    "README.md": README,
    "id.txt": b"abc-123\n",
    "copy.txt": b"abc-123\n",
    "config.yaml": b"name: x\nports: [1, 2]\ndebug: false\n",
    "sales.csv": b"product,region,sales\nA,N,1.5\nB,S,2\nC,E,3\n",
    "src/app.js": b"go();\n",
    "docs/guide.html": b"<p>Guide",
    ".github/workflows/ci.yml": b"on: push\n",
    "Makefile": b"all:\n",
    "NOTES": b"One thing. Another one. And a third!\n",
    ".nojekyll": b"",
}

POOR = {
    LICENCE: b"All rights reserved",
    "index.html": b"<!doctype html><title>x</title><p>nothing</p>",
    "about.md": b"I am a very nice and bold person\n",
    "story.txt": b"Once upon a time.\n",
    "pelican.svg": b"<svg><circle></svg>",
    "dilemma.json": b'{"persons": 2}',
    "data.json": b'{"town": "Paris", "lat": "48"}',
    "prediction.json": b'{"rate": "high", "reason": ""}',
    "list.json": b'[{"nr": 1}]',
    "README.md": b"Hello\n",
    "id.txt": b"other\n",
    "config.yaml": b"name: [x\n",
    "sales.csv": b"a,b\n1\n",
    "NOTES": b"",
    "out.json": b"{}",
    "secret.env": b"",
}

SENT = {"id.txt": b"abc-123\n"}

PROSE = [
    "The files are good",
    "These files exist",
    "No README.md is perfect",
    "No README.md looks good",
    "The repo is tidy",
    "The repo has many files",
    "MIT license is a good choice",
    "MIT is a university",
    "Each entry in list.json is unique",
    "An element with id search is pretty in index.html",
    "An element with id search exists twice",
    "Link to about.md is broken",
    "The length of story.txt is fine",
    "The first line of story.txt is short",
    "The first line of README.md is not `x`",
    "In data.json, all is well",
    "`rate` in something is a number",
    "data.json: it depends",
    "about.md or story.txt is good",
    "about.md exceeds expectations",
    "about.md matches the mood",
    "about.md starts with a joke",
    "about.md is linked in many places",
    "about.md is there in spirit",
    "about.md exists, whose author is unknown",
    "data.json has the structure {x: }",
    "data.json has the structure {x: y}",
    "data.json has the structure [x]",
    "data.json has the structure {x y}",
    "story.txt has a word count of many",
    "The value of `rate` in README is large",
    "README.md has a section on usage with an example",
    "README.md has a link in the Usage section",
    "story.txt has three characters",
    "data.json has `lat` and `long`, both numbers",
    "index.html has an element with id search and class .x y",
    "id.txt matches the attachment except for the last line",
    "list.json has two items with price above 5",
    "out.json is not committed, because it is generated",
    "copy.txt exists only if id.txt exists",
    "Is README.md present?",
    "The file about.md contains exactly three words and nothing else",
    "story.txt contains a story of 300-400 words",
    "story.txt fits on one line",
    "The repository must be free of out.json",
    "dilemma.json must define people",
    "config.yaml has a list `ports` with 2 items",
    "index.html has a link to `about.md` and one to data.json",
    "README.md has a section for setup and one for usage",
    "story.txt is a short story about a pelican",
    "story.txt has 300-400 words about a pelican",
    "about.md has about three words",
    "about.md has roughly 3 words",
    "README.md explains the usage",
    "README.md has a section that is short",
    "index.html shows the total",
    "pelican.svg shows a pelican riding a bicycle",
    "data.json names a real restaurant",
    "Each required file must exist with the correct filename",
    "highlight.js is loaded from a CDN",
    "index.html loads marked from jsdelivr",
    "The page has a button that adds a row",
    "The total has exactly 2 decimals",
    "result.json is not committed but generated by CI",
    "dilemma.json has the keys people and a good reason why",
    "README.md should be professional and have a Usage section",
    "The site must work on mobile",
    "data.json may contain a city",
    "app.js has no errors",
    "Root has LICENSE file with MIT text",
    "README.md contains no TODO",
    "about.md has three words separated by commas",
    "about.md describes me in three words",
    "dilemma.json must have case_1 and case_2, each with swerve (bool) and reason (string)",
    "list.json is a JSON array of objects with id and name",
    "pelican.svg contains an svg root element",
    "id.txt is uploaded exactly as provided",
    "Do not commit out.json",
    "out.json is gitignored",
    "index.html links to all other files",
    "The page contains an element with id `search`",
    "config.yaml sets debug to false",
    "config.yaml has a ports list",
    "src/app.js exists in src",
    "There is a GitHub Actions workflow at .github/workflows/ci.yml",
    ".github/workflows/ci.yml runs ruff",
    "Required files: about.md, story.txt, data.json",
    "README.md explains how to run the code",
    "README.md has a code block",
    "README.md is written in English",
    "data.json is pretty-printed",
    "data.json has no null values",
    "story.txt starts with a capital letter",
    "index.html is valid HTML",
]


@pytest.mark.parametrize("text", [*TABLE, *MORE])
def test_a_sentence_holds_where_it_is_met_and_fails_where_it_is_not(text: str) -> None:
    assert is_about_files(text)
    good, poor = decide_check(text, CheckedFiles(GOOD, SENT)), decide_check(text, CheckedFiles(POOR, SENT))
    assert good.holds is True, good.seen
    assert poor.holds is False, poor.seen
    assert poor.seen


@pytest.mark.parametrize("text", PROSE)
def test_a_sentence_of_which_a_part_is_not_understood_is_prose(text: str) -> None:
    assert not is_about_files(text)
