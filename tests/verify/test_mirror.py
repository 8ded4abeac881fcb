"""A folder of npm packages in the place of the CDNs."""

import json
from pathlib import Path

import pytest

from orchestrator.verify.mirror import NoSuchFile, load_mirrored_file

JSDELIVR, UNPKG, CDNJS = "https://cdn.jsdelivr.net/npm", "https://unpkg.com", "https://cdnjs.cloudflare.com/ajax/libs"
GITHUB, JQUERY = "https://cdn.jsdelivr.net/gh", "https://code.jquery.com"
COMBINED = "https://cdn.jsdelivr.net/combine"


def described(version: str, **more: str) -> str:
    return json.dumps({"version": version, **more})


FILES = {
    "marked/package.json": described(
        "12.0.2", main="./lib/marked.cjs", jsdelivr="marked.min.js", repository="git://github.com/markedjs/marked.git"
    ),
    "marked/marked.min.js": "marked",
    "marked/lib/marked.cjs": "main",
    "marked/lib/marked.esm.js": "esm",
    "marked/deep/x/odd.js": "odd",
    "bootstrap@5.3.3/dist/css/bootstrap.min.css": "five",
    "bootstrap@5.3.3/dist/js/bootstrap.bundle.min.js": "bundle",
    "bootstrap/package.json": described("5.2.0"),
    "bootstrap/dist/css/bootstrap.min.css": "older",
    "@highlightjs/cdn-assets/highlight.min.js": "hljs",
    "@highlightjs/cdn-assets/styles/github.min.css": "style",
    "@highlightjs/cdn-assets/package.json": described("11.9.0"),
    "highlight.js/package.json": described("11.9.0"),
    "highlight.js/lib/index.js": "of node",
    "dayjs/dayjs.js": "dayjs",
    "dayjs/package.json": described("1.11.10", main="dayjs"),
    "three/package.json": described("0.160.0"),
    "three/build/three.js": "three",
    "nobody-knows/index.js": "index",
    "nobody-knows/package.json": "no JSON",
    "jquery/package.json": described("3.7.1"),
    "jquery/dist/jquery.min.js": "jquery",
    "jquery/dist/jquery.slim.min.js": "slim",
    "jquery-ui/package.json": described("1.13.2"),
    "jquery-ui/dist/themes/base/jquery-ui.css": "ui",
    "font-awesome/package.json": described("4.7.0"),
    "font-awesome/css/font-awesome.min.css": "awesome",
    "gh/octo/tools@v1.4.0/build/tool.js": "of github",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
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
        (f"{JSDELIVR}/marked@^12.0.0/marked.min.js", "marked"),
        (f"{JSDELIVR}/marked@latest/marked.min.js", "marked"),
        (f"{UNPKG}/marked@12.0.2/lib/marked.esm.js?module", "esm"),
        (f"{UNPKG}/marked@12", "main"),
        (f"{UNPKG}/dayjs", "dayjs"),
        (f"{JSDELIVR}/bootstrap@5.3.3/dist/css/bootstrap.min.css", "five"),
        (f"{JSDELIVR}/bootstrap@5/dist/css/bootstrap.min.css", "five"),
        (f"{JSDELIVR}/bootstrap@5.2/dist/css/bootstrap.min.css", "older"),
        (f"{CDNJS}/bootstrap/5.3.3/css/bootstrap.min.css", "five"),
        (f"{CDNJS}/twitter-bootstrap/5.2.0/css/bootstrap.min.css", "older"),
        (f"{JSDELIVR}/dayjs@1.11.10/dayjs.min.js", "dayjs"),
        (f"{JSDELIVR}/nobody-knows", "index"),
        (f"{CDNJS}/dayjs/1.11.10/dayjs.min.js", "dayjs"),
        (f"{CDNJS}/three.js/0.160.0/three.min.js", "three"),
        (f"{CDNJS}/highlight.js/11.9.0/highlight.min.js", "hljs"),
        (f"{CDNJS}/highlight.js/11.9.0/styles/github.min.css", "style"),
        (f"{GITHUB}/octo/tools@v1.4.0/build/tool.js", "of github"),
        (f"{GITHUB}/octo/tools@1/build/tool.min.js", "of github"),
        (f"{GITHUB}/markedjs/marked@12.0.2/marked.min.js", "marked"),
        (f"{GITHUB}/markedjs/marked@v12.0.2/marked.min.js", "marked"),
        (f"{COMBINED}/npm/marked@12.0.2/marked.min.js,npm/jquery@3/dist/jquery.min.js", "marked\njquery"),
        (f"{JQUERY}/jquery-3.7.1.min.js", "jquery"),
        (f"{JQUERY}/jquery-3.7.1.slim.min.js", "slim"),
        (f"{JQUERY}/ui/1.13.2/themes/base/jquery-ui.css", "ui"),
        ("https://maxcdn.bootstrapcdn.com/bootstrap/5.3.3/css/bootstrap.min.css", "five"),
        ("https://stackpath.bootstrapcdn.com/bootstrap/5.3.3/js/bootstrap.bundle.min.js", "bundle"),
        ("https://netdna.bootstrapcdn.com/font-awesome/4.7.0/css/font-awesome.min.css", "awesome"),
    ],
)
def test_what_a_cdn_has_is_found_in_the_package(folder: Path, url: str, text: str) -> None:
    found = load_mirrored_file(folder, url)
    assert found is not None
    assert found[0] == text.encode()
    assert found[1].partition("/")[2].partition(";")[0] in ("css", "javascript", "octet-stream")


