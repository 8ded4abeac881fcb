"""Tokens, counted without a network."""

import subprocess
import sys
import textwrap
import time

import pytest

from orchestrator.generate.models import counting
from orchestrator.generate.models.counting import MARGIN, count_tokens, estimate_tokens


def test_tokens_are_counted_and_not_guessed() -> None:
    prose = "You build small static websites that are published exactly as you write them. " * 20
    assert 250 < count_tokens(prose) < 320
    assert count_tokens(prose) * MARGIN <= estimate_tokens(prose) <= count_tokens(prose) * MARGIN + 1
    assert estimate_tokens("") == 1


@pytest.mark.parametrize("text", ["<|endoftext|>", "half a pair \ud800", "\0", "e\u0301" * 9])
def test_whatever_stands_in_a_text_it_is_counted(text: str) -> None:
    assert count_tokens(text) > 0


@pytest.mark.parametrize("unit", ["a", "=-", " ", "\u6f22", "0,1;"])
def test_counting_takes_no_longer_than_the_text_does(unit: str) -> None:
    started = time.monotonic()
    assert count_tokens(unit * 400_000) > 0
    assert time.monotonic() - started < 2


def test_the_table_is_read_from_litellm_without_its_import_and_without_a_network() -> None:
    script = """
        import socket, sys
        socket.socket = socket.getaddrinfo = None
        from orchestrator.generate.models.counting import count_tokens
        print(count_tokens("published exactly"), "litellm" in sys.modules)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("2 False\n", "")


def test_without_the_table_the_bytes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "TABLE", "not-there")
    assert counting.token_counter.__wrapped__()("four") == 2
