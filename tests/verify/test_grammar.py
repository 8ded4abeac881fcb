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
MORE = [
    "LICENSE is MIT",
    "Repo includes MIT LICENSE",
    "MIT LICENSE file exists at repo root",
    "license is mit",
    "The repository is licensed under the MIT license",
    "README.md has at least three sections",
    "README.md contains sections: Setup, Usage, License",
    "README.md contains headings for Setup and Usage",
    'README.md includes a "Setup" section and a "Usage" section',
    'README.md contains a section titled "Usage"',
    "README has a License section",
    "story.txt: 300-400 words",
    "story.txt is 300-400 words",
    "story.txt has \u2265 300 words",
    "story.txt has >= 300 words and <= 400 words",
    "story.txt must have at least 300 and at most 400 words",
    "story.txt word count is between 300 and 400",
    "Word count in story.txt is 300-400",
    "The number of words in story.txt is at least 300",
    "story.txt contains 300\u2013400 words (inclusive)",
    "story.txt must be 300-400 words in length",
    "story.txt has a minimum of 300 words",
    "story.txt has no fewer than 300 words",
    "story.txt has over 300 words",
    "story.txt is longer than 300 words",
    "about.md contains exactly 3 words.",
    "about.md is exactly three words long",
    "dilemma.json has the structure {people, case_1: {swerve, reason}, case_2: {swerve, reason}}",
    "dilemma.json has keys people, case_1, case_2",
    "dilemma.json has people, case_1 and case_2",
    "dilemma.json contains people, case_1, and case_2 keys",
    "dilemma.json has case_1.swerve and case_2.swerve as booleans",
    "dilemma.json: case_1.swerve is a boolean",
    "case_1.swerve in dilemma.json is a boolean",
    "`case_1.swerve` and `case_2.swerve` in dilemma.json are booleans",
    "dilemma.json contains valid JSON with `people` as integer",
    "prediction.json has rate (number) and reason (string)",
    "prediction.json has a numeric `rate`",
    "prediction.json has a number `rate` and a string `reason`",
    'prediction.json must have a "rate" key with a number value',
    "prediction.json contains a rate between 0 and 10",
    "The rate in prediction.json is a number between 0 and 10",
    "prediction.json's rate is a number",
    "data.json has `city`, `lat`, `long`, `name`, and `what_to_eat`",
    "data.json has lat and long as numbers",
    "In data.json, lat and long are numbers",
    "data.json lat is between -90 and 90",
    "list.json is an array of 2 objects",
    "Every object in list.json has an id and a name",
    "Each entry in list.json has the keys id and name",
    "list.json has two objects, each with `id` and `name`",
    "pelican.svg is valid SVG",
    "pelican.svg exists and is a valid SVG file",
    "id.txt is unchanged",
    "id.txt matches the attachment",
    "id.txt is the same as the attachment",
    "id.txt must be an exact copy of the attachment",
    "id.txt equals the attached file",
    "id.txt content equals the attachment",
    "id.txt has the same content as the attachment",
    "The content of id.txt is identical to the attachment",
    "id.txt is committed byte-for-byte as in the attachment",
    "id.txt must be committed without changes",
    "id.txt contains exactly `abc-123`",
    "The attached id.txt is committed unchanged",
    "The attachment id.txt is committed unchanged",
    "out.json is not in the repository",
    "out.json should not exist",
    "out.json doesn't exist",
    "out.json must not be present in the repo",
    "The repository should not contain out.json",
    "There should be no out.json",
    "There is no `out.json` in the repo",
    "No `out.json` is committed",
    "Neither out.json nor secret.env is committed",
    "out.json is absent from the repo",
    "index.html links to about.md",
    "index.html has links to about.md and data.json",
    "index.html contains a link to `about.md`",
    "Home page links to about.md",
    "The homepage must link to story.txt and data.json",
    "There is a link to about.md in index.html",
    "data.json is linked from the home page",
    "All of about.md, story.txt and data.json are linked from index.html",
    "docs/guide.html is reachable from index.html",
    "index.html references src/app.js",
    "index.html includes `src/app.js`",
    "index.html has a button with type submit",
    "index.html has a `button[type=submit]` element",
    "index.html has an input with name q",
    "index.html has a form with id search",
    "index.html contains #search",
    'index.html has <form id="search">',
    'index.html contains `<form id="search"`',
    'index.html has the title "Home"',
    "config.yaml has `debug: false`",
    "In config.yaml `debug` is false",
    "config.yaml's `ports` is a list",
    "sales.csv has a header row with product, region, sales",
    "sales.csv has columns `product`, `region`, `sales`",
    "sales.csv has a sales column",
    "sales.csv has 4 lines",
    'sales.csv\'s first line is "product,region,sales"',
    "The first line of sales.csv is `product,region,sales`",
    "sales.csv has at least 3 rows of data",
    "`./src/app.js` must exist",
    "/src/app.js exists",
    "The folder docs contains guide.html",
    "docs/ folder exists",
    "The repo has a docs folder",
    "There is a `docs` directory",
    ".github/workflows/ci.yml exists",
    '.github/workflows/ci.yml contains "on: push"',
    "Includes README.md with usage section",
    "Makefile is present",
    "The `NOTES` file has exactly three sentences",
    "data.json has six keys",
    "data.json contains at least 5 keys",
    'data.json has city "Paris"',
    'data.json has `city` equal to "Paris"',
    "data.json has `open` set to true",
    "data.json has a boolean `open`",
    'story.txt starts with "word"',
    'story.txt does not start with "Once"',
    'story.txt ends with "word"',
    'LICENSE contains "MIT License"',
    "LICENSE must contain the year 2026",
    "index.html exists and loads src/app.js",
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
    "Root has LICENSE file with MIT text",
    "README.md contains no TODO",
    "about.md has three words separated by commas",
    "about.md describes me in three words",
    "dilemma.json must have case_1 and case_2, each with swerve (bool) and reason (string)",
    "list.json is a JSON array of objects with id and name",
    "list.json contains an array with at least 2 elements",
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


SMALL = Repository(
    {
        "index.html": b"<title>T</title><h1>x</h1><div id=app></div><script>add('total')</script>",
        "a.md": b"# T\n\nalpha beta\n",
        "data.json": b'{"name": "x", "n": 3, "list": [1,2]}',
        LICENCE: licence("octo", 2026),
        "README.md": b"# T\n## Installation\nuse it",
        "s.csv": b"a,b\n1,2\n",
        "notes.txt": b"one two three",
        "empty.txt": b"",
        "l.json": b"[]",
    },
    {"d.csv": b"x"},
)
SMALL_HOLDS = [
    "index.html does not link to a.md",
    "index.html has an element with id app",
    "a.md is not valid JSON",
    "data.json has only the keys name, n and list",
    "data.json must not have the keys bar and foo",
    "data.json has `name`",
    "data.json has at least one item",
    "notes.txt has exactly three words",
    "notes.txt must never be empty",
    "empty.txt is empty",
    "notes.txt isn't missing",
    "notes.txt is not absent",
    'notes.txt mentions "ONE"',
    "notes.txt contains 'two' or 'four'",
    "notes.txt differs from empty.txt",
    "Repo uses MIT license",
    "s.csv has exactly one record",
    "s.csv has no column c",
    'a.md has a title and mentions "alpha"',
    "a.md or b.md exists",
    "data.json's name equals 'x'",
    "data.json's `n` is 3",
    "`n` in data.json is greater than 2",
    "data.json has n greater than 2",
    "data.json `list[0]` is 1",
    "data.json has {name, n: number, list}",
    "a.md has a maximum of 10 words",
    "a.md must be under 10 words",
    'index.html has the title "T"',
    'a.md starts with "# T"',
    "README.md has an Installation section but no Usage section",
    "README.md has sections Installation or Usage",
    "index.html does not load jquery.js",
    "data.json exists, is valid JSON, has the keys name and n, and n is a number",
    'a.md contains both "alpha" and "beta"',
]
SMALL_FAILS = [
    "The word count of notes.txt must not be 3",
    "The word count of notes.txt is never 3",
    "index.html has an element with id missing",
    "README.md has a section on setup",
    "README.md has a Setup section",
    "data.json is not valid JSON",
    "data.json has no name key",
    "data.json does not have a `name` key",
    "data.json has `n` (string)",
    "data.json has n as a string",
    "l.json has at least one item",
    "notes.txt has not more than 2 words",
    "notes.txt does not have more than 2 words",
    "notes.txt does not contain 3 words",
    "notes.txt does not exceed 2 words",
    "notes.txt exists but is empty",
    "gone.txt is not missing",
    "gone.txt must not be empty",
    "gone.txt does not contain 'x'",
    "notes.txt contains no 'two'",
    "notes.txt contains 'two' and 'four'",
    "notes.txt must not contain 'two' or 'four'",
    "d.csv is unchanged",
    "notes.txt is identical to empty.txt",
    "LICENSE is not MIT",
    "LICENSE is GPL",
    "s.csv is valid JSON",
    "index.html has no `<script>` elements",
    "a.md and b.md exist",
    "neither a.md nor b.md exists",
    "a.md exists in docs/",
    "a.md is in the docs folder",
    "docs/a.md exists",
    "A.md exists",
    "data.json's `n` is '3'",
    "data.json's `n` is not 3",
    "data.json's `n` is at least 4",
    "data.json has the structure {name, n: string}",
    'index.html has the title "U"',
    "a.md is linked from README.md",
    "README.md links to a.md",
    "README.md has no Installation section",
    "index.html loads data.json",
    'a.md contains neither "alpha" nor "omega"',
]
# Counted in two ways, left to a script, or of two meanings.
SMALL_OPEN = [
    "index.html has an element with id total",
    "a.md has no more than three words",
    "data.json must not have the keys name and foo",
    "data.json has 3 items",
    "data.json has exactly 2 items",
    "notes.txt contains 'ONE'",
    "notes.txt must not contain 'two' and 'four'",
    "notes.txt is unchanged",
    "notes.txt is committed as is",
    "notes.txt is not identical to the attachment",
    "s.csv has 1 row",
    "a.md is 2 lines",
    "a.md is not 2 lines long",
    "notes.txt and a.md are not identical",
    "notes.txt and a.md are identical",
]
SMALL_PROSE = [
    "The number of words in notes.txt does not have to be 3",
    "The MIT license must not exist in the repo",
    "a.md or b.md does not exist",
    "s.csv has only a header row with a and b",
    "data.json has a `list` of numbers",
    "a.md has at least 2 words and is well written",
    "a.md is valid",
    "data.json has a name",
    "data.json has errors",
    "data.json contains prices",
    "data.json has the right structure",
    "data.json has keys",
    "data.json has the keys name and n, and nothing else",
    "data.json has only valid keys",
    "l.json is an array of objects with keys a and b",
    "l.json is a non-empty array",
    "l.json has the keys a",
    "Each entry in l.json has keys a",
    "notes.txt has three words or more",
    "notes.txt has 3 words at most",
    "notes.txt is not empty and not longer than 2 words",
    "gone.txt must be absent or empty",
    "notes.txt contains one",
    "The repo has no MIT license",
    "Repo has MIT license badge",
    "README.md has a MIT license badge",
    "The repository has exactly 9 files",
    "The repo contains only index.html",
    "only index.html exists",
    "index.html is the only file",
    "index.html exists only once",
    "There are no other files than index.html",
    "s.csv has columns a, b and c",
    "s.csv has a numeric column a",
    "index.html must not use document.write",
    "index.html has no inline scripts",
    "index.html should be 100 lines or fewer",
    "a.md has fewer than 3 or more than 10 words",
    "a.md has 3 words, a title and a link",
    "not all files exist",
    "a.md exists if b.md exists",
    "a.md exists unless b.md exists",
    "a.md may exist",
    "a.md used to exist",
    "data.json has n > 2",
    "data.json has list with 2 items",
    "data.json has a `list` array",
    "data.json has the structure {name, ...}",
    "data.json matches {name: string, n: number}",
    "the name of a.md is correct",
    "a.md has 2 words per line",
    "a.md has 2 words in bold",
    "a.md has 2 words: alpha beta",
    "a.md has 10 words max",
    "a.md has max 10 words",
    "a.md has more lines than notes.txt",
    "a.md has as many words as notes.txt",
    "a.md starts with a heading",
    "a.md, in the root, exists",
    "In the root there is an a.md",
    "a.md is present and index.html is not",
    "a.md is there but b.md is not",
    "a.md contains the word alpha",
    'a.md has the word "alpha" exactly once',
    'a.md contains "alpha" twice',
    'a.md contains "alpha" before "beta"',
    "a.md contains 'alpha' in the first line",
    "data.json is served at /data.json",
    "data.json is fetched by index.html",
    "index.html fetches data.json",
    "The file must be named data.json",
    "The result is written to data.json",
    "Output is data.json",
    "a.md has between 3 and 1 words",
    "a.md has at least 3 words or 1 line",
    "a.md has at least three sections or is short",
    'a.md contains at least one of "alpha" or "omega"',
    'a.md contains either "alpha" or "omega"',
    "a.md does not mention alpha",
]


# The forms that checks of a real course have, on files of our own.
COURSE = Repository(
    {
        "index.html": b"<title>T</title><a href=id.txt>i</a><h1 id=unit-name></h1>",
        "words.md": b"Bold, kind, calm\n",
        "bird.svg": SVG,
        "run.py": b"print(1)\n",
        "data.csv": b"a,b\n1,2\n",
        ".github/workflows/ci.yml": b"on: push\n",
        LICENCE: licence("octo", 2026),
        "README.md": b"# T\n\n## Usage\n\nOpen it.\n",
        "id.txt": b"1",
        "data.json": b'{"unit": "Tin Mines Ltd", "top": {"val": 3, "year": "2024"}, "low": {"val": 1, "year": "2021"}}',
    },
    {"7f3a-id.txt": b"1", "data.xlsx": b"PK"},
)
COURSE_HOLDS = [
    "run.py, data.csv, and .github/workflows/ci.yml exist",
    "out.json is NOT committed",
    'run.py does not contain the typo "prnt"',
    "id.txt matches the attached id.txt",
    "id.txt exists and matches attachment",
    "id.txt is included verbatim",
    "id.txt is committed as-is",
    "LICENSE contains the MIT License text",
    "words.md contains exactly three words",
    "bird.svg is valid SVG",
    "data.json exists and is valid JSON",
    "data.json has 'unit' field matching 'Tin Mines'",
    "data.json has 'top' object with 'val' (number) and 'year' (string) fields",
    "data.json has 'top' and 'low' objects with 'val' and 'year' fields",
    "data.json top.year and low.year are both > '2020'",
    "data.json top.val is greater than or equal to low.val",
    "index.html contains element with id='unit-name'",
    "README.md contains a 'Usage' or 'Setup' section",
]
COURSE_PROSE = [
    "CI YAML has steps for ruff, executing run.py, and Pages deploy",
    "out.json is published on GitHub Pages",
    "Each required file exists on GitHub",
    "index.html links to all required assets",
    "tale.txt meets content requirements",
    "data.json matches the assigned scenario",
    "data.json contains a reasonable forecast",
    "bird.svg is rated by an LLM",
    "index.html <title> contains the unit from data.json",
    "index.html contains element with id='top-value' displaying top.val",
    "index.html fetches data.json using fetch('https://data.example/x.json')",
    "index.html supports ?unit= query parameter",
]


@pytest.mark.parametrize("text", [*TABLE, *MORE])
def test_a_sentence_holds_where_it_is_met_and_fails_where_it_is_not(text: str) -> None:
    assert is_about_files(text)
    good, poor = decided(text, Repository(GOOD, SENT)), decided(text, Repository(POOR, SENT))
    assert good.holds is True, good.seen
    assert poor.holds is False, poor.seen
    assert poor.seen


@pytest.mark.parametrize("text", PROSE)
def test_a_sentence_of_which_a_part_is_not_understood_is_prose(text: str) -> None:
    assert not is_about_files(text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        *((text, True) for text in SMALL_HOLDS),
        *((text, False) for text in SMALL_FAILS),
        *((text, None) for text in SMALL_OPEN),
    ],
)
def test_a_denial_a_choice_and_an_open_question_are_told_apart(text: str, holds: bool | None) -> None:  # noqa: FBT001 - a column of the table
    assert is_about_files(text)
    found = decided(text, SMALL)
    assert found.holds is holds, found.seen
    assert found.seen


