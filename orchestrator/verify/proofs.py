"""How a model shows that a check in prose holds: one expression, or steps of four verbs. Pure.

    click "#go"                     wait 2                        (seconds)
    fill "#name" "octocat"          wait document.querySelector("#out").textContent !== ""
                                    expect document.querySelector("#out").textContent.includes("2011")

A `fill` chooses an option of a select, and ticks a checkbox with `true`. An expression may look at files of the site,
`file "data.json".json.length === 3` say; the module `quoting` says how. No verb goes to another address.
"""

import re
from dataclasses import dataclass
from typing import Literal

MAX_STEPS = 30
MAX_LENGTH = 4_000

_STEP = re.compile(r"(click|fill|wait|expect)\s+(\S.*)", re.DOTALL)
_QUOTED = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)\s*""")


@dataclass(frozen=True)
class ProofStep:
    """One thing to do. `what`: a selector, an expression, or seconds as text; `value`: what is filled in."""

    verb: Literal["click", "fill", "wait", "expect"]
    what: str
    value: str = ""


@dataclass(frozen=True)
class Proof:
    """What must hold. An expression alone is one `expect`, and touches nothing."""

    text: str
    steps: tuple[ProofStep, ...]

    @property
    def acts(self) -> bool:
        """Whether it changes the page it is run on."""
        return len(self.steps) > 1 or self.steps[0].verb != "expect"


class InvalidProof(ValueError):
    """What a model gave is no proof; the text says why."""


def parse_proof(text: str) -> Proof:
    """Read a proof as a model wrote it; raise InvalidProof."""
    bare = text.strip()
    if not bare or len(bare) > MAX_LENGTH:
        raise InvalidProof(f"a proof must have 1 to {MAX_LENGTH} characters")
    lines = [line.strip() for line in bare.splitlines() if line.strip()]
    found = [_STEP.fullmatch(line) for line in lines]
    if found[0] is None:
        return Proof(bare, (ProofStep("expect", bare),))
    if len(lines) > MAX_STEPS:
        raise InvalidProof(f"a proof may have at most {MAX_STEPS} steps")
    steps = tuple(_parse_step(line) for line in lines)
    if not any(step.verb == "expect" for step in steps):
        raise InvalidProof("a proof needs at least one `expect`")
    return Proof(bare, steps)


def _parse_step(line: str) -> ProofStep:
    if (found := _STEP.fullmatch(line)) is None:
        raise InvalidProof(f"a step must begin with click, fill, wait or expect: {line:.80}")
    verb, rest = found[1], found[2].strip().rstrip(";")
    if verb == "click":
        return ProofStep("click", _strip_quotes(rest))
    if verb == "fill":
        return _parse_fill(rest, line)
    return ProofStep("wait" if verb == "wait" else "expect", rest)


def _parse_fill(rest: str, line: str) -> ProofStep:
    if quoted := _QUOTED.match(rest):
        selector, value = _strip_quotes(quoted[1]), rest[quoted.end() :]
    else:
        selector, _, value = rest.partition(" ")
    if not value.strip():
        raise InvalidProof(f"a fill needs a selector and a text: {line:.80}")
    return ProofStep("fill", selector, _strip_quotes(re.sub(r"^\s*(?:with|=|,)\s+", "", value).strip()))


def _strip_quotes(text: str) -> str:
    """Return what stands between quotes; a text without any as it is."""
    quoted = _QUOTED.fullmatch(text)
    return text if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1][1:-1])
