"""The page that is built if no language model can be asked. It shows the brief and the attachments.

Pure but for reading its own template. Everything from a brief or a file is escaped, and nothing in either raises:
a file that is not what its name says becomes a link with a short note.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath
from string import Template
from urllib.parse import quote, unquote, urljoin, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator.core.paths import fold_path
from orchestrator.generate.tables import (
    Table,
    Unshowable,
    decode_showable,
    format_count,
    read_csv,
    read_json,
    table_html,
)

_TOO_LARGE = "it is too large for this page"
_MAX_READ = 10_000_000  # bytes of one file that are read for showing them
_MAX_TEXT = 200_000  # characters of one text that are shown
_MAX_PAGE = 5_000_000  # characters of all that is shown: a browser stays quick

# By their first bytes: a file that only claims to be a picture would show as a broken one.
_IMAGES: Mapping[str, re.Pattern[bytes]] = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpg": re.compile(rb"\xff\xd8\xff"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "avif": re.compile(rb".{4}ftyp(?:avif|avis|mif1)", re.DOTALL),
    "svg": re.compile(rb"(?=.{0,4000}<svg)", re.DOTALL),
}
# Named, not sniffed: a PDF or an archive may well begin like text.
_RENDERED = frozenset({"csv", "json", "markdown", "md", "tab", "tsv"})
_TEXTS = frozenset({"", "cfg", "geojson", "ini", "jsonl", "log", "ndjson", "rst", "srt", "text", "toml", "txt", "vtt"})
_CODE = frozenset(
    {"c", "css", "h", "htm", "html", "java", "js", "py", "r", "sh", "sql", "tex", "ts", "xml", "yaml", "yml"}
)
_MARKDOWN_STEERING = re.compile(r"([\\`*_\[\]<>#|~&$])")

_NOT_GENERATED = (
    "The change for this round could not be generated, because no language model gave a usable answer. The "
    "site is unchanged. What was asked for:"
)


@dataclass(frozen=True)
class Ask:
    """What one round asked for."""

    round: int
    brief: str


def fallback_site(title: str, asks: Sequence[Ask], attachments: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the page and the README as path → bytes.

    Attachments keep their own names beside them and are not in the result; where one is itself called `index.html`
    or `README.md`, it stands, and ours is left out.
    """
    title = " ".join(title.split()) or "Untitled"
    ordered = sorted(asks, key=lambda ask: ask.round)
    made = {
        "index.html": _page_html(title, ordered, attachments),
        "README.md": _template_readme(title, ordered, attachments),
    }
    taken = {fold_path(name) for name in attachments}
    # `replace`: a lone surrogate is valid in JSON, and in no encoding.
    return {path: text.encode("utf-8", "replace") for path, text in made.items() if fold_path(path) not in taken}


def fallback_note(readme: bytes, ask: Ask, added: Sequence[str]) -> bytes:
    """Return the README of a site that stays as it is, with a section about the round that could not be built."""
    blocks = [f"## Round {ask.round}", _NOT_GENERATED, _fence_text(ask.brief)]
    if added:
        blocks += ["New files of this round:", "\n".join(map(_readme_link, added))]
    section = "\n\n".join(blocks).encode("utf-8", "replace") + b"\n"
    return readme.rstrip() + b"\n\n" + section if readme.strip() else section


def model_readme(title: str, asks: Sequence[Ask], attachments: Mapping[str, bytes]) -> bytes:
    """Return a README for a page that a model built without writing one."""
    return _render_readme(title, asks, attachments, _SUMMARY_MODEL, _HOW_MODEL).encode("utf-8", "replace")


# The page


def _page_html(title: str, asks: Sequence[Ask], attachments: Mapping[str, bytes]) -> str:
    template = Template(files(__package__).joinpath("fallback.html").read_text("utf-8"))
    return template.substitute(
        title=escape(title),
        lede=f"{format_count(len(asks), 'round')} asked for, {format_count(len(attachments), 'file')} attached.",
        rounds="\n".join(_round_html(ask, newest=ask is asks[-1] and len(asks) > 1) for ask in reversed(asks)),
        files=_files_html(attachments),
    )


