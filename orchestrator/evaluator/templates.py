"""Task templates: one YAML file -> the rounds of a task, the same for the same seed. Pure but for reading the file.

    id: sum-of-sales
    brief: Show the total of data.csv in #total, and the title "Sales ${seed}".
    attachments:
      - name: data.csv
        content: |
          product,sales
          Widget,${price}
    vars:
      price: {random: [10, 99]}
      total: {sum: data.csv, column: sales}
    checks:
      - js: document.querySelector("#total").textContent === "${total}"
      - Repo has MIT license
    round2:
      - brief: …

`${seed}` and the names in `vars` are filled in; any other `${…}` stays, for it may be JavaScript. Each entry of
`round2`, `round3`, … is one possibility, and the seed says which is asked for.
"""

import base64
import csv
import io
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from orchestrator.core.errors import UsageError
from orchestrator.core.serving import media_type
from orchestrator.core.task import InvalidTask, Task, parse_task

_ROUND = re.compile(r"round([2-9]|[1-9][0-9])")
_FORM = "docs/evaluate.md shows the form of a template."


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sum(_Strict):
    """The sum of a column of an attached CSV file."""

    sum: str
    column: str


class Count(_Strict):
    """The rows of an attached CSV file, its header left out."""

    count: str


class DrawnNumber(_Strict):
    """A whole number between two, both included, drawn by the seed."""

    random: tuple[int, int]

    @model_validator(mode="after")
    def _check_order(self) -> "DrawnNumber":
        if self.random[0] > self.random[1]:
            raise ValueError("the first number must not be above the second")
        return self


def _variable_kind(value: object) -> str:
    if isinstance(value, Mapping):
        return next((name for name in ("sum", "count", "random") if name in value), "sum")
    return "value"


Variable = Annotated[
    Annotated[int | float | str, Tag("value")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Count, Tag("count")]
    | Annotated[DrawnNumber, Tag("random")],
    Discriminator(_variable_kind),
]


class TemplateFile(_Strict):
    """An attachment: its text, or where it lies."""

    name: str
    content: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _check_one_source(self) -> "TemplateFile":
        if (self.content is None) == (self.url is None):
            raise ValueError("an attachment must have either content or url")
        return self


class Wish(_Strict):
    """What one round asks for."""

    brief: Annotated[str, Field(min_length=1)]
    checks: tuple[str | dict[str, Any], ...] = ()
    attachments: tuple[TemplateFile, ...] = ()
    vars: Mapping[str, Variable] = Field(default_factory=dict)


