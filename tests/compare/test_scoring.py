import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from orchestrator.compare import scoring
from orchestrator.compare.scoring import Score, Spread, recommend_model, score_trial
from orchestrator.core.task import Task, parse_task
from orchestrator.evaluator.records import LedgerEntry, Mark, RoundBuild, SiteRepair, Trial

GOOD = Score(
    model="good",
    tried_at="2026-11-24 10:00",
    rounds=10,
    live=10,
    fallbacks=0,
    passed=38,
    judged=40,
    seconds=Spread(40, 30, 60),
    tokens=Spread(4000, 3000, 9000),
    cost=Spread(0.01, 0.01, 0.03),
    repairs=Spread(1, 0, 2),
    repaired={"layout": (8, 12), "missing": (10, 10)},
)


def entry(nonce: str, *states: str, outcome: str = "live") -> LedgerEntry:
    task = {"email": "a", "task": "t", "round": 1, "nonce": nonce, "brief": "b", "checks": ["one", "two"]}
    marks = tuple(Mark("js", "x", "passed" if state == "+" else "failed", "") for state in states)
    told = 100.0 + 10 * len(nonce)
    live = LedgerEntry(
        "http://x", "sales", parse_task(Task, task), 100.0, outcome="live", received_at=told, marks=marks
    )
    return live if outcome == "live" else replace(live, outcome="error", received_at=None)


def test_a_score_is_what_was_built_and_what_was_repaired() -> None:
    entries = (entry("a", "+", "-"), entry("bb", "+", "+"), entry("ccc", outcome="error"))
    builds = {
        "a": RoundBuild("m", is_fallback=False, repairs=2, tokens_in=100, tokens_out=10, cost_usd=0.5),
        "bb": RoundBuild("fallback", is_fallback=True, repairs=0, tokens_in=0, tokens_out=0, cost_usd=None),
    }
    repairs = (
        SiteRepair("layout/a", "layout", True, 1, 1, None, 2.0),  # noqa: FBT003 - as they stand in the ledger
        SiteRepair("layout/b", "layout", False, 1, 1, None, 2.0),  # noqa: FBT003
        SiteRepair("check/a", "check", True, 1, 1, None, 2.0),  # noqa: FBT003
    )
    one = score_trial(Trial("m", 0.0, entries, builds, repairs))
    assert (one.rounds, one.live, one.fallbacks, one.passed, one.judged) == (3, 2, 1, 3, 6)
    assert one.seconds == Spread(15, 10, 20)
    assert one.tokens == Spread(55, 0, 110)
    assert one.cost is None
    assert one.repaired == {"check": (1, 1), "layout": (1, 2)}
    assert (one.quality, one.sites_repaired, one.tried_at) == (0.5, (2, 3), "1970-01-01 00:00")


def test_nothing_has_no_spread() -> None:
    assert Spread.of([]) is None
    assert Spread(1, 1, 1).render_as("{:g}") == "1"
    assert Spread(2, 1, 3).render_as("{:g} s") == "2 s (1 s to 3 s)"


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"passed": 20}, "Not other: 20 of 40 checks pass; with good, 38 of 40 checks pass."),
        (
            {"repaired": {"layout": (1, 12), "missing": (10, 10)}},
            "Not other: it repairs 11 of 22 sites; with good",
        ),
        ({"cost": Spread(0.02, 0.02, 0.02)}, "Not other: a round costs $0.0200; with good, a round costs $0.0100 ("),
        ({"cost": None}, "Not other: the cost of a round is unknown; with good"),
        ({"seconds": Spread(90, 90, 90)}, "Not other: it is live after 90 s; with good, it is live after 40 s (30 s"),
        ({"fallbacks": 10}, "other built no page: all pages were made from the template."),
    ],
)
def test_the_reason_is_the_first_thing_that_differs_beyond_chance(other: dict[str, object], says: str) -> None:
    lines = recommend_model([replace(GOOD, model="other", **other), GOOD])  # type: ignore[arg-type]
    assert lines[0].startswith("Use good: 38 of 40 checks pass; it repairs 18 of 22 sites; a round costs")
    assert lines[1].startswith(says)


def test_quality_comes_before_money_and_money_before_time() -> None:
    cheap = replace(GOOD, model="cheap", passed=30, cost=Spread(0.001, 0.001, 0.001), seconds=Spread(5, 5, 5))
    quick = replace(GOOD, model="quick", cost=Spread(0.05, 0.05, 0.05), seconds=Spread(5, 5, 5))
    assert recommend_model([cheap, quick, GOOD])[0].startswith("Use good")


def test_what_differs_by_chance_only_comes_out_equal() -> None:
    near = replace(GOOD, model="near", passed=37, cost=Spread(0.011, 0.01, 0.03), seconds=Spread(44, 30, 60))
    assert recommend_model([near, GOOD])[0].endswith("60 s). good did equally well.")


def test_who_repairs_more_of_a_kind_is_named_as_the_one_to_take_over() -> None:
    mason = replace(GOOD, model="mason", passed=20, repaired={"layout": (12, 12), "missing": (1, 10)})
    (line,) = [line for line in recommend_model([GOOD, mason]) if "it does that" in line]
    assert line == "mason repairs more of layout (12 of 12, not 8): with LLM_MODELS=good,mason it does that."


def test_few_checks_are_said_to_be_few_and_no_page_at_all_is_no_recommendation() -> None:
    assert "--repeat" in recommend_model([replace(GOOD, passed=3, judged=3)])[-1]
    assert "No model built a page" in recommend_model([replace(GOOD, fallbacks=10)])[0]


def test_everything_is_printed_and_fits_a_terminal() -> None:
    out = io.StringIO()
    scoring.print_scores(
        Console(file=out, width=80), [GOOD, replace(GOOD, model="openrouter/some/long-name", cost=None)]
    )
    said = out.getvalue()
    assert max(map(len, said.splitlines())) <= 80
    assert "38/40" in said
    assert "layout   8/12" in said
    assert tuple(scoring.score_row(GOOD)) == scoring.COLUMNS
    whole = json.loads(json.dumps(scoring.comparison_details([GOOD])))
    assert whole["models"][0]["seconds_spread"] == {"median": 40, "least": 30, "most": 60}
    assert whole["models"][0]["repaired_by_kind"]["layout"] == [8, 12]
