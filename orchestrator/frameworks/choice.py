"""Which framework a task is built with. Plain code: the same request gets the same one on every machine. Pure."""

import re
from collections.abc import Sequence

from orchestrator.core.record import Record
from orchestrator.core.scaffold import Framework, is_ours
from orchestrator.core.task import Task

# What reads source text, names a CDN, or leaves no room for a build.
_PLAIN = re.compile(
    r"\bcdn\b|\bcdnjs\b|jsdelivr|unpkg|esm\.sh"
    r"|\bsingle[- ](?:html[- ])?(?:file|page file)\b|\b(?:one|1) (?:html )?file\b|\bsingle index\.html\b"
    r"|\b(?:no|without(?: a| any)?) (?:build|bundler|framework|npm|compil\w+)|\bvanilla\b"
    r"|\bplain (?:html|js|javascript)\b"
    r"|\b(?:pure|only|just) (?:html|javascript|js)\b|\bscript\[src|<script\b|querySelector(?:All)?\(\W{0,2}script\b"
    r"|\bscript (?:tag|element)s?\b|\binline script\b|document\.scripts",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"\binnerHTML\b", re.IGNORECASE)
_CODE_IN_IT = re.compile(r"\bincludes\(\W{0,2}(?:fetch|localStorage)", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:not?|without|instead of|rather than|avoid|don'?t use|do not use|never use"
    r"|like(?: in)?|unlike|about|compar\w+|from)"
    r"(?: (?:use |using |any |a |the |with )*)?(?:\w+(?:,| or| and|/) ?){0,2}$",
    re.IGNORECASE,
)
_NAMED: dict[Framework, re.Pattern[str]] = {
    "react": re.compile(
        r"\b(?:React(?:\.?(?:js|JS))?"
        r"(?! (?:to|on|when|if|quickly|in time|within|instantly|immediately|with an?|with the)\b)|JSX|TSX)\b"
    ),
    "vue": re.compile(r"\bVue(?:\.?(?:js|JS)|[ -]?3)?\b|\bSFCs?\b|\b[Ss]ingle[- ]file components?\b|\bPinia\b"),
}
_LOWER = {
    "react": re.compile(
        r"\b(?:react(?:\.?js| app| component| hook|[- ]router)s?\b|(?:in|with|using|use) react\b|jsx\b|tsx\b)"
    ),
    "vue": re.compile(r"\b(?:vue(?:\.?js| app| component|[- ]router)s?\b|(?:in|with|using|use) vue(?: ?3)?\b)"),
}


def choose_framework(task: Task, record: Record | None) -> Framework:
    """Return the framework of this round: the one asked for, that of the rounds before, or what the text names."""
    if task.framework != "auto":
        return task.framework
    if task.round > 1 and record is not None:
        return record.framework or "vanilla"
    return read_framework(task.brief, [check.text for check in task.checks], [one.name for one in task.attachments])


def _means_vanilla(text: str) -> bool:
    plain = _without_components(text)
    return _PLAIN.search(plain) is not None or any(map(_looks_for_code, plain.splitlines()))


def _looks_for_code(line: str) -> bool:
    """Whether a check looks for a script's words in the markup of the page."""
    markup = _MARKUP.search(line)
    return markup is not None and _CODE_IN_IT.search(line, markup.end()) is not None


def read_framework(brief: str, checks: Sequence[str], attachments: Sequence[str] = ()) -> Framework:
    """Return what brief and checks name. Everything that reads source, or speaks of no build, means vanilla."""
    if any(map(_means_vanilla, (brief, *checks))):
        return "vanilla"
    named = [framework for framework in _NAMED if _names(framework, brief)]
    if len(named) != 1 or any(is_ours(name, named[0]) or name.startswith("src/") for name in attachments):
        return "vanilla"
    return named[0]


def _without_components(text: str) -> str:
    """Return the text without the words that would be taken for one file alone."""
    return re.sub(r"\bsingle[- ]file components?\b", "components", text, flags=re.IGNORECASE)


def _names(framework: Framework, brief: str) -> bool:
    found = [*_NAMED[framework].finditer(brief), *_LOWER[framework].finditer(brief)]
    return any(not _NEGATED.search(brief[max(0, one.start() - 60) : one.start()]) for one in found)
