"""Every event has its line for a person, or is silent on purpose."""

import pytest

from orchestrator.core import telling
from orchestrator.core.events import (
    AnsweredEvent,
    BuiltEvent,
    CheckEvent,
    Event,
    FailedEvent,
    FileEvent,
    GroupEvent,
    HeardEvent,
    JudgedEvent,
    StepEvent,
)
from orchestrator.core.telling import describe_event


def test_every_type_of_event_is_known() -> None:
    assert telling._SENTENCES.keys() == {kind.model_fields["type"].default for kind in Event.__args__}  # noqa: SLF001


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            StepEvent(job="Build", name="Set up", number=1, status="success", seconds=1.25),
            "Build, Set up: success (1.2 s)",
        ),
        (HeardEvent(call=1, chars=1, tokens=1, per_second=1), ""),
        (FileEvent(call=1, path="index.html", state="begun", bytes=1), ""),
        (FileEvent(call=1, path="index.html", state="whole", bytes=120), "index.html: whole, 120 bytes"),
        (AnsweredEvent(call=1, outcome="answered"), "answered (0.0 s)"),
        (CheckEvent(attempt=1, label="a", round=1, kind="js", state="trying"), ""),
        (CheckEvent(attempt=1, label="a", round=1, kind="js", state="failed", seen="b"), "failed, round 1: a (saw b)"),
        (
            JudgedEvent(attempt=2, counts={"passed": 3, "failed": 1}, findings=1, is_best=True, why="the title"),
            "attempt 2: 3 passed, 1 failed, 1 findings: the best so far; to repair: the title",
        ),
        (JudgedEvent(attempt=1, counts={}, is_best=False), "attempt 1: no checks, 0 findings: no better than the best"),
        (BuiltEvent(built_by="fallback", cost_usd=0.0), "built by fallback, $0.0000"),
        (BuiltEvent(built_by="", error="Nothing was built."), "Nothing was built."),
        (
            FailedEvent(sentence="It broke.", remedy="Run it again.", exit_code=5, who="build"),
            "It broke. Run it again.",
        ),
        (GroupEvent(name="Commit", state="begun"), "Commit …"),
        (GroupEvent(name="Commit", state="ended", seconds=2.0), "Commit (2.0 s)"),
    ],
    ids=str,
)
def test_what_an_event_says(event: Event, said: str) -> None:
    assert describe_event(event) == said
