"""A site as Pages serves it: what is answered for which target, and over a real socket."""

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.site import Site
from orchestrator.verify.server import answer_request, serve_site

SITE = Site(
    {
        "index.html": b"<h1>home",
        "about.html": b"about",
        "Case.txt": b"case",
        "docs/index.html": b"docs",
        "a b/\u00fc.json": b"{}",
        "per%cent.txt": b"%",
        ".nojekyll": b"",
    }
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_site(SITE, "repo") as served:
        yield served.url


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/repo/", 200, b"<h1>home"),
        ("/repo/index.html", 200, b"<h1>home"),
        ("/repo/?x=1#y", 200, b"<h1>home"),
        ("/repo/about.html", 200, b"about"),
        ("/repo/about", 200, b"about"),
        ("/repo/docs/", 200, b"docs"),
        ("/repo/a%20b/%C3%BC.json", 200, b"{}"),
        ("/repo/per%25cent.txt", 200, b"%"),
        ("/repo/.nojekyll", 200, b""),
        ("/repo", 301, b""),
        ("/repo/docs", 301, b""),
    ],
)
def test_what_is_there_is_served(target: str, status: int, body: bytes) -> None:
    found = answer_request(SITE, "repo", target)
    assert (found.status, found.body) == (status, body)


@pytest.mark.parametrize(
    "target",
    [
        *(
            "/",
            "/index.html",
            "/Repo/",
            "/repo/case.txt",
            "/repo/none",
            "/repo/docs/none",
            "/repo//index.html",
            "",
            "*",
        ),
        *("/repo/../repo/index.html", "/repo/%2e%2e/index.html", "/other/index.html", "//repo/index.html", "//["),
        *("/repo/\udcff", "/repo/%ff", "/repo/%", "/repo/%00", "http://[/"),
    ],
)
def test_what_is_not_there_is_a_404(target: str) -> None:
    assert answer_request(SITE, "repo", target).status == 404


def test_a_404_page_of_its_own_is_shown() -> None:
    found = answer_request(SITE.with_changes({"404.html": b"lost"}), "repo", "/repo/none")
    assert (found.status, found.body) == (404, b"lost")
    assert answer_request(SITE.with_changes({"404.html": b"lost"}), "repo", "/elsewhere").body != b"lost"


def test_redirects_lead_to_the_folder() -> None:
    assert answer_request(SITE, "repo", "/repo").headers["location"] == "/repo/"
    assert answer_request(SITE, "repo", "/repo/docs?x=1").headers["location"] == "/repo/docs/"


@given(st.text(max_size=60))
def test_no_target_makes_it_fail(target: str) -> None:
    assert answer_request(SITE, "repo", target).status in (200, 301, 404)
    assert answer_request(SITE, "repo", f"/repo/{target}").status in (200, 301, 404)


def test_it_is_served_over_a_socket(url: str) -> None:
    with httpx.Client(trust_env=False) as http:
        page, head, lost = http.get(url), http.head(f"{url}about.html"), http.get(f"{url}none")
        posted = http.post(url)
    assert (page.status_code, page.text, page.headers["content-type"]) == (200, "<h1>home", "text/html; charset=utf-8")
    assert (head.text, head.headers["content-length"]) == ("", "5")
    assert page.headers["access-control-allow-origin"] == "*"
    assert (lost.status_code, posted.status_code) == (404, 501)


@pytest.mark.parametrize(
    "raw", [b"GET //[ HTTP/1.1\r\n\r\n", b"\0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b""]
)
def test_whatever_is_sent_nothing_reaches_the_log(url: str, raw: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert capfd.readouterr() == ("", "")


def test_a_client_that_leaves_midway_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    with serve_site(Site({"big.bin": b"x" * 20_000_000}), "repo") as served:
        parts = urlsplit(served.url)
        for _ in range(3):
            with socket.create_connection((parts.hostname, parts.port)) as connection:
                connection.sendall(b"GET /repo/big.bin HTTP/1.1\r\n\r\n")
                connection.recv(10)
    assert capfd.readouterr() == ("", "")


def test_nothing_listens_when_it_is_over() -> None:
    before = threading.active_count()
    with serve_site(SITE, "repo") as served:
        parts = urlsplit(served.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((parts.hostname, parts.port))
    assert threading.active_count() <= before
