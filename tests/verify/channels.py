"""Every channel known by which a page can make a browser connect somewhere. A hostile page aims them at loopback.

In the texts `WIRE` stands for the tripwire's host and port, `PORT` for its port alone and `SITE` for the URL of the
channel's own folder, without a slash at the end. The site answers `redirect/302` there with a redirect of that status
to the tripwire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES = {"rebound.test": "127.0.0.1", "page.localhost": "127.0.0.1", "localhost": "127.0.0.1"}
"""Names that resolve to loopback, and the address."""


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


SCRIPTED = (
    script("fetch", "fetch('http://WIRE/')"),
    script("fetch, no-cors", FETCH),
    script("fetch, https", "fetch('https://WIRE/')"),
    script("fetch, keepalive", "fetch('http://WIRE/', {keepalive: true, mode: 'no-cors'})"),
    script("fetch, redirected", "fetch('redirect/302')"),
    script("fetch, redirected with its body", "fetch('redirect/307', {method: 'POST', body: 'x', mode: 'no-cors'})"),
    script("fetch, with a preflight", "fetch('http://WIRE/', {method: 'PUT', headers: {'x-y': 'z'}})"),
    script("fetchLater", "fetchLater('http://WIRE/', {activateAfter: 0})"),
    script("fetchLater, as the page is left", f"fetchLater('http://WIRE/'); {LEAVE}"),
    script("XMLHttpRequest", XHR),
    script("XMLHttpRequest, synchronous", XHR.replace("'GET', 'http://WIRE/'", "'GET', 'http://WIRE/', false")),
    script("XMLHttpRequest, redirected", XHR.replace("http://WIRE/", "redirect/302")),
    script("EventSource", STREAM),
    script("EventSource, redirected", "new EventSource('redirect/302')"),
    script("sendBeacon", "navigator.sendBeacon('http://WIRE/', 'x')"),
    script("sendBeacon, redirected", "navigator.sendBeacon('redirect/307', 'x')"),
    script("sendBeacon, as the page is left", f"onpagehide = () => navigator.sendBeacon('http://WIRE/', 'x'); {LEAVE}"),
    script("WebSocket", SOCKET),
    script("WebSocket, secure", "new WebSocket('wss://WIRE/')"),
    script("WebSocketStream", "new WebSocketStream('ws://WIRE/')"),
    script("Cache.add", "caches.open('x').then(cache => cache.add('http://WIRE/'))"),
    script("dynamic import", "import('http://WIRE/x.js')"),
    script("dynamic import, redirected", "import('./redirect/302')"),
    script("FontFace", "new FontFace('x', 'url(http://WIRE/x.woff2)').load()"),
    script("document.write", "document.write('<script src=http://WIRE/x.js><\\/script>')"),
    script("Image", "new Image().src = 'http://WIRE/x.png'"),
    script("Audio", "new Audio('http://WIRE/x.mp3').load()"),
    script(
        "background fetch",
        f"{SERVICE}.then(() => navigator.serviceWorker.ready).then("
        "found => found.backgroundFetch.fetch('x', ['http://WIRE/']))",
        reaches=None,
    ),
    script(
        "PaymentRequest",
        "new PaymentRequest([{supportedMethods: 'https://WIRE/pay'}], "
        "{total: {label: 'x', amount: {currency: 'EUR', value: '1'}}}).canMakePayment()",
        reaches=None,
    ),
    script(
        "FedCM",
        "navigator.credentials.get({identity: {providers: [{configURL: 'https://WIRE/fedcm.json', clientId: 'x'}]}})",
        reaches=None,
    ),
)

WORKERS = (
    worker("fetch in a dedicated worker", FETCH),
    worker("XMLHttpRequest in a dedicated worker", XHR),
    worker("EventSource in a dedicated worker", STREAM),
    worker("WebSocket in a dedicated worker", SOCKET),
    worker("importScripts in a dedicated worker", IMPORT),
    worker("importScripts in a dedicated worker, redirected", "importScripts('redirect/302')"),
    worker("module import in a dedicated worker", "import 'http://WIRE/x.js'", MODULE),
    worker("dynamic import in a dedicated worker", "import('http://WIRE/x.js')", MODULE),
    worker("FontFace in a dedicated worker", "new FontFace('x', 'url(http://WIRE/x.woff2)').load()"),
    worker("WebTransport in a dedicated worker", TRANSPORT, is_proxied=False),
    # The script of a worker is fetched from the own origin only: the redirect is not followed.
    worker("dedicated worker, redirected", "", "new Worker('redirect/302')", reaches=False),
    worker("shared worker, redirected", "", "new SharedWorker('redirect/302')", reaches=False),
    worker("service worker, redirected", "", "navigator.serviceWorker.register('redirect/302')", reaches=False),
    worker("worker of another origin", "", "new Worker('http://WIRE/x.js')", reaches=False),
    worker("worker within a worker", FETCH, f"new Worker({blob(WITHIN)})"),
    script("fetch in a blob worker", f"new Worker({blob(FETCH)})"),
    script("WebSocket in a blob worker", f"new Worker({blob(SOCKET)})"),
    script("importScripts in a blob worker", f"new Worker({blob(IMPORT)})"),
    script("fetch in a data: worker", f'new Worker("data:text/javascript,{FETCH}")'),
    worker("fetch in a shared worker", FETCH, SHARED),
    worker("EventSource in a shared worker", STREAM, SHARED),
    worker("WebSocket in a shared worker", SOCKET, SHARED),
    worker("importScripts in a shared worker", IMPORT, SHARED),
    service("fetch in a service worker", f"await {FETCH}"),
    service("fetch in a service worker, redirected", "await fetch('redirect/302')"),
    service("WebSocket in a service worker", f"{SOCKET}; await new Promise(done => setTimeout(done, 500))"),
    service("Cache.add in a service worker", "await (await caches.open('x')).add('http://WIRE/')"),
    worker("importScripts in a service worker", IMPORT, SERVICE),
    worker(
        "module import in a service worker",
        "import 'http://WIRE/x.js'",
        SERVICE.replace("w.js'", "w.js', {type: 'module'}"),
    ),
    worker(
        "redirect by a service worker",
        "oninstall = () => skipWaiting(); onactivate = event => event.waitUntil(clients.claim());"
        "onfetch = event => event.respondWith(Response.redirect('http://WIRE/'))",
        f"{SERVICE}; navigator.serviceWorker.oncontrollerchange = () => new Image().src = 'x.png'",
    ),
    script("audio worklet", "new AudioContext().audioWorklet.addModule('http://WIRE/x.js')"),
    script("audio worklet, offline", "new OfflineAudioContext(1, 1, 44100).audioWorklet.addModule('http://WIRE/x.js')"),
    script("paint worklet", "CSS.paintWorklet.addModule('http://WIRE/x.js')"),
    # Behind a flag.
    script("layout worklet", "CSS.layoutWorklet.addModule('http://WIRE/x.js')", reaches=False),
    script("animation worklet", "CSS.animationWorklet.addModule('http://WIRE/x.js')", reaches=False),
    script("shared storage worklet", "sharedStorage.createWorklet('http://WIRE/x.js')", reaches=None),
)

DATAGRAMS = (
    script("WebTransport", TRANSPORT, is_proxied=False),
    rtc("STUN", "urls: 'stun:WIRE'", is_proxied=False),
    rtc("TURN over UDP", "urls: 'turn:WIRE', username: 'x', credential: 'x'", is_proxied=False),
    rtc("TURN over TCP", "urls: 'turn:WIRE?transport=tcp', username: 'x', credential: 'x'", is_proxied=True),
    rtc("TURN over TLS", "urls: 'turns:WIRE?transport=tcp', username: 'x', credential: 'x'", is_proxied=True),
    candidate("ICE candidate, UDP", "udp 2122260223 127.0.0.1 PORT typ host", is_proxied=False),
    candidate("ICE candidate, TCP", "tcp 1518280447 127.0.0.1 PORT typ host tcptype passive", is_proxied=True),
)

ELEMENTS = (
    element("img", "<img src=http://WIRE/x.png>"),
    element("img, redirected", "<img src=redirect/302>"),
    element("img srcset", "<img srcset='http://WIRE/x.png 1x'>"),
    element("img, lazy", "<img loading=lazy src=http://WIRE/x.png>"),
    element("picture", "<picture><source srcset=http://WIRE/x.png><img></picture>"),
    element("input type=image", "<input type=image src=http://WIRE/x.png>"),
    element("body background", "<table background=http://WIRE/x.png><tr><td>x</table>"),
    element("iframe", "<iframe src=http://WIRE/></iframe>"),
    element("iframe, redirected", "<iframe src=redirect/302></iframe>"),
    element("iframe, sandboxed", "<iframe sandbox src=http://WIRE/></iframe>"),
    element("iframe srcdoc", '<iframe srcdoc="<img src=http://WIRE/x.png>"></iframe>'),
    element("iframe data:", '<iframe src="data:text/html,<img src=http://WIRE/x.png>"></iframe>'),
    element("iframe javascript:", """<iframe src="javascript:'<img src=http://WIRE/x.png>'"></iframe>"""),
    element("frame", "<iframe srcdoc='<frameset><frame src=http://WIRE/></frameset>'></iframe>"),
    script(
        "iframe blob:",
        f"document.body.append(Object.assign(document.createElement('iframe'), "
        f"{{src: {blob('<img src=http://WIRE/x.png>', 'text/html')}}}))",
    ),
    element("object", "<object data=http://WIRE/x.png></object>"),
    element("object, redirected", "<object data=redirect/302></object>"),
    element("embed", "<embed src=http://WIRE/x.png>"),
    element("audio", "<audio src=http://WIRE/x.mp3 preload=auto></audio>"),
    element("video", "<video src=http://WIRE/x.webm preload=auto></video>"),
    element("video, redirected", "<video src=redirect/302 preload=auto></video>"),
    element("video poster", "<video poster=http://WIRE/x.png></video>"),
    element("source", "<video preload=auto><source src=http://WIRE/x.webm></video>"),
    element(
        "track",
        "<video crossorigin=anonymous><track default kind=captions src=http://WIRE/x.vtt></video>"
        "<script>document.querySelector('track').track.mode = 'showing'</script>",
    ),
    file(
        "video playlist",
        "<video src=x.m3u8 preload=auto autoplay muted></video>",
        "x.m3u8",
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://WIRE/x.ts\n#EXT-X-ENDLIST\n",
        reaches=None,
    ),
    element("script", "<script src=http://WIRE/x.js></script>"),
    element("script, redirected", "<script src=redirect/302></script>"),
    element("script type=module", "<script type=module src=http://WIRE/x.js></script>"),
    element("static import", "<script type=module>import 'http://WIRE/x.js'</script>"),
    element(
        "import map",
        """<script type=importmap>{"imports": {"x": "http://WIRE/x.js"}}</script>
        <script type=module>import 'x'</script>""",
    ),
    element("import of JSON", "<script type=module>import x from 'http://WIRE/x.json' with {type: 'json'}</script>"),
    element("svg image", "<svg><image href=http://WIRE/x.png /></svg>"),
    element(
        "svg feImage",
        "<svg><filter id=f><feImage href=http://WIRE/x.png /></filter><rect width=9 height=9 filter=url(#f) /></svg>",
    ),
    element("svg script", "<svg><script href=http://WIRE/x.js></script></svg>"),
    # What `use` names must be of the own origin.
    element("svg use", "<svg><use href=http://WIRE/x.svg#x /></svg>", reaches=False),
    element("svg use, redirected", "<svg><use href=redirect/302#x /></svg>", reaches=None),
    element(
        "fenced frame",
        "<fencedframe></fencedframe><script>document.querySelector('fencedframe').config = "
        "new FencedFrameConfig('http://WIRE/')</script>",
        reaches=None,
    ),
    element("attributionsrc", "<img attributionsrc=http://WIRE/>", reaches=None),
)

LINKS = (
    element("link stylesheet", "<link rel=stylesheet href=http://WIRE/x.css>"),
    element("link stylesheet, redirected", "<link rel=stylesheet href=redirect/302>"),
    element("link preload", "<link rel=preload as=image href=http://WIRE/x.png>"),
    element("link modulepreload", "<link rel=modulepreload href=http://WIRE/x.js>"),
    element("link prefetch", "<link rel=prefetch href=http://WIRE/>"),
    element("link preconnect", "<link rel=preconnect href=http://WIRE/>"),
    element("link prerender", "<link rel=prerender href=http://WIRE/>", reaches=None),
    # A look-up of a name, which is loopback's without asking anyone.
    element("link dns-prefetch", "<link rel=dns-prefetch href=http://WIRE/>", reaches=False),
    element("link icon", "<link rel=icon href=http://WIRE/x.png>", reaches=None),
    element("link manifest", "<link rel=manifest href=http://WIRE/x.json>", reaches=None),
    element("link compression-dictionary", "<link rel=compression-dictionary href=http://WIRE/>", reaches=None),
    element("Link header, preload", "", link="<http://WIRE/x.png>; rel=preload; as=image"),
    element("Link header, preconnect", "", link="<http://WIRE/>; rel=preconnect"),
    element("Link header, stylesheet", "", link="<http://WIRE/x.css>; rel=stylesheet", reaches=None),
    element(
        "speculation rules, prefetch",
        '<script type=speculationrules>{"prefetch": [{"urls": ["http://WIRE/"], "eagerness": "immediate"}]}</script>',
    ),
    element(
        "speculation rules, prerender",
        '<script type=speculationrules>{"prerender": [{"urls": ["http://WIRE/"], "eagerness": "immediate"}]}</script>',
    ),
    element(
        "speculation rules, redirected",
        '<script type=speculationrules>{"prefetch": [{"urls": ["redirect/302"], "eagerness": "immediate"}]}</script>',
    ),
    element("Speculation-Rules header", "", speculation_rules='"http://WIRE/x.json"'),
)

STYLES = (
    element("css background", "<style>body { background: url(http://WIRE/x.png) }</style>"),
    element("css background, redirected", "<style>body { background: url(redirect/302) }</style>"),
    element("css image-set", "<style>body { background: image-set('http://WIRE/x.png' 1x) }</style>"),
    element("css border-image", "<style>body { border: 9px solid; border-image: url(http://WIRE/x.png) 1 }</style>"),
    element("css content", "<style>body::before { content: url(http://WIRE/x.png) }</style>"),
    element("css cursor", "<style>body { cursor: url(http://WIRE/x.png), auto }</style>"),
    element("css list-style", "<style>li { list-style: url(http://WIRE/x.png) }</style><li>x"),
    element("css mask", "<style>body { mask: url(http://WIRE/x.png) }</style>"),
    element("css shape-outside", "<style>p { float: left; shape-outside: url(http://WIRE/x.png) }</style><p>x"),
    element("css filter", "<style>body { filter: url(http://WIRE/x.svg#x) }</style>", reaches=None),
    element("@import", "<style>@import 'http://WIRE/x.css';</style>"),
    element(
        "@font-face",
        "<style>@font-face { font-family: x; src: url(http://WIRE/x.woff2) } body { font-family: x }</style>x",
    ),
    file("@import in a stylesheet", "<link rel=stylesheet href=x.css>", "x.css", "@import 'http://WIRE/x.css';"),
    file(
        "image in an svg document",
        "<iframe src=x.svg></iframe>",
        "x.svg",
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='http://WIRE/x.png'/></svg>",
    ),
    # An image is drawn without anything it refers to.
    file(
        "image in an svg image",
        "<img src=x.svg>",
        "x.svg",
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='http://WIRE/x.png'/></svg>",
        reaches=False,
    ),
    file(
        "xml-stylesheet, css",
        "<iframe src=x.xml></iframe>",
        "x.xml",
        "<?xml version='1.0'?><?xml-stylesheet type='text/css' href='http://WIRE/x.css'?><a/>",
    ),
    file(
        "xml-stylesheet, xslt",
        "<iframe src=x.xml></iframe>",
        "x.xml",
        "<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='http://WIRE/x.xsl'?><a/>",
        reaches=None,
    ),
    file(
        "xml-stylesheet, xslt, redirected",
        "<iframe src=x.xml></iframe>",
        "x.xml",
        "<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='redirect/302'?><a/>",
        reaches=None,
    ),
    # Chromium reads no external entities.
    file(
        "external entity",
        "<iframe src=x.xml></iframe>",
        "x.xml",
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'http://WIRE/x.txt'>]><a>&b;</a>",
        reaches=False,
    ),
)

NAVIGATIONS = (
    element("meta refresh", "<meta http-equiv=refresh content='0; url=http://WIRE/'>"),
    element("Refresh header", "", refresh="0; url=http://WIRE/"),
    script("location.assign", "location.assign('http://WIRE/')"),
    script("location.assign, redirected", "location.assign('redirect/302')"),
    script("location.replace", "location.replace('http://WIRE/')"),
    script("navigation.navigate", "navigation.navigate('http://WIRE/')"),
    script("window.open", "open('http://WIRE/')"),
    script("window.open, noopener", "open('http://WIRE/', '', 'noopener')"),
    script("window.open, redirected", "open('redirect/302')"),
    element("form get", "<form action=http://WIRE/></form><script>document.forms[0].submit()</script>"),
    element("form post", "<form method=post action=http://WIRE/></form><script>document.forms[0].submit()</script>"),
    element(
        "form post, redirected",
        "<form method=post action=redirect/307></form><script>document.forms[0].submit()</script>",
    ),
    element(
        "form in a new window",
        "<form target=_blank action=http://WIRE/></form><script>document.forms[0].submit()</script>",
    ),
    element(
        "form in an iframe",
        "<iframe name=x></iframe><form target=x action=http://WIRE/></form><script>document.forms[0].submit()</script>",
    ),
    element("link, clicked", "<a href=http://WIRE/>x</a><script>document.links[0].click()</script>"),
    element("download", "<a download href=http://WIRE/>x</a><script>document.links[0].click()</script>"),
    element("download, redirected", "<a download href=redirect/302>x</a><script>document.links[0].click()</script>"),
    # Debian's Chromium starts with --disable-pings.
    element("ping", "<a ping=http://WIRE/ href=#x>x</a><script>document.links[0].click()</script>", reaches=None),
    # A page may not open these.
    script("view-source:", "open('view-source:http://WIRE/')", reaches=False),
    script("file:", "open('file://WIRE/')", reaches=False),
    script("fetch of file:", "fetch('file://WIRE/')", reaches=False),
    # Chromium speaks no FTP any more.
    script("ftp:", "location = 'ftp://WIRE/'", reaches=False),
    element("ftp: in an img", "<img src=ftp://WIRE/x.png>", reaches=False),
)

REPORTS = (
    element("CSP report-uri", "<img src=x.png>", content_security_policy="img-src 'none'; report-uri http://WIRE/"),
    element(
        "CSP report-uri, report only",
        "<img src=x.png>",
        content_security_policy_report_only="img-src 'none'; report-uri http://WIRE/",
    ),
    element(
        "CSP report-to",
        "<img src=x.png>",
        reporting_endpoints='x="https://WIRE/"',
        content_security_policy="img-src 'none'; report-to x",
        reaches=None,
    ),
    element(
        "Report-To header",
        "<img src=x.png>",
        nel='{"report_to": "x", "max_age": 99, "success_fraction": 1.0}',
        report_to='{"group": "x", "max_age": 99, "endpoints": [{"url": "https://WIRE/"}]}',
        reaches=None,
    ),
    # Taken from https only.
    element("Alt-Svc header", "<img src=x.png>", alt_svc='h2="WIRE"; ma=99, h3=":PORT"; ma=99', reaches=False),
)


def host(name: str, authority: str, *, reaches: bool | None = True) -> Channel:
    """Return a channel that calls loopback by another name."""
    return element(f"host {name}", f"<img src='http://{authority}/x.png'>", reaches=reaches)


HOSTS = (
    host("localhost", "localhost:PORT"),
    host("LOCALHOST", "LOCALHOST:PORT"),
    host("localhost with a dot", "localhost.:PORT"),
    host("below localhost", "page.localhost:PORT"),
    host("127.1", "127.1:PORT"),
    host("127.0.0.1 with a dot", "127.0.0.1.:PORT"),
    host("decimal", "2130706433:PORT"),
    host("hexadecimal", "0x7f000001:PORT"),
    host("octal", "0177.0.0.1:PORT"),
    host("percent-encoded", "%31%32%37.0.0.1:PORT"),
    host("full-width", "&#xff11;&#xff12;&#xff17;.0.0.1:PORT"),
    host("0.0.0.0", "0.0.0.0:PORT", reaches=None),  # noqa: S104
    host("[::1]", "[::1]:PORT"),
    host("[::]", "[::]:PORT", reaches=None),
    host("[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]:PORT"),
    host("with a password", "user:password@WIRE"),
    host("that rebinds", "rebound.test:PORT"),
)

CHANNELS = (
    *SCRIPTED,
    *WORKERS,
    *DATAGRAMS,
    *ELEMENTS,
    *LINKS,
    *STYLES,
    *NAVIGATIONS,
    *REPORTS,
    *HOSTS,
)