@pytest.mark.parametrize(
    "url",
    [
        f"{JSDELIVR}/marked@12.0.2/none.js",
        f"{JSDELIVR}/marked/none.js",
        f"{JSDELIVR}/marked@12/none.js",
        f"{UNPKG}/marked/marked.js",
        f"{UNPKG}/dayjs@1.11.10/dayjs.min.js",
        f"{JSDELIVR}/three",
        f"{CDNJS}/highlight.js/11.9.0/lib/index.js",
        f"{CDNJS}/marked/12.0.2/none.js",
        f"{GITHUB}/octo/tools@v1.4.0/none.js",
        f"{COMBINED}/npm/marked@12.0.2/none.js",
        f"{JQUERY}/jquery-3.7.1.slim.js",
        "https://maxcdn.bootstrapcdn.com/bootstrap/5.3.3/css/none.css",
        f"{JSDELIVR}/marked@12.0.2/../../secret.js",
        f"{JSDELIVR}/marked@12.0.2/%2e%2e/%2e%2e/secret.js",
        f"{JSDELIVR}/marked@12.0.2/link.js",
    ],
)
def test_what_a_cdn_would_refuse_is_refused(folder: Path, url: str) -> None:
    with pytest.raises(NoSuchFile):
        load_mirrored_file(folder, url)


@pytest.mark.parametrize(
    "url",
    [
        f"{JSDELIVR}/nobody@1/x.js",
        f"{JSDELIVR}/marked@11.0.0/marked.min.js",
        f"{JSDELIVR}/marked@13/marked.min.js",
        f"{JSDELIVR}/marked@beta/marked.min.js",
        f"{JSDELIVR}/nobody-knows@1.0.0/index.js",
        f"{JSDELIVR}/marked@12.0.2/+esm",
        f"{CDNJS}/marked/12/marked.min.js",
        f"{CDNJS}/marked/11.0.0/marked.min.js",
        f"{CDNJS}/marked/12.0.2/odd.js",
        f"{JQUERY}/jquery-3.6.0.min.js",
        f"{JQUERY}/jquery-latest.js",
        "https://maxcdn.bootstrapcdn.com/bootstrap/4.0.0/css/bootstrap.min.css",
        f"{COMBINED}/npm/marked@12.0.2/marked.min.js,npm/nobody@3/x.js",
        "https://cdn.jsdelivr.net/marked@12.0.2/marked.min.js",
        f"{JSDELIVR}/elsewhere/secret.js",
        f"{JSDELIVR}/..",
        f"{JSDELIVR}/",
        f"{CDNJS}/",
        f"{GITHUB}/owner/repo@1/x.js",
        f"{GITHUB}/markedjs/marked@12.0.2/src/x.ts",
        f"{GITHUB}/somebody/marked@12.0.2/marked.min.js",
        "https://elsewhere.example/npm/marked@12.0.2/marked.min.js",
    ],
)
def test_what_the_folder_does_not_know_is_left_to_the_network(folder: Path, url: str) -> None:
    assert load_mirrored_file(folder, url) is None
