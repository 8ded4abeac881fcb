"""A model that knows the corpus: it builds what it is told to, and repairs the sites of the corpus, all or some."""

import re
from collections.abc import Callable, Collection

from orchestrator.compare.corpus import Case

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sales</title></head><body><h1>Sales</h1><p id="total">42</p></body></html>"""


def block(path: str, text: str) -> str:
    return f'<file path="{path}">\n{text}\n</file>\n'


def repairer(good: Collection[Case], repairs: Callable[[str], bool] = lambda _: True) -> Callable[[str], str]:
    """Return a model: `repairs` says of what was said whether it repairs it; it gives the good site's files then."""

    def answer(said: str) -> str:
        meant = next((case for case in good if " ".join(case.brief.split()) in " ".join(said.split())), None)
        if meant is None:
            return block("index.html", PAGE) + block("README.md", "# Sales\n\nOpen the page.")
        if not repairs(said):
            return block("notes.txt", "Nothing to see.")
        texts = {
            path: data for path, data in meant.site.files.items() if re.search(r"\.(html|css|js|csv|json|svg)$", path)
        }
        return "".join(block(path, data.decode()) for path, data in texts.items())

    return answer
