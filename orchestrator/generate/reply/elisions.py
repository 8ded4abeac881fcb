"""Lines that stand for code that a model left out: `// ... existing code`, `<!-- rest of the page unchanged -->`. Pure.

A comment that begins with dots says so in any language. One without dots says so where it is nothing but the words for
what is left and for its staying as it was.
"""

import re
from bisect import bisect_left

_COMMENT = re.compile(r"[ \t]*+(?://|#|<!--|/\*|\{/\*|\*|--|%)")
_COMMENT_ENDS = ("-->", "*/", "*/}")
_DECORATION = re.compile(r"[\s.…\[(<=~*_-]*+")
_DECORATION_BACKWARDS = re.compile(r"[\s.…\])>=~*_-]*+")
_BEGINS_WITH_DOTS = re.compile(r"(?:\.{3}|\u2026)\s{0,3}[^\W\d_]")
_SPREAD = re.compile(r"(?:\.{3})([A-Za-z_$][\w$]{0,40})")
_DOTS = re.compile(r"[ \t]*+(?:(?:\.{3}|…)[^.…]*+(?:\.{3}|…)?|[(\[](?:\.{3}|…)[^.…]*+(?:\.{3}|…)[)\]])[ \t]*+")
_INLINE = re.compile(r"\{[ \t]*+(?:/\*[ \t]*+(?:\.{3}|…)[^*\n]{0,120}\*/[ \t]*+\}|//[ \t]*+(?:\.{3}|…)[^\n]{0,120}$)")
_WHAT = (
    r"(?:(?:head|body|page|html|css|js|javascript|style|script|file|markup|header|footer)s? )?"
    r"(?:code|content|contents|html|css|styles?|scripts?|functions?|markup|file|page|javascript|js|lines|rules)"
)
_STAYS = (
    r"(?: (?:is|are|remains?|stays?|goes?|unchanged|the same|same|as before|as is|above|below|here|omitted|continues?))"
)
_WHOLE = (
    r"(?:code|file|html|css|styles?|scripts?|functions?|page|document|markup|template|component|class|module|program"
    r"|implementation|logic|methods?|stylesheet)"
)
_LEFT_OUT = re.compile(
    rf"(?:keep )?(?:your |the |all |any |all the )?existing {_WHAT}{_STAYS}*"
    rf"|(?:your |the |all |any |all the )?(?:previous|remaining|other) {_WHAT}{_STAYS}+"
    rf"|(?:the )?rest of (?:the |your |this )?(?:{_WHOLE}|{_WHAT}{_STAYS}+)"
    rf"|(?:the |all )?{_WHAT} (?:remains?|stays?|is|are) (?:the same|unchanged|as before)"
    rf"|keep (?:everything else|the rest|all other {_WHAT})(?: (?:as is|unchanged|the same|as before))?"
    r"|(?:code )?(?:omitted|truncated)(?: for brevity)?|snip(?:ped)?",
    re.IGNORECASE,
)
_ONLY_BETWEEN_DOTS = re.compile(
    r"(?:unchanged|no changes?|same as|(?:the )?rest|existing|previous|remaining|other|code)\b", re.IGNORECASE
)
# Words of the languages that models write comments in, from the most spoken ones.
_THE_REST = (
    r"(?:rest|remainder|everything else|resto|restante|reste|restant|restlich\w*|übrig\w*|resten|overige?|остальн\w*"
    r"|остаток|reszta|pozostał\w*|kalan\w*|zbytek|ostatní|решта|其余|其餘|剩余|其他|残り|나머지|الباقي|باقي|बाकी|sisanya)"
)
_AS_IT_WAS = (
    r"(?:unchanged|(?:the )?same(?: as before)?|as (?:before|is|it was)|untouched|omitted|not shown|unverändert|gleich"
    r"|wie (?:bisher|zuvor|gehabt|vorher)|identisch|inchangée?s?|identiques?|comme avant|pareil|igual(?:es)?"
    r"|sin cambios|como antes|sem (?:alterações|mudanças|alteração)|inalterad[oa]s?|invariat[oaie]|uguale|come prima"
    r"|ongewijzigd|hetzelfde|oförändra\w*|uændret|uendret|без изменений|не изменил\w*|как (?:раньше|было|прежде)"
    r"|bez zmian|beze změny|ayn\u0131|değişme\w*|без змін|不变|不變|保持不变|相同|省略|変更なし|そのまま|同じ|동일"
    r"|변경 없음|그대로|كما هو|वही|अपरिवर्तित|tetap sama)"
)
_REST_STAYS = re.compile(
    # Five words at most, each parted from the one before: a word that could be parted anywhere has no end of ways.
    rf"(?:\w+ )?{_THE_REST}(?:[ :,]*[^\s:,(]+(?:[ :,]+[^\s:,(]+){{0,4}}?)??"
    rf"[ :,]*{_AS_IT_WAS}\W{{0,3}}(?:[(:\u2013-].*)?",
    re.IGNORECASE,
)
_ONLY_STAYS = re.compile(rf"{_AS_IT_WAS}|no changes?(?: here)?", re.IGNORECASE)
_SAYS_SO = re.compile(
    rf"\.{{3}}|…|\[|\(|unchanged|same|remain|stay|omitted|truncated|snip|keep|before|goes|here|{_AS_IT_WAS}",
    re.IGNORECASE,
)
# What a program or a page is made of, in the same languages: only a sentence about one of these is about the file.
_OF_CODE = re.compile(
    rf"\b{_WHAT}\b|\b{_WHOLE}\b|code|cód|codic|kod|код|代码|代碼|コード|코드|datei|fichier|archivo|arquivo|файл|文件|ファイル|파일"
    r"|fun[ck][tc]|funç|функц|函数|関数|함수|seite|página|pagina|страниц|页面|ページ|페이지",
    re.IGNORECASE,
)
_THERE_ALREADY = re.compile(
    r"existant|existente|esistente|vorhandene|bestehende|bestaande|существующ|原有|已有|现有|既存|기존|bez zmian"
    r"|inchangé",
    re.IGNORECASE,
)
_FEW = 5
_LEFT_OUT_IN_CJK = re.compile(
    r"(?:以下|中|後)?(?:省略|略)|省略.{0,6}(?:代码|代碼|コード)|.{0,12}(?:代码|コード|코드).{0,6}(?:省略|생략)"
)
_SHORT = 2
"""Words of a remark that speaks of nothing but the rest: `rest unchanged`."""

