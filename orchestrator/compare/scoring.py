"""Compares models: the results of each, and which one to use. Pure, except that it prints."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestrator.evaluator.records import LedgerEntry, Trial

COLUMNS = (
    "model", "tried_at", "rounds", "live", "fallbacks", "passed", "judged", "seconds", "tokens", "cost_usd", "repairs",
    "repaired", "sites",
)  # fmt: skip
"""Of a row: medians where there are several values."""

SAME_SHARE = 0.05
"""Shares that differ by no more than this count as equal, because a few checks more or less are chance."""

SAME_RATIO = 1.2
FEW = 20


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of what was measured."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Spread | None":
        """Return the spread; None if there is nothing, or where something is not known."""
        listed = list(values)
        known = [value for value in listed if value is not None]
        return cls(median(known), min(known), max(known)) if known and len(known) == len(listed) else None

    def render_as(self, form: str) -> str:
        """Return it as text, each number in `form`."""
        middle, least, most = (form.format(value) for value in (self.median, self.least, self.most))
        return middle if least == most else f"{middle} ({least} to {most})"


@dataclass(frozen=True)
class Score:
    """The results of one model. `repaired`: kind of defect -> how many of how many sites were repaired."""

    model: str
    tried_at: str
    rounds: int
    live: int
    fallbacks: int
    passed: int
    judged: int
    seconds: Spread | None
    tokens: Spread | None
    cost: Spread | None
    repairs: Spread | None
    repaired: dict[str, tuple[int, int]]

    @property
    def quality(self) -> float:
        """Share of the checks that passed."""
        return self.passed / self.judged if self.judged else 0.0

    @property
    def sites_repaired(self) -> tuple[int, int]:
        """How many sites were repaired, of how many."""
        return sum(some for some, _ in self.repaired.values()), sum(every for _, every in self.repaired.values())


def score_trial(trial: Trial) -> Score:
    """Return the score of a trial. The checks of a round that is not live count as failed."""
    builds = [trial.builds[entry.task.nonce] for entry in trial.entries if entry.task.nonce in trial.builds]
    kinds = sorted({repair.kind for repair in trial.site_repairs})
    passed = sum(entry.count("passed") for entry in trial.entries)
    return Score(
        model=trial.model,
        tried_at=f"{datetime.fromtimestamp(trial.started_at, UTC):%Y-%m-%d %H:%M}",
        rounds=len(trial.entries),
        live=sum(entry.outcome == "live" for entry in trial.entries),
        fallbacks=sum(build.is_fallback for build in builds),
        passed=passed,
        judged=passed + sum(map(_count_failed, trial.entries)),
        seconds=Spread.of(
            entry.received_at - entry.sent_at
            for entry in trial.entries
            if entry.outcome == "live" and entry.received_at is not None and entry.sent_at is not None
        ),
        tokens=Spread.of(build.tokens_in + build.tokens_out for build in builds),
        cost=Spread.of(build.cost_usd for build in builds),
        repairs=Spread.of(build.repairs for build in builds),
        repaired={
            kind: (
                sum(repair.is_repaired for repair in trial.site_repairs if repair.kind == kind),
                sum(repair.kind == kind for repair in trial.site_repairs),
            )
            for kind in kinds
        },
    )


def _count_failed(entry: LedgerEntry) -> int:
    return entry.count("failed") if entry.marks else len(entry.task.checks)


def score_row(one: Score) -> dict[str, Any]:
    """Return a score, flat."""
    middles = {
        "seconds": one.seconds,
        "tokens": one.tokens,
        "cost_usd": one.cost,
        "repairs": one.repairs,
    }
    plain = {name: getattr(one, name) for name in COLUMNS[:7]}
    repaired, sites = one.sites_repaired
    return {
        **plain,
        **{name: spread.median if spread else "" for name, spread in middles.items()},
        "repaired": repaired,
        "sites": sites,
    }


def comparison_details(scores: Sequence[Score]) -> dict[str, Any]:
    """Return everything, for programs."""
    spreads = ("seconds", "tokens", "cost", "repairs")
    models = [
        score_row(one)
        | {f"{name}_spread": vars(spread) if (spread := getattr(one, name)) else None for name in spreads}
        | {"repaired_by_kind": {kind: list(counts) for kind, counts in one.repaired.items()}}
        for one in scores
    ]
    return {"models": models, "recommendation": recommend_model(scores)}


def print_scores(console: Console, scores: Sequence[Score]) -> None:
    """Print both tables and the recommendation."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("model", overflow="fold")
    for name in ("checks", "fallback", "live after", "tokens", "cost", "repairs", "sites repaired", "tried"):
        table.add_column(name, justify="right")
    for one in scores:
        table.add_row(
            one.model,
            f"{one.passed}/{one.judged}",
            f"{one.fallbacks}/{one.rounds}",
            one.seconds.render_as("{:.0f} s") if one.seconds else "",
            one.tokens.render_as("{:.0f}") if one.tokens else "",
            one.cost.render_as("${:.4f}") if one.cost else "unknown",
            one.repairs.render_as("{:g}") if one.repairs else "",
            "{}/{}".format(*one.sites_repaired),
            one.tried_at[:10],
        )
    console.print(table)
    if kinds := sorted({kind for one in scores for kind in one.repaired}):
        console.print("\n[bold]Sites with one defect that were repaired[/]")
        by_kind = Table("", *(one.model for one in scores), box=None, header_style="bold", pad_edge=False)
        for kind in kinds:
            by_kind.add_row(kind, *("{}/{}".format(*one.repaired.get(kind, (0, 0))) for one in scores))
        console.print(by_kind)
    console.print()
    for line in recommend_model(scores):
        console.print(line, highlight=False, markup=False)


