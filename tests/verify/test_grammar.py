"""Sentences about files as people write them: what each shows on a site that meets it, and on one that does not."""

import json

import pytest

from orchestrator.site import LICENCE, licence
from orchestrator.verify.files import Repository, decided, is_about_files

STORY = b" ".join([b"word"] * 350) + b"\n"
PAGE = b"""<!doctype html><html lang=en><title>Home</title>
<nav><a href="about.md">About</a> <a href="./data.json">Data</a> <a href="story.txt">Story</a>
<a href="pelican.svg">P</a> <a href="docs/guide.html">G</a></nav>
<form id="search" class="card wide"><input name="q"><button type="submit">Go</button></form>
<ul><li>1<li>2<li>3</ul><p class="card">x</p>
<script src="src/app.js"></script>"""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1"><circle id="wheel" r="1"/></svg>'
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
    LICENCE: licence("octo", 2026),
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

TABLE = [
    # Names
    "copy.txt exists",
    "A file named `NOTES` is not empty",
    '"src/app.js" exists',
    "The repository contains ./src/app.js",
    "The file 'src/app.js' must be present",
    "There is a “Makefile” in the repo root",
    "The repo must include a Makefile",
    "«src/app.js» is committed",
    "index.html, about.md and src/app.js exist",
    "The files `about.md`, `copy.txt`, and `pelican.svg` are all committed",
    "The `src` folder contains app.js",
    "app.js is in the src/ folder",
    "There should be a workflow file .github/workflows/ci.yml",
    "Repo has copy.txt or src/app.js",
    # Absence
    "out.json is not committed",
    "out.json must not be committed to the repository",
    "The repo does not contain `out.json`",
    "There is no file named out.json",
    "No file called out.json exists",
    "out.json and secret.env should be absent",
    "out.json isn't in the repo",
    # How many
    "about.md has exactly three words",
    "about.md contains 3 words",
    "story.txt has 300-400 words",
    "story.txt has 300\u2013400 words",
    "story.txt should be between 300 and 400 words long",
    "story.txt is at least three hundred words long",
    "The word count of story.txt is between 300 and 400",
    "There must be at least 300 words in story.txt",
    "about.md must contain no more than 3 words",
    "about.md has exactly 3 words",
    "`NOTES` file has at least 2 sentences",
    "list.json has at least 2 items",
    "list.json contains exactly two entries",
    "sales.csv has 3 data rows",
    "sales.csv has at least three columns",
    "story.txt does not have fewer than 300 words",
    "about.md must not exceed 5 words",
    "README.md has at least two headings",
    # The attachment
    "id.txt matches the attachment exactly",
    "id.txt is identical to the attachment",
    "id.txt is committed as attached",
    "id.txt has not been changed",
    "copy.txt is byte-identical to id.txt",
    # What data holds
    "dilemma.json has the keys people, case_1 and case_2",
    "dilemma.json must contain keys `people`, `case_1`, and `case_2`",
    "data.json has city, lat, long, name and what_to_eat keys",
    "data.json is valid JSON with the fields `city` and `lat`",
    "data.json has a `lat` key (number)",
    "`rate` in prediction.json is a number",
    "In prediction.json, `rate` must be a number",
    "prediction.json's `rate` is between 0 and 10",
    "prediction.json has `rate` (number) and `reason` (string) fields, and `reason` is a non-empty string",
    "In dilemma.json, `case_1.swerve` is a boolean",
    'In data.json, city equals "Paris"',
    "list.json is a JSON array with at least 2 items",
    "sales.csv has the columns product, region and sales",
    "sales.csv is valid CSV with columns product and region",
    "config.yaml is valid YAML",
    "config.yaml parses as YAML and has keys name and ports",
    "pelican.svg is a valid SVG",
    "pelican.svg must be well-formed SVG",
    # The page
    "index.html contains an element with id `search`",
    "index.html has an element `#search`",
    "index.html has a `<form>` element",
    "The home page has a `form` with id search",
    "index.html must contain at least 3 `<li>` elements",
    "index.html contains an element matching `nav > a[href='about.md']`",
    "index.html has a `.card` element",
    "index.html links to about.md, data.json and story.txt",
    "about.md is linked from index.html",
    "The home page links to `pelican.svg` and docs/guide.html",
    "index.html loads src/app.js",
    # Licence and README
    "Repo has MIT license",
    "The LICENSE file contains the MIT License",
    "MIT license exists in the root of the repo",
    "The project is licensed under the MIT License",
    "README.md has Setup, Usage and License sections",
    "README.md includes sections on setup, usage, and license",
    'README.md has a heading "Usage"',
    "README has a `## Setup` section",
    "README.md has a title",
    "README.md mentions data.json",
    'README.md contains "See data.json"',
    "README.md starts with '# The site'",
    # Several clauses
    "README.md exists, has at least 10 words and mentions `index.html`",
    "data.json is valid JSON; `lat` is a number",
    "Check that about.md exists and it has exactly three words",
]
PROSE = [
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
]


@pytest.mark.parametrize("text", TABLE)
def test_a_sentence_holds_where_it_is_met_and_fails_where_it_is_not(text: str) -> None:
    assert is_about_files(text)
    good, poor = decided(text, Repository(GOOD, SENT)), decided(text, Repository(POOR, SENT))
    assert good.holds is True, good.seen
    assert poor.holds is False, poor.seen
    assert poor.seen


@pytest.mark.parametrize("text", PROSE)
def test_a_sentence_of_which_a_part_is_not_understood_is_prose(text: str) -> None:
    assert not is_about_files(text)