_ABOUT_VALUES = re.compile(
    r"(?:the )?(?:all )?(?:other|remaining) lines\b.*|(?:the )?code is the same\b.*|keep (?:everything else|the rest)",
    re.IGNORECASE,
)
"""What may be said of what the code works on as well."""

_LOOKED_AT = 300
_LONG = 40
_TEXTS = (".txt", ".csv", ".tsv", ".yaml", ".yml", ".srt", ".vtt", ".rst", ".tex", ".log", ".ndjson", ".jsonl")
_PYTHON = (".py", ".pyi")


def find_elision(body: str, path: str = "") -> str:
    """Return the first line of `body` that stands for code left out, cut to 100 characters; an empty text if none.

    Dots alone in a line are the author's in plain text and data, and a statement of Python within a block.
    """
    is_text, is_python = path.lower().endswith(_TEXTS), path.lower().endswith(_PYTHON)
    lines = body.split("\n")
    spreads = _Spreads(lines)
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if _DOTS.fullmatch(line[:_LOOKED_AT]) and (is_text or (is_python and line[0] in " \t")):
            continue
        if _is_honest(line[:_LOOKED_AT], below):
            continue
        # Above code `/* Existing styles */` is a heading.
        is_heading = bool(below.strip()) and below.strip()[0] not in "}<" and not _SAYS_SO.search(line[:_LOOKED_AT])
        if not is_heading and _is_elision(line[:_LOOKED_AT]) and not spreads.are_meant_by(line[:_LOOKED_AT]):
            return f"{line.strip()!r:.100}"
    return ""


def _is_honest(line: str, below: str) -> bool:
    """Whether a comment directly above code says what that code does with the rest of a word, of a list and so on."""
    comment = _comment_text(line)
    if comment is None or not below.strip() or below.strip()[0] in "}<)]" or _COMMENT.match(below[:_LOOKED_AT]):
        return False
    said = comment.strip(" .")
    if said != comment.strip() or "..." in said or "…" in said or said[:1] in "([":
        return False
    return bool(
        _ABOUT_VALUES.fullmatch(said)
        or (len(said.split()) > _SHORT and _REST_STAYS.fullmatch(said) and not _OF_CODE.search(said))
    )


def _comment_text(line: str) -> str | None:
    """Return what a comment says that is all of a line, None if it is no comment."""
    if (begun := _COMMENT.match(line)) is None:
        return None
    said = line[begun.end() :].strip(" \t")
    end = next((sign for sign in _COMMENT_ENDS if said.endswith(sign)), "")
    return said.removesuffix(end).rstrip(" \t")


def _strip_decoration(said: str) -> str:
    core = _DECORATION.sub("", said, count=1)
    return _DECORATION_BACKWARDS.sub("", core[::-1], count=1)[::-1].strip()


def _is_elision(line: str) -> bool:
    if (
        "..." not in line
        and "…" not in line
        and not line.lstrip().startswith(("//", "#", "<!--", "/*", "{/*", "*", "--", "%"))
    ):
        return False
    # The dots of typographers, and those that are spread.
    said = _comment_text(line.replace("\u22ef", "\u2026").replace("\u22ee", "\u2026").replace(". . .", "..."))
    if said is None:
        return bool(_DOTS.fullmatch(line) or _INLINE.search(line))
    core = _strip_decoration(said)
    if not core:
        return "..." in said or "…" in said
    if _BEGINS_WITH_DOTS.match(said):
        return True  # in any language, with words behind it
    is_decorated = said.strip()[0] in ".…[(" and said.strip()[-1] in ".…])"
    is_ruled = said.strip()[0] in ".…[(<=~-" and _ONLY_STAYS.fullmatch(core)
    return bool(
        _LEFT_OUT.fullmatch(core)
        or _REST_STAYS.fullmatch(core)
        or (_THERE_ALREADY.search(core) and _OF_CODE.search(core) and len(core.split()) <= _FEW and len(core) < _LONG)
        or _LEFT_OUT_IN_CJK.fullmatch(core)
        or is_ruled
        or (is_decorated and _ONLY_BETWEEN_DOTS.match(core))
    )


class _Spreads:
    """The names that the code of a file spreads, read once and only where they are asked for."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._names: list[str] | None = None

    def are_meant_by(self, line: str) -> bool:
        """Whether the dots are those of a name that the code spreads: `// ...rest holds the others`."""
        spread = _SPREAD.search(line)
        if spread is None:
            return False
        if self._names is None:
            code = (other for other in self._lines if not _COMMENT.match(other[:_LOOKED_AT]))
            self._names = sorted({found[1] for other in code for found in _SPREAD.finditer(other)})
        place = bisect_left(self._names, spread[1])
        return self._names[place : place + 1] != [] and self._names[place].startswith(spread[1])
