"""Site and checks to report, rounds told apart. What a browser sees: test_browser.py."""

from functools import partial

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.site import Site
from orchestrator.core.task import Check, Task
from orchestrator.verify.browser import open_cage
from orchestrator.verify.limits import TimeLimits
from orchestrator.verify.verification import Subject, collect_checks, verify

TASK = Task(task="t", round=2, nonce="n", brief="b", checks=(Check(text="two", js=True),))
RECORD = Record(
    task="k",
    rounds=(Round(round=1, brief="b", checks=("one", "uno")), Round(round=2, brief="b", checks=("before",))),
)


def test_the_checks_of_earlier_rounds_come_first_and_of_this_round_only_the_new_ones() -> None:
    assert [(number, check.text) for number, check in collect_checks(TASK, RECORD)] == [
        (1, "one"),
        (1, "uno"),
        (2, "two"),
    ]
    assert collect_checks(TASK, None) == [(2, TASK.checks[0])]


@pytest.mark.browser
@pytest.mark.anyio
async def test_each_verdict_carries_the_round_that_asked() -> None:
    asked = [(1, Check(text="document.title === 'A'")), (1, Check(text="Neat")), (2, Check(text="false", js=True))]
    site = Site({"index.html": b"<!doctype html><title>A</title><p>Hi"})
    report = await verify(Subject(site, "some-repo", asked), TimeLimits(check=1), partial(open_cage, None))
    assert [(check.round, check.state) for check in report.checks] == [(1, "passed"), (1, "unproved"), (2, "failed")]
    assert report.screenshots.keys() == {"desktop-light", "desktop-dark", "phone-light", "phone-dark"}


PAGE = """<!doctype html><html lang=en><meta name=viewport content="width=device-width"><title>List</title>
<h1>List</h1><label for=name>Name</label><input id=name><select id=size aria-label=Size>
<option>small<option>large</select>
<label><input type=checkbox id=ok>Sure</label><button id=add>Add</button><ul></ul><p id=late></p>
<a id=away href="http://127.0.0.1:1/">Away</a>
<script>
  add.onclick = () => document.querySelector("ul").append(Object.assign(document.createElement("li"),
    {textContent: name_() + " " + size.value + " " + ok.checked}));
  const name_ = () => document.querySelector("#name").value;
  setTimeout(() => { late.textContent = "there" }, 700);
</script>"""
LIMITS = TimeLimits(check=1.5, whole=180)


async def proved(*proofs: tuple[str, str], before: str = "", this: int = 1) -> list[tuple[str, str]]:
    """Return state and what was seen for checks in prose, each with its proof."""
    asked = [(1, Check(text=text)) for text, _ in proofs]
    given = {f"1.{number}": proof for number, (_, proof) in enumerate(proofs, 1)}
    site, earlier = Site({"index.html": PAGE.encode()}), Site({"index.html": before.encode()} if before else {})
    subject = Subject(site, "repo", asked, this=this, before=earlier, proofs=given)
    report = await verify(subject, LIMITS, partial(open_cage, None))
    assert report.findings == ()
    return [(check.state, check.seen) for check in report.checks]


@pytest.mark.browser
@pytest.mark.anyio
async def test_what_a_proof_shows_counts_as_the_models_own() -> None:
    steps = """
    fill "#name" "Ada"
    fill "#size" "large"
    fill "#ok" "true"
    click "#add"
    expect document.querySelector("li").textContent === "Ada large true"
    """
    assert await proved(
        ("Names can be added", steps),
        ("It has a heading", "document.querySelector('h1').textContent"),
        (
            "Each opens the page afresh",
            "document.querySelectorAll('li').length === 0 && !!document.querySelector('ul')",
        ),
        ("It comes late", "wait document.querySelector('#late').textContent\nexpect late.textContent === 'there'"),
    ) == [("own", "true"), ("own", "List"), ("own", "true"), ("own", "true")]


