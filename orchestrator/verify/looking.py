"""How a page looks: pictures of it, whether it shows anything, fits a phone, and can be used by everyone."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from playwright.async_api import CDPSession, Error, Page

from orchestrator.core.report import Finding
from orchestrator.core.serving import find_served_file
from orchestrator.verify.findings import limit_findings, make_finding
from orchestrator.verify.hearing import Target

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SCHEMES = ("light", "dark")
MAX_OF_ONE_KIND = 5

Aside = Callable[[str], Awaitable[Any]]
"""Evaluates an expression outside the page's own scripts, and returns its value as JSON; raises Playwright's Error."""

RULES = (
    *("document-title", "html-has-lang", "html-lang-valid"),
    *("label", "select-name", "button-name", "link-name", "image-alt", "input-image-alt"),
)
"""Of https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md: language, title, labels."""

_SHOWS = """() => {
  const shows = (root) => [root, ...root.querySelectorAll("*")].some((element) => {
    if (!(element instanceof Element)) return false;
    if (!element.checkVisibility({visibilityProperty: true, opacityProperty: true})) return false;
    if (element.matches("img,svg,canvas,video,audio,iframe,input,select,textarea,button,object,embed")) return true;
    if (element.shadowRoot && shows(element.shadowRoot)) return true;
    return !element.matches("script,style,noscript,template") &&
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  });
  return !!document.body && shows(document.body);
}"""

_WIDTH = """() => {
  const wide = document.scrollingElement.scrollWidth;
  const name = (element) => element.tagName.toLowerCase() + (element.id ? "#" + element.id : "") +
    [...element.classList].slice(0, 2).map((one) => "." + one).join("");
  const scrolls = (element) => element && element !== document.body &&
    (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
  // Of the parent: pictures clip their own contents, and are what is too wide all the same.
  const all = [...document.querySelectorAll("body *")].filter((element) => !scrolls(element.parentElement));
  const isOut = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.right > WIDE + 1 || box.left < -1);
  };
  // What sticks out of something that does not; else what holds text that does.
  const boxes = all.filter((element) =>
    isOut(element) && (element.parentElement === document.body || !isOut(element.parentElement)));
  const holders = all.filter((element) =>
    !scrolls(element) && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0);
  const texts = holders.filter((element) => !holders.some((other) => other !== element && element.contains(other)));
  const named = boxes.length ? boxes : texts;
  return {
    wide,
    hasViewport: !!document.querySelector("meta[name=viewport][content*=width]"),
    number: named.length,
    names: named.slice(0, 3).map((element) =>
      `${name(element)} (${Math.round(element.getBoundingClientRect().width)} px)`),
  };
}""".replace("WIDE", str(SIZES["phone"][0]))

_LINKS = """() => [...document.querySelectorAll("a[href]")].slice(0, 500)
  .map((link) => [link.getAttribute("href"), link.href])"""


async def inspect_appearance(page: Page, session: CDPSession, target: Target, shots: dict[str, bytes]) -> list[Finding]:
    """Return what is wrong with how the page looks. `shots`: gets its pictures, by size and colour scheme."""
    aside = await _open_isolated_world(session)
    findings = await _inspect_desktop(aside, target)
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        if size == "phone":
            # As phones do: without a viewport of its own the page is laid out for a desktop.
            metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
            await session.send("Emulation.setDeviceMetricsOverride", metrics)
            findings += _find_overflow(await aside(f"({_WIDTH})()"), width)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            shots[f"{size}-{scheme}"] = await page.screenshot(animations="disabled")
    return findings


async def restore_desktop(page: Page, session: CDPSession) -> None:
    """Show a page as it was before it was looked at: on a desktop, in light colours."""
    width, height = SIZES["desktop"]
    await session.send("Emulation.clearDeviceMetricsOverride")
    await page.set_viewport_size({"width": width, "height": height})
    await page.emulate_media(color_scheme="light")


async def _open_isolated_world(session: CDPSession) -> Aside:
    """Return what evaluates an expression beside the page: on its document, in a world that no script of it reaches.

    https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-createIsolatedWorld
    """
    frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = await session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "pagewright"})

    async def evaluate(expression: str) -> Any:
        asked = {"expression": expression, "contextId": world["executionContextId"]}
        answer = await session.send("Runtime.evaluate", {**asked, "returnByValue": True, "awaitPromise": True})
        if (details := answer.get("exceptionDetails")) is not None:
            raise Error(str((details.get("exception") or {}).get("description", details["text"])))
        return answer["result"].get("value")

    return evaluate


async def _inspect_desktop(aside: Aside, target: Target) -> list[Finding]:
    if not await aside(f"({_SHOWS})()"):
        return [make_finding("empty", "Expected the page to show something; saw nothing.", "body")]
    return [*_dead_links(await aside(f"({_LINKS})()"), target), *_accessibility_findings(await _run_axe(aside))]


def _dead_links(links: list[tuple[str, str]], target: Target) -> list[Finding]:
    """Return the links to pages of the site that are not there."""
    if target.files is None:
        return []
    findings: list[Finding] = []
    for written, url in links:
        if not url.startswith(target.url):
            continue
        path = unquote(urlsplit(urljoin(target.url, url)).path).removeprefix(urlsplit(target.url).path)
        if find_served_file(target.files, path) is None and find_served_file(target.files, f"{path}/") is None:
            text = f"Expected {path} to exist, because a link leads to it; the site has no such file."
            findings.append(make_finding("missing", text, f'a[href="{written}"]'))
    return limit_findings(list(dict.fromkeys(findings)), MAX_OF_ONE_KIND)


def _find_overflow(seen: Mapping[str, Any], width: int) -> list[Finding]:
    if seen["wide"] <= width:
        return []
    if not seen["hasViewport"]:
        text = 'Expected <meta name="viewport" content="width=device-width, initial-scale=1">; saw none'
        return [make_finding("layout", f"{text}, so that phones lay the page out {seen['wide']} px wide.", "head")]
    text = f"Expected no sideways scrolling on a phone {width} px wide; saw a page {seen['wide']} px wide."
    names = seen["names"]
    cut = f" ({len(names)} of {seen['number']})" if len(names) < seen["number"] else ""
    return [make_finding("layout", text, f"{', '.join(names)}{cut}")]


async def _run_axe(aside: Aside) -> list[dict[str, Any]]:
    """Return the rules that axe-core finds broken."""
    source = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    await aside(f"{source}; 0")
    options = {"runOnly": {"type": "rule", "values": list(RULES)}, "iframes": False, "resultTypes": ["violations"]}
    found = await aside(f"axe.run(document, {json.dumps(options)}).then((found) => found.violations)")
    return list(found)


def _accessibility_findings(violations: list[dict[str, Any]]) -> list[Finding]:
    findings: list[Finding] = []
    for rule in violations:
        expected = f"Expected: {rule['help']} ({rule['id']})."
        nodes = rule["nodes"]
        found = [make_finding("accessibility", f"{expected} Saw: {node['html']}", node["target"][0]) for node in nodes]
        findings += limit_findings(found, MAX_OF_ONE_KIND)
    return findings


def drop_unsure_layout(findings: Sequence[Finding], unreached: Sequence[str]) -> tuple[list[Finding], list[str]]:
    """Return the findings that can be trusted, and notes.

    `unreached`: styles and scripts that could not be fetched here.

    Without these the page does not look as visitors see it, so findings about its layout say nothing.
    """
    left = [one for one in findings if one.kind != "layout"]
    if not unreached or len(left) == len(findings):
        return list(findings), []
    named = ", ".join(unreached[:MAX_OF_ONE_KIND])
    cut = f" ({MAX_OF_ONE_KIND} of {len(unreached)})" if len(unreached) > MAX_OF_ONE_KIND else ""
    return left, [f"The layout was not judged: {named}{cut} could not be reached from here."]
