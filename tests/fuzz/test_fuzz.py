"""A tenth of `make fuzz`, the same inputs each time."""

import pytest

from tests.fuzz.running import NIGHTLY, Target, run
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_no_hostile_input_does_harm(target: Target) -> None:
    outcome = run(target, target.inputs, seed=None)
    if outcome.error:
        raise outcome.error
    assert outcome.tried >= target.inputs
    assert not outcome.failed


def test_a_nightly_run_is_as_large_as_promised() -> None:
    sizes = {"receiver": 0, "rest": 0}
    for target in TARGETS:
        sizes["receiver" if target.name.startswith("receiver") else "rest"] += target.inputs * NIGHTLY
    assert sizes["receiver"] >= 20_000
    assert sizes["rest"] >= 50_000
