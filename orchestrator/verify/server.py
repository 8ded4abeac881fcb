"""A site as GitHub Pages serves it: under `/<repo>/`, case-sensitive, nothing listed."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from orchestrator.core.serving import find_served_file, media_type
from orchestrator.core.site import Site


@dataclass(frozen=True)
class HttpResponse:
    """What is sent for one path."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer_request(site: Site, base: str, target: str) -> HttpResponse:
    """Return what Pages answers for the request target, where the site lies under `/<base>/`. Pure."""
    path = unquote(re.split("[?#]", target, maxsplit=1)[0])
    if path == f"/{base}":
        return HttpResponse(301, b"", {"location": f"/{base}/"})
    inside = path.removeprefix(f"/{base}/")
    if inside != path:
        if name := find_served_file(site.files, inside):
            return HttpResponse(200, site.files[name], {"content-type": media_type(name)})
        if f"{inside}/index.html" in site.files:
            return HttpResponse(301, b"", {"location": f"/{base}/{inside}/"})
        if "404.html" in site.files:
            return HttpResponse(404, site.files["404.html"], {"content-type": media_type("404.html")})
    return HttpResponse(404, b"404: there is no such file on this site.", {"content-type": "text/plain; charset=utf-8"})


class _SiteServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Stay silent: a browser that leaves midway is no news."""


@dataclass
class ServedSite:
    """A site that is being served at `url`, `http://127.0.0.1:PORT/<base>/`; another may take its place there."""

    site: Site
    url: str = ""


@contextmanager
def serve_site(site: Site, base: str) -> Iterator[ServedSite]:
    """Serve `site` on a free loopback port while the block runs."""
    served = ServedSite(site)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self._send(with_body=True)

        def do_HEAD(self) -> None:
            self._send(with_body=False)

        def log_message(self, *_: object) -> None:
            """Stay silent: what was requested is the browser's to report."""

        def _send(self, *, with_body: bool) -> None:
            found = answer_request(served.site, base, self.path)
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(found.body)))
            self.send_header("access-control-allow-origin", "*")
            self.send_header("cache-control", "no-store")  # another site may take its place
            self.end_headers()
            if with_body:
                self.wfile.write(found.body)

    server = _SiteServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        served.url = f"http://127.0.0.1:{server.server_address[1]}/{base}/"
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
