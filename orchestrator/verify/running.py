"""Checks and proofs, run on an open page until they hold or their time has passed."""

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.verify.checks import Shown, seconds_asked
from orchestrator.verify.evaluating import Outcome, evaluate
from orchestrator.verify.proofs import Proof, ProofStep

POLL_S = 0.1
SLOWEST_POLL_S = 0.5
"""The page is asked at least as many times as if each evaluation took so many seconds."""

NO_ANSWER = "gave no answer in time"

_SET = """(element, value) => {
  const truth = /^(true|on|yes|checked)$/i.test(value);
  if (element.type === "checkbox" || element.type === "radio") { if (element.checked !== truth) element.click(); }
  else if (element.tagName === "SELECT") {
    const wanted = [...element.options].find(option => option.value === value || option.text.trim() === value);
    if (!wanted) throw new Error("the select has no option " + value);
    element.value = wanted.value;
    for (const type of ["input", "change"]) element.dispatchEvent(new Event(type, {bubbles: true}));
  } else return false;
  return true;
}"""


async def evaluate_checks(session: CDPSession, wanted: Mapping[str, str], seconds: float) -> dict[str, Outcome]:
    """Evaluate each check until it holds, or until `seconds` and what it asks for itself are over.

    This changes nothing on the page: a check that may act on it comes back with `acts`. All checks run at the same
    time, so none waits for another.
    """

    async def evaluate_check(label: str, text: str) -> tuple[str, Outcome]:
        return label, await poll_until_true(session, text, seconds + seconds_asked(text), harmless=True)

    return dict(await asyncio.gather(*(evaluate_check(label, text) for label, text in wanted.items())))


async def poll_until_true(session: CDPSession, text: str, seconds: float, *, harmless: bool = False) -> Outcome:
    """Evaluate a text until it holds or `seconds` are over, and return what it gave last.

    If a busy machine answers slowly, that is not the page's fault, so the page is still asked a few times.
    """
    until = time.monotonic() + seconds
    outcome = Outcome(holds=False, seen=NO_ANSWER)
    for asked in itertools.count(1):
        left = max(POLL_S, until - time.monotonic())
        answer = await try_evaluating(session, text, left, harmless=harmless)
        outcome = answer or outcome
        is_over = time.monotonic() > until and (answer is None or asked >= seconds / SLOWEST_POLL_S)
        if outcome.holds or outcome.acts or outcome.misformed or is_over:
            break
        await asyncio.sleep(POLL_S)
    return outcome


async def try_evaluating(session: CDPSession, text: str, limit: float, *, harmless: bool = False) -> Outcome | None:
    """Return the value of a text, or None if it has none within `limit` seconds."""
    try:
        return await evaluate(session, text, limit, harmless=harmless)
    except Error as error:
        return Outcome(holds=False, seen=error.message.removeprefix("CDPSession.send: ").partition("\n")[0])
    except TimeoutError:
        return None


async def run_proof(page: Page, proof: Proof, seconds: float) -> Shown:
    """Do the steps of a proof, each within `seconds`, and return the last thing it expected, or what kept it from."""
    origin = urlsplit(page.url).netloc
    session = await page.context.new_cdp_session(page)
    shown = (False, "")
    for number, step in enumerate(proof.steps, 1):
        try:
            shown = await _run_step(page, session, step, seconds)
        except PlaywrightTimeoutError:
            shown = (False, f"there is no {step.what} that can be used")
        except Error as error:
            shown = (False, error.message.partition("\n")[0])
        if shown[0] and urlsplit(page.url).netloc != origin:
            shown = (False, "the page left for another site")
        if not shown[0]:
            return (False, f"step {number}, {step.verb}: {shown[1]}" if proof.acts else shown[1])
    return shown


async def _run_step(page: Page, session: CDPSession, step: ProofStep, seconds: float) -> Shown:
    most = seconds * 1000
    if step.verb == "click":
        await page.locator(step.what).first.click(timeout=most)
    elif step.verb == "fill":
        field = page.locator(step.what).first
        await field.wait_for(timeout=most)
        if not await field.evaluate(_SET, step.value, timeout=most):
            await field.fill(step.value, timeout=most)
    elif pause := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:s|seconds?)?", step.what):
        await asyncio.sleep(min(seconds, float(pause[1])))
    else:
        outcome = await poll_until_true(session, step.what, seconds)
        return outcome.holds, outcome.seen
    return True, ""


async def is_responsive(page: Page, seconds: float) -> bool:
    """Whether the page still runs at all."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not page.is_closed():
                with contextlib.suppress(Error):  # it moved on meanwhile
                    session = await page.context.new_cdp_session(page)
                    await session.send("Runtime.evaluate", {"expression": "0"})  # nothing of it is the page's
                    await session.detach()
                    return True
                await asyncio.sleep(POLL_S)
    return False
