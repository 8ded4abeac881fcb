import pytest

from orchestrator.core.serving import find_served_file, media_type


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "application/javascript; charset=utf-8"),
        ("a.mjs", "application/javascript; charset=utf-8"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.csv", "text/csv; charset=utf-8"),
        ("a.md", "text/markdown; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.PNG", "image/png"),
        ("a.webp", "image/webp"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.csv.gz", "application/gzip"),
        ("LICENSE", "application/octet-stream"),
    ],
)
def test_a_media_type_follows_from_the_name(path: str, expected: str) -> None:
    assert media_type(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "index.html"),
        ("index.html", "index.html"),
        ("index", "index.html"),
        ("about", "about.html"),
        ("docs/", "docs/index.html"),
        ("docs", None),
        ("About", None),
        ("empty/", None),
    ],
)
def test_a_path_means_a_file_a_folders_index_or_a_page(path: str, expected: str | None) -> None:
    assert find_served_file({"index.html", "about.html", "docs/index.html"}, path) == expected