class TaskTemplate(Wish):
    """A task with holes. `rounds`: for each round after the first, its possibilities."""

    id: Annotated[str, Field(min_length=1, max_length=150)]
    rounds: tuple[Annotated[tuple[Wish, ...], Field(min_length=1)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _gather_rounds(cls, raw: object) -> object:
        if not isinstance(raw, Mapping):
            raise ValueError("a template must be a mapping with id, brief, checks …")
        numbered = {int(named[1]): name for name in map(str, raw) if (named := _ROUND.fullmatch(name))}
        if sorted(numbered) != list(range(2, 2 + len(numbered))):
            raise ValueError("rounds must be numbered without a gap: round2, round3 …")
        possible = [raw[numbered[number]] for number in sorted(numbered)]
        rest = {str(name): value for name, value in raw.items() if name not in numbered.values()}
        return {**rest, "rounds": [entry if isinstance(entry, list) else [entry] for entry in possible]}


@dataclass(frozen=True)
class FilledRound:
    """One round, filled in, as it stands in a request."""

    brief: str
    checks: tuple[str | dict[str, Any], ...]
    attachments: tuple[dict[str, str], ...]


def read_template(path: Path) -> TaskTemplate:
    """Read a template; raise UsageError that names the file, and what is wrong where."""
    import yaml  # noqa: PLC0415 - heavy, and the commands know this module

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TaskTemplate.model_validate(raw)
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{path} could not be read.", "Pass the path of a task template.") from None
    except (yaml.YAMLError, RecursionError):
        raise UsageError(f"{path} is not valid YAML.", _FORM) from None
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)[:5]
        problems = "; ".join(f"{'.'.join(map(str, entry['loc'])) or 'template'}: {entry['msg']}" for entry in found)
        raise UsageError(f"{path}: {problems}.", _FORM) from None


def fill_template(template: TaskTemplate, seed: str) -> tuple[FilledRound, ...]:
    """Return the rounds of a task. Raises UsageError for what cannot be computed or is no task."""
    choosing = random.Random(f"{template.id}-{seed}")  # noqa: S311 - nothing secret: a seed gives the same task again
    wishes: list[Wish] = [template, *(choosing.choice(possible) for possible in template.rounds)]
    values, texts = {"seed": seed}, dict[str, str]()
    rounds: list[FilledRound] = []
    for number, wish in enumerate(wishes, 1):
        values |= {name: _draw_value(value, choosing) for name, value in wish.vars.items() if not _is_computed(value)}
        texts |= {file.name: _fill_text(file.content, values) for file in wish.attachments if file.content is not None}
        where = f"Template {template.id}, round {number}"
        values |= {
            name: _compute_value(value, texts, f"{where}, {name}")
            for name, value in wish.vars.items()
            if _is_computed(value)
        }
        wanted = FilledRound(
            brief=_fill_text(wish.brief, values),
            checks=tuple(_fill_check(check, values) for check in wish.checks),
            attachments=tuple(_encode_attachment(file, texts) for file in wish.attachments),
        )
        _validate_round(wanted, where)
        rounds.append(wanted)
    return tuple(rounds)


def _is_computed(value: Variable) -> bool:
    return isinstance(value, Sum | Count)


def _draw_value(value: Variable, choosing: random.Random) -> str:
    return str(choosing.randint(*value.random) if isinstance(value, DrawnNumber) else value)


def _compute_value(value: Variable, texts: Mapping[str, str], where: str) -> str:
    name = value.sum if isinstance(value, Sum) else value.count if isinstance(value, Count) else ""
    if name not in texts:
        raise UsageError(f"{where}: there is no attachment {name} with content.", _FORM)
    try:
        rows = list(csv.DictReader(io.StringIO(texts[name], newline="")))  # so that a lone CR ends a line too
    except csv.Error as error:
        raise UsageError(f"{where}: {name} could not be read as CSV: {error}.", _FORM) from None
    if not isinstance(value, Sum):
        return str(len(rows))
    try:
        return str(sum((Decimal(str(row[value.column]).strip()) for row in rows), Decimal()))
    except KeyError:
        raise UsageError(f"{where}: {name} has no column {value.column}.", _FORM) from None
    except InvalidOperation:
        raise UsageError(
            f"{where}: column {value.column} of {name} contains something that is not a number.", _FORM
        ) from None


def _fill_text(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda hole: values.get(hole[1], hole[0]), text)


def _fill_check(check: str | dict[str, Any], values: Mapping[str, str]) -> str | dict[str, Any]:
    if isinstance(check, str):
        return _fill_text(check, values)
    return {name: _fill_text(value, values) if isinstance(value, str) else value for name, value in check.items()}


def _encode_attachment(file: TemplateFile, texts: Mapping[str, str]) -> dict[str, str]:
    if file.url is not None:
        return {"name": file.name, "url": file.url}
    packed = base64.b64encode(texts[file.name].encode()).decode()
    return {"name": file.name, "url": f"data:{media_type(file.name)};base64,{packed}".replace("; ", ";")}


def _validate_round(wanted: FilledRound, where: str) -> None:
    said = {"brief": wanted.brief, "checks": wanted.checks, "attachments": wanted.attachments}
    try:
        parse_task(Task, {"task": "-", "round": 1, "nonce": "-", **said})
    except InvalidTask as error:
        raise UsageError(f"{where}: {error}") from None
