"""A folder of npm packages in the place of the CDNs."""

import json
from pathlib import Path

import pytest

from orchestrator.verify.mirror import mirrored

JSDELIVR, UNPKG, CDNJS = "https://cdn.jsdelivr.net/npm", "https://unpkg.com", "https://cdnjs.cloudflare.com/ajax/libs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "marked/package.json": json.dumps({"main": "./lib/marked.cjs", "jsdelivr": "marked.min.js"}),
        "marked/marked.min.js": "marked",
        "marked/lib/marked.esm.js": "esm",
        "bootstrap@5.3.3/dist/css/bootstrap.min.css": "five",
        "bootstrap/dist/css/bootstrap.min.css": "newest",
        "@highlightjs/cdn-assets/highlight.js": "hljs",
        "@highlightjs/cdn-assets/package.json": "no JSON",
        "@highlightjs/cdn-assets/index.js": "index",
        "dayjs/dayjs.js": "dayjs",
    }
    for name, text in files.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "secret.js").write_text("not of a package")
    (tmp_path / "packages" / "marked" / "link.js").symlink_to(tmp_path / "secret.js")
    (tmp_path / "packages" / "elsewhere").symlink_to(tmp_path)
    return tmp_path / "packages"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (f"{JSDELIVR}/marked@12.0.2/marked.min.js", "marked"),
        (f"{JSDELIVR}/marked", "marked"),
        (f"{JSDELIVR}/marked@12", "marked"),
        (f"{UNPKG}/marked@12.0.2/lib/marked.esm.js?module", "esm"),
        (f"{JSDELIVR}/bootstrap@5.3.3/dist/css/bootstrap.min.css", "five"),
        (f"{JSDELIVR}/bootstrap@5/dist/css/bootstrap.min.css", "newest"),
        (f"{CDNJS}/bootstrap/5.3.3/css/bootstrap.min.css", "five"),
        (f"{JSDELIVR}/@highlightjs/cdn-assets@11.9.0/highlight.js", "hljs"),
        (f"{JSDELIVR}/@highlightjs/cdn-assets@11.9.0/highlight.min.js", "hljs"),
        (f"{JSDELIVR}/@highlightjs/cdn-assets", "index"),
        (f"{CDNJS}/dayjs/1.11.10/dayjs.min.js", "dayjs"),
    ],
)
def test_what_a_cdn_has_is_found_in_the_package(folder: Path, url: str, text: str) -> None:
    found = mirrored(folder, url)
    assert found is not None
    assert found[0] == text.encode()
    assert found[1].partition("/")[2].partition(";")[0] in ("css", "javascript")


@pytest.mark.parametrize(
    "url",
    [
        f"{JSDELIVR}/nobody@1/x.js",
        f"{JSDELIVR}/marked@12.0.2/none.js",
        f"{JSDELIVR}/marked@12.0.2/../../secret.js",
        f"{JSDELIVR}/marked@12.0.2/%2e%2e/%2e%2e/secret.js",
        f"{JSDELIVR}/marked@12.0.2/link.js",
        f"{JSDELIVR}/elsewhere/secret.js",
        f"{JSDELIVR}/..",
        f"{JSDELIVR}/",
        f"{CDNJS}/",
        "https://cdn.jsdelivr.net/gh/owner/repo@1/x.js",
        "https://elsewhere.example/npm/marked@12.0.2/marked.min.js",
    ],
)
def test_nothing_else_is(folder: Path, url: str) -> None:
    assert mirrored(folder, url) is None