def _round_html(ask: Ask, *, newest: bool) -> str:
    mark = ' <span class="mark">newest</span>' if newest else ""
    return (
        f'<article class="round"><h3>Round {ask.round}{mark}</h3>'
        f'<p class="brief" dir="auto">{escape(ask.brief.strip())}</p></article>'
    )


def _files_html(attachments: Mapping[str, bytes]) -> str:
    if not attachments:
        return ""
    room = _MAX_PAGE
    sections = []
    for number, (name, data) in enumerate(attachments.items(), 1):
        body = _body_html(name, data, attachments)
        if len(body) > room:
            body = _not_shown_html(_TOO_LARGE)
        room -= len(body)
        sections.append(_file_html(number, name, data, body))
    contents = "".join(
        f'<li><a href="#file-{number}">{escape(name)}</a></li>' for number, name in enumerate(attachments, 1)
    )
    nav = f'<nav aria-label="Files"><ul>{contents}</ul></nav>' if len(attachments) > 1 else ""
    return f'<section aria-labelledby="files"><h2 id="files">Files</h2>\n{nav}\n' + "\n".join(sections) + "\n</section>"


def _file_html(number: int, name: str, data: bytes, body: str) -> str:
    kind = _suffix(name).upper() or "File"
    return (
        f'<article class="file" id="file-{number}" aria-labelledby="name-{number}"><header>'
        f'<h3 id="name-{number}">{escape(name)}</h3><p>{escape(kind)}, {_format_size(len(data))}'
        f' <a href="{_relative_url(name)}" download aria-label="Download {escape(name)}">Download</a></p></header>\n'
        f"{body}</article>"
    )


def _body_html(name: str, data: bytes, names: Collection[str]) -> str:
    try:
        return _preview_html(name, data, names)
    except Unshowable as problem:
        return _not_shown_html(str(problem))


def _preview_html(name: str, data: bytes, names: Collection[str]) -> str:
    suffix = _suffix(name)
    if not data:
        raise Unshowable("it is empty")
    if suffix in _IMAGES:
        return _image_html(name, data)
    if suffix not in _RENDERED | _TEXTS | _CODE:
        raise Unshowable("there is no preview for this type of file")
    if len(data) > _MAX_READ:
        raise Unshowable(_TOO_LARGE)
    text = decode_showable(data)
    match suffix:
        case "md" | "markdown":
            return _scroll_region_html(name, _markdown_html(name, text, names), "prose")
        case "csv" | "tsv" | "tab":
            return _rows_html(name, read_csv(text, ",;\t|" if suffix == "csv" else "\t"))
        case "json":
            value = read_json(text)
            return _rows_html(name, value) if isinstance(value, Table) else _text_html(name, value)
        case _:
            return _text_html(name, text)


def _rows_html(name: str, table: Table) -> str:
    said = [line for line in table.before if line.strip(" ,;|\t") and not line.lower().startswith(("sep=", '"sep='))]
    above = _note_html("Above the table: " + " / ".join(said)) if said else ""
    return above + _scroll_region_html(name, table_html(table), "rows")


def _text_html(name: str, text: str) -> str:
    shown = _scroll_region_html(name, f"<pre><code>{escape(text[:_MAX_TEXT])}</code></pre>", "code")
    return (
        shown if len(text) <= _MAX_TEXT else shown + _note_html(f"The first {_MAX_TEXT:,} of {len(text):,} characters.")
    )


def _image_html(name: str, data: bytes) -> str:
    if not _IMAGES[_suffix(name)].match(data):
        raise Unshowable(f"it is not a {_suffix(name).upper()} image")
    return f'<img src="{_relative_url(name)}" alt="{escape(name)}" loading="lazy">'


def _scroll_region_html(name: str, html: str, kind: str) -> str:
    # A region that scrolls must take the focus, or the keyboard cannot scroll it.
    return f'<div class="scroll {kind}" role="region" aria-label="Content of {escape(name)}" tabindex="0">{html}</div>'


