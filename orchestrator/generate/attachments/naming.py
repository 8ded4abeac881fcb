"""Files that a brief mentions without a name: "the attached script" is `sum.py` if there is no other script. Pure."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

CODE = frozenset(
    {".py", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx", ".vue", ".svelte", ".html", ".htm", ".css", ".scss", ".less"}
    | {".sh", ".ps1", ".bat", ".sql", ".rb", ".php", ".c", ".h", ".cpp", ".cs", ".java", ".kt", ".swift", ".go", ".rs"}
    | {".lua", ".pl", ".r", ".ipynb"}
)
"""Endings of files of code."""

_PAGES = frozenset({".html", ".htm"})
_STYLES = frozenset({".css", ".scss", ".less"})
_DATA = frozenset({".csv", ".tsv", ".tab", ".xlsx", ".json"})
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    (r"(?:python|py)[ -](?:script|program|code|file|module)|python", frozenset({".py"})),
    (r"(?:javascript|js)[ -](?:script|program|code|file|module)|javascript", frozenset({".js", ".mjs", ".cjs"})),
    (r"(?:html )?page|html(?: file| page)?|seite|html-datei", _PAGES),
    (r"style ?sheet|css(?: file)?|stylesheet", _STYLES),
    (r"sql(?: file| script| query)?|query", frozenset({".sql"})),
    (r"csv(?: file)?|csv-datei|spreadsheet|table|tabelle", _DATA - {".json"}),
    (r"json(?: file)?|json-datei", frozenset({".json"})),
    (r"data(?: file|set)?|daten", _DATA),
    (r"text(?: file)?|notes|document|markdown(?: file)?|textdatei", frozenset({".md", ".txt", ".markdown"})),
    (r"script|program|programme|code|module|source(?: file| code)?|skript|programm", CODE - _PAGES - _STYLES),
)
_SPOKEN_OF = re.compile(
    r"\b(?:the|this|that|my|our|your|das|die|der|dem|den|dieses|diese)\s+"
    r"(?:(?:attached|enclosed|uploaded|supplied|provided|angehängte[nms]?|beigefügte[nms]?|mitgeschickte[nms]?)\s+"
    r"(?P<kind>[a-z]+(?:[ -](?:file|script|program|code|module|sheet|page|query|set|datei))?)"
    r"|(?P<only>attachment|anhang))\b",
    re.IGNORECASE,
)
_FILE = frozenset({"file", "attachment", "datei"})


def with_names(text: str, names: Collection[str]) -> str:
    """Return `text` with words that can only mean one of the attachments replaced by its name."""
    meant: dict[str, list[str]] = {}

    def replace_mention(found: re.Match[str]) -> str:
        kind = (found["kind"] or "file").lower()
        suffixes = None if kind in _FILE else _suffixes(kind)
        sort = kind if suffixes else "file" if suffixes is None else ""
        if sort and sort not in meant:
            meant[sort] = [name for name in names if suffixes is None or _suffix(name) in suffixes]
        return meant[sort][0] if sort and len(meant[sort]) == 1 else found[0]

    return _SPOKEN_OF.sub(replace_mention, text)


def _suffix(name: str) -> str:
    return PurePosixPath(name.lower()).suffix


def _suffixes(kind: str) -> frozenset[str]:
    """Return the endings of the files that a word such as `script` may mean; none for any other word."""
    return next((endings for words, endings in _KINDS if re.fullmatch(words, kind)), frozenset[str]())
