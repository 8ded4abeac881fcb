"""Calls of a scripted model through the real litellm, with the texts that it answers."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from orchestrator.generate.models import call
from orchestrator.generate.models.budget import Allowance
from orchestrator.generate.models.call import ModelAnswer, ask
from orchestrator.generate.models.follow import Following, Pace
from orchestrator.generate.models.presets import Model, Price, import_litellm
from tests.doubles.model import ModelServer

ASKED = [{"role": "system", "content": "be good"}, {"role": "user", "content": "canary-of-the-prompt"}]
PRICE = Price(input=2, output=8)
TEXT = "A page of words, and one more. " * 20
TOKENS = (1_000, 500)
BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
PAGE = '<file path="index.html">\n<!doctype html>\n<html><title>T</title></html>\n</file>\n'
SCRIPT = '<file path="app.js">\nstart();\n</file>\n'
EDIT = '<edit path="app.js">\n<<<<<<< SEARCH\nstart();\n=======\nbegin();\n>>>>>>> REPLACE\n</edit>\n'
EAGER = Pace(look_s=0.01, share=1, quiet_s=0.02)


@cache
def litellm() -> Any:
    return import_litellm()


def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """litellm waits between its tries, and we between ours: not here."""
    monkeypatch.setattr(litellm().Router, "_time_to_sleep_before_retry", lambda *_, **__: 0)
    monkeypatch.setattr(call, "AGAIN_S", 0)


def model(server: ModelServer, provider: str = "openai", **change: Any) -> Model:
    params = {"model": f"{provider}/one", "api_base": server.base(provider), "api_key": "key-of-ours"}
    plain = Model("one", params, 100_000, 16_000, PRICE, sees_images=False, edits=True, caches=False)
    return replace(plain, **change)


async def asked(of: Model, following: Following | None = None, seconds: float = 30) -> ModelAnswer:
    return await ask(litellm(), of, ASKED, Allowance(seconds, 16_000), following=following)


def cost(tokens_in: int, tokens_out: int) -> Any:
    """Return dollars for tokens, at PRICE."""
    return pytest.approx((PRICE.input * tokens_in + PRICE.output * tokens_out) / 1e6)