def _note_html(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _not_shown_html(problem: str) -> str:
    return _note_html(f"Not shown here: {problem}.")


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lstrip(".").lower()


def _relative_url(name: str) -> str:
    # Relative and quoted, colons too: it works below /<repository>/ and cannot become another scheme.
    return quote(name, errors="replace")


def _format_size(size: int) -> str:
    if size < 1_000:
        return format_count(size, "byte")
    return f"{size / 1_000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


# Markdown on the page


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """Let through http(s), mailto and relative links; the text of any other stays text."""
        try:
            return urlsplit(url).scheme in ("", "http", "https", "mailto")
        except ValueError:
            return False


def _markdown_html(name: str, text: str, names: Collection[str]) -> str:
    """Render CommonMark with tables; raw HTML is shown as text."""
    if len(text) > _MAX_TEXT:
        raise Unshowable(_TOO_LARGE)
    parser = _Markdown("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            # The page has its own h1 and h2, and the file's name is an h3.
            token.tag = f"h{min(6, int(token.tag[1:]) + 3)}"
        for child in token.children or ():
            _rebase_link(child, name, names)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _rebase_link(token: Token, name: str, names: Collection[str]) -> None:
    """Make a link or image work from the page, which lies at the root, not in the folder of the Markdown file."""
    if token.type == "link_open":
        href = str(token.attrs["href"])
        token.attrs |= {"href": href if href.startswith("#") else urljoin(_relative_url(name), href), "rel": "noopener"}
    if token.type == "image":
        source = urljoin(_relative_url(name), str(token.attrs["src"]))
        if unquote(source) in names:
            token.attrs |= {"src": source, "loading": "lazy"}
        else:  # the page loads nothing from elsewhere; the description stands for the picture
            token.type = "text"


# The README

_README = Template("""\
# $title

$summary

## What was asked

$rounds

## Files

$files

## How it works

$how

## Use

Open the address of this repository's GitHub Pages site, or look at a clone:

```sh
python3 -m http.server
```

and open <http://localhost:8000>.

## License

MIT, see [LICENSE](LICENSE).
""")
_SUMMARY = (
    "A placeholder page, made from a template without a language model. It shows what was asked for, and the "
    "attached files. What the brief asks for has not been built."
)
_HOW = """\
The page is a single file with its style and a few lines of script inside. It loads nothing from elsewhere. Tables and
their totals were computed when the page was built, so the page also works without JavaScript. The headers of a table
are buttons: one click sorts the rows by that column, a second click reverses the order.

The attached files are kept byte for byte. If you change one of them, the page does not change."""
_SUMMARY_MODEL = "A page built by a language model from the brief below."
_HOW_MODEL = "The page is plain HTML, CSS and JavaScript. The attached files are kept byte for byte."
_SUMMARY_OWN_PAGE = "What the brief asks for has not been built, because there was no language model to build it."
_HOW_OWN_PAGE = "The attached `index.html` is the page. It and the other attached files are kept byte for byte."


def _template_readme(title: str, asks: Sequence[Ask], attachments: Mapping[str, bytes]) -> str:
    if "index.html" in map(fold_path, attachments):
        return _render_readme(title, asks, attachments, _SUMMARY_OWN_PAGE, _HOW_OWN_PAGE)
    return _render_readme(title, asks, attachments, _SUMMARY, _HOW)


def _render_readme(title: str, asks: Sequence[Ask], attachments: Mapping[str, bytes], summary: str, how: str) -> str:
    page = [] if "index.html" in map(fold_path, attachments) else ["- [index.html](index.html): the page"]
    attached = [f"{_readme_link(name)}: attached, {_format_size(len(data))}" for name, data in attachments.items()]
    return _README.substitute(
        title=_escape_markdown(title),
        summary=summary,
        rounds="\n\n".join(f"### Round {ask.round}\n\n{_fence_text(ask.brief)}" for ask in asks),
        files="\n".join(page + attached),
        how=how,
    )


def _readme_link(name: str) -> str:
    return f"- [{_escape_markdown(name)}]({_relative_url(name)})"


def _escape_markdown(text: str) -> str:
    """Escape what Markdown would read as more than text."""
    return _MARKDOWN_STEERING.sub(r"\\\1", " ".join(text.split()))


def _fence_text(text: str) -> str:
    """Fence text with more backticks than it has in a row, so that it cannot end the block."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}"