@pytest.mark.parametrize("text", SMALL_PROSE)
def test_a_sentence_that_says_more_than_the_rules_know_is_prose(text: str) -> None:
    assert not is_about_files(text)


@pytest.mark.parametrize("text", COURSE_HOLDS)
def test_a_check_of_a_course_is_decided_and_fails_where_nothing_was_made(text: str) -> None:
    assert is_about_files(text)
    found = decided(text, COURSE)
    assert found.holds is True, found.seen
    bare = {"run.py": b"prnt", "out.json": b"", "id.txt": b"2", "data.json": b"{", "words.md": b"a b"}
    without = decided(text, Repository(bare, COURSE.attachments))
    assert without.holds is False, without.seen


@pytest.mark.parametrize("text", COURSE_PROSE)
def test_a_check_of_a_course_that_asks_for_more_is_prose(text: str) -> None:
    assert not is_about_files(text)


def test_what_files_of_two_formats_have_in_common_is_left_open() -> None:
    assert decided("data.csv content equals data.xlsx (attachment)", COURSE).holds is None


def test_a_file_is_never_compared_with_itself() -> None:
    repository = Repository({"id.txt": b"1"}, {})
    for text in ("id.txt matches the attached id.txt", "id.txt is identical to id.txt", "id.txt is unchanged"):
        assert decided(text, repository).holds is None


