"""Every channel known by which a page can make a browser connect somewhere. A hostile page aims them at loopback.

In the texts `WIRE` stands for the tripwire's host and port, `PORT` for its port alone and `SITE` for the URL of the
channel's own folder, without a slash at the end. The site answers `redirect/302` there with a redirect of that status
to the tripwire.
"""

from tests.verify.channel import Channel, blob, element, file, script
from tests.verify.channels_scripted import DATAGRAMS, SCRIPTED, WORKERS

NAMES = {"rebound.test": "127.0.0.1", "page.localhost": "127.0.0.1", "localhost": "127.0.0.1"}
"""Names that resolve to loopback, and the address."""

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
