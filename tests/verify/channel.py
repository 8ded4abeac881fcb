"""One channel by which a page may make a browser connect somewhere, and the forms that channels come in."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Channel:
    """One way out.

    - `page`: the document that the browser opens
    - `headers`: the headers of that document's answer
    - `files`: the files beside it
    - `reaches`: an ordinary browser gets to the tripwire; None if that differs between builds of Chromium
    - `is_proxied`: a browser with a proxy asks the proxy, instead of giving up
    """

    name: str
    page: str
    files: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    reaches: bool | None = True
    is_proxied: bool = True


def element(name: str, html: str, *, reaches: bool | None = True, **headers: str) -> Channel:
    """Return a channel that needs no script."""
    named = {header.replace("_", "-"): value for header, value in headers.items()}
    return Channel(name, f"<!doctype html><title>x</title><body>{html}", headers=named, reaches=reaches)


def script(name: str, code: str, *, reaches: bool | None = True, is_proxied: bool = True) -> Channel:
    """Return a channel that a script of the document opens."""
    page = f"<!doctype html><title>x</title><body><script>{code}</script>"
    return Channel(name, page, reaches=reaches, is_proxied=is_proxied)


def file(name: str, html: str, path: str, text: str, *, reaches: bool | None = True) -> Channel:
    """Return a channel that opens from a second file of the site."""
    return Channel(name, f"<!doctype html><title>x</title><body>{html}", {path: text}, reaches=reaches)


def worker(
    name: str, code: str, start: str = "new Worker('w.js')", *, reaches: bool | None = True, is_proxied: bool = True
) -> Channel:
    """Return a channel that a worker opens; `start` is how the document starts it."""
    page = f"<!doctype html><title>x</title><body><script>{start}</script>"
    return Channel(name, page, {"w.js": code}, reaches=reaches, is_proxied=is_proxied)


def service(name: str, code: str, *, reaches: bool | None = True, is_proxied: bool = True) -> Channel:
    """Return a channel that a service worker opens while it is installed."""
    install = f"oninstall = event => event.waitUntil((async () => {{ {code} }})().catch(() => 0))"
    return worker(name, install, SERVICE, reaches=reaches, is_proxied=is_proxied)


def rtc(name: str, server: str, *, is_proxied: bool) -> Channel:
    """Return a channel that asks a STUN or TURN server for candidates."""
    code = (
        f"p = new RTCPeerConnection({{iceServers: [{{{server}}}]}}); p.createDataChannel('x'); p.setLocalDescription()"
    )
    return script(name, code, is_proxied=is_proxied)


def candidate(name: str, text: str, *, reaches: bool | None = True, is_proxied: bool) -> Channel:
    """Return a channel that names the tripwire as the other side of a call."""
    code = """(async () => {
        a = new RTCPeerConnection(); b = new RTCPeerConnection(); a.createDataChannel('x');
        await a.setLocalDescription(); await b.setRemoteDescription(a.localDescription);
        await b.setLocalDescription(); await a.setRemoteDescription(b.localDescription);
        await a.addIceCandidate({candidate: 'candidate:1 1 TEXT', sdpMid: '0'});
    })()"""
    return script(name, code.replace("TEXT", text), reaches=reaches, is_proxied=is_proxied)


FETCH = "fetch('http://WIRE/', {mode: 'no-cors'})"

SOCKET = "new WebSocket('ws://WIRE/')"

IMPORT = "importScripts('http://WIRE/x.js')"

STREAM = "new EventSource('http://WIRE/')"

TRANSPORT = "new WebTransport('https://WIRE/')"

XHR = "x = new XMLHttpRequest(); x.open('GET', 'http://WIRE/'); x.send()"

SHARED = "new SharedWorker('w.js')"

MODULE = "new Worker('w.js', {type: 'module'})"

SERVICE = "navigator.serviceWorker.register('w.js')"

WITHIN = "new Worker('SITE/w.js')"

LEAVE = "onload = () => setTimeout(() => location = 'gone', 50)"


def blob(code: str, kind: str = "text/javascript") -> str:
    """Return an expression for the URL of a blob with `code`."""
    return f"URL.createObjectURL(new Blob([`{code}`], {{type: '{kind}'}}))"