def test_files_that_are_listed_behind_are_those_that_must_exist() -> None:
    for text in ("These files exist: a.md, README.md", "The following files must be present: `a.md` and README.md"):
        assert decided(text, SMALL).holds is True
        assert decided(text.replace("a.md", "b.md"), SMALL).holds is False


ORDERS = Repository(
    {
        "orders.json": b'[{"id": 1, "tags": ["a"], "to": {"city": "Oslo"}}, {"id": 2, "tags": [], "to": {"city": ""}}]',
        "one.json": b'{"unit": "kg", "low": 1, "high": 3, "list": [1, 2], "on": true, "note": ""}',
        "bad.json": b"[1, 2",
        "texts.json": b'["a", "b"]',
        "t.csv": b"day,sum\nMo,3\nTu,x\n",
        "docs/a.md": b"# A\n",
        "page.html": b"<title></title><input name=q type=text><button id=go class='big red'><a href=docs/a.md>",
    },
    {},
)


@pytest.mark.parametrize(
    ("text", "holds", "seen"),
    [
        ("orders.json matches [{id: number}]", None, ""),
        ("orders.json has the structure [{id: number, to: {city: string}}]", True, "has `id`"),
        ("orders.json has the structure `[{id: int, tags: list}]`", True, "has `id`"),
        ("orders.json has [{id: string}]", False, "`id` in `orders.json` is 1, not of type string"),
        ('one.json has {unit: "kg", low: 1, on: bool}', True, ""),
        ('one.json has {unit: "lb"}', False, '`unit` in `one.json` is "kg", not “lb”'),
        ("one.json has {low: 2}", False, "is 1, not “2”"),
        ('one.json has {unit: "string", high: number}', True, ""),
        ("one.json `high` is greater than low", True, "`high` greater than `low`"),
        ("one.json low is at least `high`", False, "`low` is 1, `high` 3"),
        ("one.json low is greater than unit", False, '`unit` "kg"'),
        ("one.json low is greater than missing", False, "the keys are"),
        ("bad.json low is greater than high", False, "not valid JSON"),
        ("`low` in one.json is positive", True, ""),
        ("`note` in one.json is a non-empty string", False, '`note` in `one.json` is ""'),
        ("`unit` in one.json is non-empty", True, ""),
        ("`unit` in one.json is a string", True, ""),
        ("`on` in one.json is true", True, ""),
        ("`on` in one.json is false", False, "is true, not “false”"),
        ("`on` in one.json is true or false", True, ""),
        ("`unit` in one.json exists", True, ""),
        ("`kind` in one.json does not exist", True, ""),
        ("`unit` and `low` in one.json are present", True, ""),
        ("`unit` in one.json is not present", False, "has `unit`"),
        ("texts.json is an array of strings", True, "all are of type strings"),
        ("texts.json is an array of numbers", False, "not of type numbers"),
        ("one.json is an array of numbers", False, "holds an object"),
        ("bad.json is a list of numbers", False, "not valid JSON"),
        ("texts.json is a list with three items", False, "2 items"),
        ("Each item in one.json has the key unit", None, "holds an object"),
        ("Each item in bad.json has the key unit", False, "not valid JSON"),
        ("Every entry of orders.json has `id` and `tags`", True, ""),
        ("orders.json has keys `id` and `to`, and `to.city` is a string", True, ""),
        ("t.csv has a sum column (number)", False, '`sum` in `t.csv` is "x", not of type number'),
        ("In t.csv, `sum` is at most 5", False, 'is "x"'),
        ("t.csv has exactly the columns day and sum", True, ""),
        ("The first line of t.csv is `day,sum`", True, ""),
        ('t.csv\'s first line is "a,b"', False, "begins with"),
        ("a.md is in the docs folder and docs/ exists", True, "`docs/` has 1 file"),
        ("The repo does not have a docs folder", False, "`docs/` has 1 file"),
        ("The docs folder contains a.md but not the src folder", None, ""),
        ("page.html has an input with name q", True, ""),
        ("page.html has an `input` with name q", True, ""),
        ("page.html has an input element with type `text`", True, ""),
        ("page.html has a button with class red", True, ""),
        ("page.html has a form with id go", None, "0 elements for `form#go`"),
        ("page.html has an element matching css selector `input[name=q], button`", True, "2 elements"),
        ("page.html has a title", False, "has the title “”"),
        ("page.html has at most 2 links", True, "1 link"),
        ("A link to docs/a.md is present on page.html", True, "leads to `docs/a.md`"),
        ("docs/a.md is not linked from page.html", False, "leads to"),
        ("page.html does not load gone.js", True, "there is no `gone.js`"),
        ("one.json must exist and may hold anything", None, ""),
        ('one.json has `unit` set to "kg" and `low` equal to 1', True, ""),
        ("one.json has low between 0 and 2", True, ""),
        ("one.json has a twenty-five word note", None, ""),
        ("docs/a.md has at most twenty-five words", True, ""),
        ("docs/a.md has a dozen words", False, "2 or 1 words"),
        ("docs/a.md has 1 or fewer headings", True, ""),
        ("docs/a.md has two or fewer headings", True, ""),
        ("docs/a.md has 5 or more headings", False, "1 or 0 headings"),
        ("docs/a.md has fewer than -1 words", False, "2 or 1 words"),
        ("docs/a.md has only a single heading", None, ""),
        ("docs/a.md has between 1 and 2 words", True, ""),
        ("docs/a.md has 2 and 3 words", None, ""),
    ],
)
def test_keys_values_and_elements_are_read(text: str, holds: bool | None, seen: str) -> None:  # noqa: FBT001 - as above
    found = decided(text, ORDERS)
    assert (found.holds, seen in found.seen) == (holds, True), found.seen