@pytest.mark.browser
@pytest.mark.anyio
async def test_a_proof_that_shows_nothing_leaves_the_check_unproved() -> None:
    blank = "its proof holds on a blank page too, so it proves nothing"
    assert await proved(
        ("Neat", "true"),
        ("Writes it itself", "document.body.innerHTML = '<h1>List</h1>'"),
        ("Only waits", "wait 1\nexpect true"),
        ("Waits in the expression", "new Promise(done => setTimeout(done, 900, true))"),
        ("Not so", "document.querySelector('h1').textContent === 'Other'"),
        ("Clicks what is not there", "click '#none'\nexpect true"),
        ("No such option", "fill '#size' 'huge'\nexpect true"),
        ("Leaves", "click '#away'\nexpect true"),
        ("Unreadable", "click '#add'"),
        ("No proof at all", ""),
    ) == [
        ("unproved", blank),
        ("unproved", blank),
        ("unproved", blank),
        ("unproved", blank),
        ("unproved", "its proof does not hold: false"),
        ("unproved", "its proof does not hold: step 1, click: there is no #none that can be used"),
        ("unproved", "its proof does not hold: step 1, fill: Locator.evaluate: Error: the select has no option huge"),
        ("unproved", "its proof does not hold: step 1, click: the page left for another site"),
        ("unproved", "its proof could not be read: a proof needs at least one `expect`"),
        ("unproved", "its proof could not be read: a proof must have 1 to 4000 characters"),
    ]


@pytest.mark.browser
@pytest.mark.anyio
async def test_a_new_wish_must_not_have_been_met_before_and_an_earlier_one_may() -> None:
    before = "<!doctype html><title>List</title><h1>List</h1>"
    heading = ("It has a heading", "document.querySelector('h1').textContent")
    field = ("It has a field", "!!document.querySelector('#name')")
    assert await proved(heading, field, before=before) == [
        ("unproved", "its proof holds on the page as it was before too, so it proves nothing"),
        ("own", "true"),
    ]
    assert await proved(heading, field, before=before, this=2) == [("own", "List"), ("own", "true")]


@pytest.mark.browser
@pytest.mark.anyio
async def test_checks_about_files_are_decided_by_the_files() -> None:
    site = Site({"index.html": PAGE.encode(), "README.md": b"# List\n", "data.csv": b"a\n"})
    texts = "README.md exists", "data.csv is committed unchanged", "Repo has MIT license"
    subject = Subject(site, "repo", [(1, Check(text=text)) for text in texts], attachments={"data.csv": b"a\n"})
    report = await verify(subject, LIMITS, partial(open_cage, None))
    assert [(check.kind, check.state) for check in report.checks] == [
        ("file", "passed"),
        ("file", "passed"),
        ("file", "failed"),
    ]


@pytest.mark.browser
@pytest.mark.anyio
async def test_a_proof_about_files_counts_where_it_fails_without_the_work() -> None:
    files = {"index.html": PAGE.encode(), "tour.json": b'[{"stop": "Rome"}, {"stop": "Oslo"}]', "sent.csv": b"a\n"}
    proofs = {
        "1.1": 'expect file "tour.json".json[0].stop === "Rome"',
        "1.2": 'file("sent.csv").includes("a")',
        "1.3": 'file("tour.json").json.every(one => one.stop)',
        "1.4": 'file("gone.json").json.length > 0',
        "1.5": 'file("tour.json").length > 0 && document.querySelector("h1").textContent === "List"',
    }
    asked = [(1, Check(text=f"The tour is good, part {number}")) for number in range(1, 6)]
    subject = Subject(Site(files), "repo", asked, attachments={"sent.csv": b"a\n"}, proofs=proofs)
    report = await verify(subject, LIMITS, partial(open_cage, None))
    assert [(check.state, check.seen) for check in report.checks] == [
        ("own", "true"),
        ("unproved", "its proof holds on a site without its files too, so it proves nothing"),
        ("unproved", "its proof holds on a site whose files are empty too, so it proves nothing"),
        ("unproved", "its proof does not hold: there is no `gone.json`"),
        ("own", "true"),
    ]


@pytest.mark.browser
@pytest.mark.anyio
async def test_a_check_that_the_files_leave_open_is_prose_and_may_be_proved() -> None:
    site = Site({"index.html": PAGE.encode(), "README.md": b"# List\n\nAdds up.\n"})
    text = "README.md contains the text 'adds up'"
    report = await verify(Subject(site, "repo", [(1, Check(text=text))]), LIMITS, partial(open_cage, None))
    assert [(check.kind, check.state) for check in report.checks] == [("prose", "unproved")]
    assert "the files alone do not tell: `README.md` has “adds up” in other capitals" in report.checks[0].seen
    proofs = {"1.1": 'file("README.md").toLowerCase().includes("adds up")'}
    report = await verify(
        Subject(site, "repo", [(1, Check(text=text))], proofs=proofs), LIMITS, partial(open_cage, None)
    )
    assert [(check.kind, check.state) for check in report.checks] == [("prose", "own")]