@dataclass(frozen=True)
class _Criterion:
    """What one may be better by: more is better. `is_clear`: whether the best value beats another beyond chance."""

    value: Callable[[Score], float]
    is_clear: Callable[[float, float], bool]
    said: Callable[[Score], str]


def _repair_share(one: Score) -> float:
    repaired, sites = one.sites_repaired
    return repaired / sites if sites else 0.0


def _negated_median(spread: Spread | None) -> float:
    return -spread.median if spread else float("-inf")


def _is_clear_by_share(best: float, other: float) -> bool:
    return best > other + SAME_SHARE


def _is_clear_by_ratio(best: float, other: float) -> bool:
    return other < best * SAME_RATIO


_CRITERIA = (
    _Criterion(lambda one: one.quality, _is_clear_by_share, lambda one: f"{one.passed} of {one.judged} checks pass"),
    _Criterion(_repair_share, _is_clear_by_share, lambda one: "it repairs {} of {} sites".format(*one.sites_repaired)),
    _Criterion(
        lambda one: _negated_median(one.cost),
        _is_clear_by_ratio,
        lambda one: f"a round costs {one.cost.render_as('${:.4f}')}" if one.cost else "the cost of a round is unknown",
    ),
    _Criterion(
        lambda one: _negated_median(one.seconds),
        _is_clear_by_ratio,
        lambda one: f"it is live after {one.seconds.render_as('{:.0f} s')}" if one.seconds else "no round went live",
    ),
)
"""The most important first: quality of the pages, success of repairs, money, time."""


def recommend_model(scores: Sequence[Score]) -> list[str]:
    """Return which model to use, why not the others, and which is better at repairing what."""
    able = [one for one in scores if one.fallbacks < one.rounds]
    if not able:
        return ["No model built a page. See the logs and `pagewright models`."]
    left, lines = list(able), []
    for criterion in _CRITERIA:
        best = max(left, key=criterion.value)
        worse = [one for one in left if criterion.is_clear(criterion.value(best), criterion.value(one))]
        than = f"with {best.model}, {criterion.said(best)}"
        lines += [f"Not {one.model}: {criterion.said(one)}; {than}." for one in worse]
        left = [one for one in left if one not in worse]
    lines += [f"{one.model} built no page: all pages were made from the template." for one in scores if one not in able]
    chosen, *equals = left
    others = f" {', '.join(one.model for one in equals)} did equally well." if equals else ""
    why = "; ".join(criterion.said(chosen) for criterion in _CRITERIA)
    few = chosen.judged < FEW
    return [
        f"Use {chosen.model}: {why}.{others}",
        *lines,
        *_describe_better_repairs(chosen, able),
        *(["Only a few checks were judged. Use more templates, or --repeat, for a clearer result."] if few else []),
    ]


def _describe_better_repairs(chosen: Score, scores: Sequence[Score]) -> list[str]:
    """Return which models repair a kind of defect clearly better than the chosen one: at least two sites more."""
    lines = []
    for other in scores:
        better = [
            f"{kind} ({some} of {every}, not {own})"
            for kind, (some, every) in other.repaired.items()
            if some >= (own := chosen.repaired.get(kind, (0, 0))[0]) + 2
        ]
        if better:
            said = ", ".join(better)
            lines.append(
                f"{other.model} repairs more of {said}: with LLM_MODELS={chosen.model},{other.model} it does that."
            )
    return lines
