"""Names that no page has: those of test runners, of Node and of Python. A check that needs one cannot be read here."""

import builtins
import re

_RUNNERS = frozenset(
    {
        *("page", "browser", "context", "expect", "test", "it", "describe", "cy", "Cypress", "driver", "By", "until"),
        *("screen", "within", "render", "fireEvent", "userEvent", "waitFor", "jest", "vi", "chai", "assert", "should"),
        *("$", "jQuery", "$$", "wrapper", "cheerio", "soup", "response", "t", "Selector", "puppeteer", "playwright"),
    }
)
_NODE = frozenset({"require", "module", "exports", "process", "__dirname", "__filename", "Buffer", "fs", "path"})
_PYTHON = frozenset(name for name in dir(builtins) if not name[:1].isupper()) | {"True", "False", "None", "re", "os"}
_MISSING = re.compile(r"ReferenceError: ([\w$]{1,60}) is not defined")


def find_foreign_name(error: str) -> str:
    """Return the name that an error says is missing, if no page can have it; otherwise an empty text."""
    found = _MISSING.match(error)
    return found[1] if found and found[1] in _RUNNERS | _NODE | _PYTHON else ""
