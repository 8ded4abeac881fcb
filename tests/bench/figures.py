"""What was measured, and whether it is good enough. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.box import SIMPLE
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: the samples as they were taken, the n-th of `baseline` right beside the n-th of `ours`.

    `limit` is for the ratio where `by_ratio`, for our own median otherwise; an upper one unless `at_least`.
    """

    name: str
    unit: str
    ours: Sequence[float]
    baseline: Sequence[float] = ()
    limit: float
    by_ratio: bool = False
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours to the baseline. Pair by pair, since both of a pair met the same load of the machine."""
        if not self.baseline:
            return None
        return median(own / other for own, other in zip(self.ours, self.baseline, strict=True))

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        judged = (self.ratio or 0.0) if self.by_ratio else median(self.ours)
        return judged >= self.limit if self.at_least else judged <= self.limit

    def cells(self) -> tuple[str, ...]:
        """Return the line as text."""
        target = f"{'≥' if self.at_least else '≤'} {_shown(self.limit)}"
        return (
            self.name,
            f"{_shown(median(self.ours))} {self.unit}".rstrip(),
            f"{_shown(median(self.baseline))} {self.unit}".rstrip() if self.baseline else "",
            f"{self.ratio:.2f}" if self.ratio is not None else "",
            f"ratio {target}" if self.by_ratio else f"{target} {self.unit}".rstrip(),
            "[green]yes[/]" if self.is_met else "[red]no[/]",
        )


def share(name: str, ours: float, of: float, *, least: float = 1) -> Figure:
    """Return how many of so many: the target is `least`, a share of them."""
    return Figure(name=name, unit="", ours=[ours], baseline=[of], limit=least, by_ratio=True, at_least=True)


def table(figures: Sequence[Figure]) -> Table:
    """Return the figures as the table that is printed."""
    drawn = Table("figure", box=SIMPLE)
    for heading in ("ours", "baseline", "ratio", "target", "met"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for figure in figures:
        drawn.add_row(*figure.cells())
    return drawn


def _shown(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"
