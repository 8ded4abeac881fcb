"""Habits from projects that are built by Vite, each refused with what to write instead. Pure."""

import re
from collections.abc import Iterator, Mapping

from orchestrator.core.paths import is_page
from orchestrator.core.report import Finding
from orchestrator.core.scaffold import SOURCES

LINES = '<link rel="stylesheet" href="bundle.css">\n<script type="module" src="bundle.js"></script>'
"""The two lines of index.html that load the app."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)  # one that is never closed hides the rest, as in a browser
_TAG = re.compile(r"<(script|link|img|source|video|audio)\b[^<>]*>", re.IGNORECASE)
_ADDRESS = re.compile(r"""\s(src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_TYPE = re.compile(r"""\stype\s*=\s*["']?module\b""", re.IGNORECASE)
_CODE = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".vue")


def find_idioms(files: Mapping[str, bytes]) -> list[Finding]:
    """Return a finding for each habit that does not work here, and for each of the two lines that is missing."""
    return [
        Finding(kind="build", text=text, where=where)
        for path, data in sorted(files.items())
        for text, where in _find_in_file(path, data.decode(errors="replace"), files)
    ]


def _find_in_file(path: str, text: str, files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    if path == "index.html":
        yield from _find_in_page(_COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text))
    elif path.startswith(SOURCES) and path.endswith(_CODE):
        yield from _find_in_code(path, text)
    if path.startswith("public/"):
        yield f"Nothing is copied out of public/. Write the file as `{path[7:]}`, beside index.html.", path
    elif is_page(path) and path.startswith(SOURCES) and "index.html" not in files:
        yield "The page must be `index.html`, beside src/.", path


def _find_in_page(page: str) -> Iterator[tuple[str, str]]:
    loaded = set[str]()
    for tag in _TAG.finditer(page):
        found = _ADDRESS.search(tag[0])
        address = next((part for part in found.groups()[1:] if part is not None), "") if found else ""
        name, where = address.removeprefix("./"), f"index.html:{page.count(chr(10), 0, tag.start()) + 1}"
        is_script = tag[1].lower() == "script"
        if re.match(r"\.?/?src/", address):
            yield f"`{address}` is a source. The page loads what is made of it:\n{LINES}", where
        elif address.startswith("/") and not address.startswith("//"):
            yield f"`{address}` begins with a slash, and the site lies in a folder. Write a relative address.", where
        elif name == "bundle.js" and is_script and not _TYPE.search(tag[0]):
            yield f"bundle.js is a module:\n{LINES}", where
        loaded.add(name)
    missing = [name for name in ("bundle.css", "bundle.js") if name not in loaded]
    if missing:
        yield f"index.html does not load {' and '.join(missing)}. It needs these two lines:\n{LINES}", "index.html"


def _find_in_code(path: str, text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path}:{number}"
        if "import.meta.env" in line:
            yield (
                'There is no `import.meta.env`. Write the value itself; addresses are relative: `fetch("data.csv")`.',
                where,
            )
        if "import.meta.glob" in line:
            yield 'There is no `import.meta.glob`. Import each file by its name: `import one from "./one.js"`.', where
        if re.search(r"""["'(]/(?:vite|react|vue|logo)\.(?:svg|png)""", line):
            yield "This picture is not there. Leave it out, or draw one: `<svg>…</svg>`.", where
