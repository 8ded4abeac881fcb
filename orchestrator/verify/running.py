"""Checks and proofs, run on an open page until they hold or their time has passed."""

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from playwright.async_api import Error, Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from orchestrator.verify.checks import Shown, evaluation, seconds_asked
from orchestrator.verify.proofs import Proof, Step

POLL_S = 0.1
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


async def run_checks(page: Page, wanted: Mapping[str, str], seconds: float, shown: dict[str, Shown]) -> None:
    """Evaluate each expression until it holds, or until `seconds` and what it asks for itself are over.

    `shown` is filled as they answer. All at once: one that waits holds none of the others up.
    """

    async def run(label: str, text: str) -> None:
        shown[label] = await polled(page, text, seconds + seconds_asked(text))

    await asyncio.gather(*(run(label, text) for label, text in wanted.items()))


async def polled(page: Page, text: str, seconds: float) -> Shown:
    """Evaluate an expression until it holds or `seconds` are over, and return what it gave last."""
    until = time.monotonic() + seconds
    shown = (False, NO_ANSWER)
    while True:
        shown = await _evaluated(page, text, max(POLL_S, until - time.monotonic())) or shown
        if shown[0] or time.monotonic() > until:
            return shown
        await asyncio.sleep(POLL_S)


async def _evaluated(page: Page, text: str, limit: float) -> Shown | None:
    """Return what an expression gives, None where it gives nothing within `limit` seconds."""
    try:
        async with asyncio.timeout(limit):
            holds, seen = await page.evaluate(evaluation(text))
    except Error as error:
        return False, error.message.removeprefix("Page.evaluate: ").partition("\n")[0]
    except TimeoutError:
        return None
    return bool(holds), str(seen)


async def performed(page: Page, proof: Proof, seconds: float) -> Shown:
    """Do the steps of a proof, each within `seconds`, and return the last thing it expected, or what kept it from."""
    origin = urlsplit(page.url).netloc
    shown = (False, "")
    for number, step in enumerate(proof.steps, 1):
        try:
            shown = await _done(page, step, seconds)
        except PlaywrightTimeoutError:
            shown = (False, f"there is no {step.what} that could be used")
        except Error as error:
            shown = (False, error.message.partition("\n")[0])
        if shown[0] and urlsplit(page.url).netloc != origin:
            shown = (False, "the page left for another site")
        if not shown[0]:
            return (False, f"step {number}, {step.verb}: {shown[1]}" if proof.acts else shown[1])
    return shown


async def _done(page: Page, step: Step, seconds: float) -> Shown:
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
        return await polled(page, step.what, seconds)
    return True, ""


async def answers(page: Page, seconds: float) -> bool:
    """Whether the page still runs anything at all."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not page.is_closed():
                with contextlib.suppress(Error):  # it moved on meanwhile
                    return bool(await page.evaluate("() => true"))
                await asyncio.sleep(POLL_S)
    return False
