"""What becomes of the present site under a model's changes, and what a draft still lacks."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from orchestrator.core.record import Record, Round
from orchestrator.core.site import Site
from orchestrator.core.task import Task
from orchestrator.generate.draft import Draft, Material, apply_reply, has_readme, initial_draft, judge_draft
from orchestrator.generate.reply.complaint import Complaint
from orchestrator.generate.reply.reply import Change, Deletion, Edit, File, Reply

CSV = b"a,b\n1,2\n"
PAGE = {"index.html": b"<h1>One</h1>\n", "README.md": b"# One\n", "data.csv": CSV, "CNAME": b"x.example\n"}
RECORD = Record(task="k", rounds=(Round(round=1, brief="One", attachments=("data.csv",)),))


def given(brief: str = "Say two.", attachments: dict[str, bytes] | None = None, *, new: bool = False) -> Material:
    task = Task(task="t", round=1 if new else 2, nonce="n", brief=brief)
    return Material(task, attachments or {}, Site({} if new else PAGE), None if new else RECORD)


def after(what: Material, *changes: Change) -> Draft:
    return apply_reply(initial_draft(what), Reply(changes=changes, complaints=(), is_cut=False), what)


def texts(draft: Draft) -> list[str]:
    return [flaw.text for flaw in draft.flaws]


def fine(_: Site) -> Sequence[str]:
    return ()


def test_a_draft_begins_with_what_is_there_and_what_was_sent() -> None:
    assert initial_draft(given(attachments={"data.csv": b"new", "b.json": b"{}"})).files == {
        **PAGE,
        "data.csv": b"new",
        "b.json": b"{}",
    }


def test_files_that_are_not_named_stay_byte_for_byte() -> None:
    draft = after(given(), Edit("index.html", "<h1>One</h1>\n", "<h1>Two</h1>\n"), File("app.js", "go()\n"))
    assert draft.files == {**PAGE, "index.html": b"<h1>Two</h1>\n", "app.js": b"go()\n"}
    assert draft.changed == {"index.html", "app.js"}
    assert draft.flaws == ()
    assert len(draft.done) == 2


@pytest.mark.parametrize(
    "path", ["LICENSE", "license", ".gitignore", ".github/workflows/x.yml", "CNAME", "pagewright.json"]
)
def test_names_that_are_not_for_the_model_are_passed_over(path: str) -> None:
    draft = after(given(), File(path, "mine\n"), Deletion(path), File("app.js", "go()\n"))
    assert draft.files == {**PAGE, "app.js": b"go()\n"}
    assert draft.flaws == ()


def test_a_workflow_is_for_the_model_where_that_is_allowed() -> None:
    what = given()
    allowed = Material(what.task, {}, what.present, what.record, allow_workflows=True)
    assert ".github/workflows/x.yml" in after(allowed, File(".github/workflows/x.yml", "on: push\n")).files
    assert ".github/dependabot.yml" not in after(allowed, File(".github/dependabot.yml", "x\n")).files


@pytest.mark.parametrize("name", ["data.csv", "DATA.csv"])
def test_an_attachment_that_a_model_sends_back_stays_as_it_was_sent(name: str) -> None:
    for what in (given(), given(attachments={"data.csv": CSV})):
        draft = after(what, File(name, "a,b\n1,2"), File("app.js", "go()\n"))
        assert draft.files == {**PAGE, "app.js": b"go()\n"}
        assert draft.flaws == ()


def test_a_whole_file_that_changes_an_attachment_is_refused_once_and_the_rest_is_used() -> None:
    what = given()
    first = judge_draft(after(what, File("data.csv", "a,b\n1,3\n"), File("app.js", "go()\n")), what, fine)
    assert "does not ask to change it" in first.flaws[0].text
    assert first.is_usable
    again = Reply((File("data.csv", "a,b\n1,4\n"), File("app.js", "on()\n")), (), is_cut=False)
    second = judge_draft(apply_reply(first, again, what), what, fine)
    assert (second.flaws, second.files["data.csv"], second.files["app.js"]) == ((), CSV, b"on()\n")
    assert list(second.refused) == ["data.csv"]


@pytest.mark.parametrize("change", [Edit("data.csv", "1,2\n", "1,3\n"), Deletion("data.csv")])
def test_an_edit_of_an_attachment_is_refused_with_the_reason(change: Change) -> None:
    draft = after(given(), change)
    assert draft.files == PAGE
    assert "does not ask to change it" in draft.flaws[0].text


def test_an_attachment_of_any_round_changes_where_the_brief_asks_for_it() -> None:
    draft = after(given("Correct the number in data.csv."), Edit("data.csv", "1,2\n", "1,3\n"))
    assert draft.files["data.csv"] == b"a,b\n1,3\n"


def test_an_answer_without_a_block_is_a_flaw_beside_the_earlier_ones() -> None:
    what = given()
    first = after(what, Edit("index.html", "Three\n", "Two\n"))
    second = apply_reply(first, Reply(changes=(), complaints=(), is_cut=False), what)
    assert second.files == PAGE
    assert second.flaws[1:] == first.flaws
    assert "no block" in second.flaws[0].text
    third = apply_reply(second, Reply(changes=(Deletion("data.csv"),), complaints=(), is_cut=False), what)
    assert ("no block" in " ".join(texts(third)), third.flaws[1:]) == (False, first.flaws)


def test_what_is_mended_is_no_flaw_any_more() -> None:
    what = given()
    first = after(what, Edit("index.html", "Three\n", "Two\n"), File("a.js", "1\n"))
    assert first.flaws
    second = apply_reply(first, Reply((Edit("index.html", "<h1>One</h1>\n", "2\n"),), (), is_cut=False), what)
    assert second.flaws == ()
    assert {"a.js", "index.html"} <= second.changed


@pytest.mark.parametrize(
    ("files", "flaw"),
    [
        ({"README.md": b"#"}, "index.html is missing"),
        ({"README.md": b"#", "index.html": b" \n"}, "missing or empty"),
        ({"index.html": b"x"}, "README.md is missing"),
    ],
)
def test_what_a_site_lacks_is_a_flaw(files: dict[str, bytes], flaw: str) -> None:
    assert flaw in judge_draft(Draft(files), given(new=True), fine).flaws[0].text


def test_a_broken_rule_is_a_flaw_and_makes_a_draft_useless() -> None:
    draft = judge_draft(Draft(PAGE), given(), lambda _: ["'app.js' holds a secret"])
    assert texts(draft) == ["The site breaks a rule: 'app.js' holds a secret."]
    assert not draft.is_usable


def test_a_new_site_that_lacks_a_file_will_do_and_a_revision_that_lacks_an_edit_will_not() -> None:
    flawed = Draft(PAGE, flaws=(Complaint("app.js", "block", "app.js: the block does not end."),))
    assert judge_draft(flawed, given(new=True), fine).is_usable
    assert not judge_draft(flawed, given(), fine).is_usable


def test_a_revision_needs_a_readme_only_where_there_was_one() -> None:
    what = given()
    without = Material(what.task, {}, Site({"index.html": b"x"}), RECORD)
    assert judge_draft(Draft({"index.html": b"y"}), without, fine).flaws == ()
    lost = judge_draft(Draft({"index.html": b"y"}), what, fine)
    assert (texts(lost), lost.is_usable) == (["README.md is missing."], True)


def test_a_readme_is_one_in_any_case() -> None:
    assert has_readme(["a", "Readme.MD"])
    assert not has_readme(["docs/README.md"])


def test_an_answer_that_changes_nothing_is_a_flaw_and_leaves_a_site() -> None:
    draft = judge_draft(after(given(), File("README.md", "# One\n")), given(), fine)
    assert (texts(draft), draft.is_usable) == (["The answer changed nothing."], True)


def test_what_the_page_loads_must_be_there() -> None:
    page = b"<link rel=stylesheet href='./a.css'><script src='b.js'></script><script src='https://x.example/c.js'></script>"
    files = {"index.html": page.replace(b"'", b'"'), "README.md": b"#", "a.css": b""}
    assert texts(judge_draft(Draft(files), given(new=True), fine)) == ["index.html loads b.js, which does not exist."]


def test_what_was_made_is_mended_where_it_stands() -> None:
    made = Site({**PAGE, "data.csv": b"changed, as the brief asks\n"})
    what = given(attachments={"data.csv": CSV})
    repairing = Material(what.task, what.attachments, what.present, what.record, made=made, wrong=("x",))
    assert initial_draft(repairing).files == made.files
    assert not repairing.is_new


def test_an_edit_that_failed_is_not_forgotten_while_others_are_made() -> None:
    what = given()
    first = after(what, Edit("index.html", "Three\n", "Two\n"))
    second = apply_reply(first, Reply((File("README.md", "# Two\n"),), (), is_cut=False), what)
    assert second.flaws == first.flaws
    assert not judge_draft(second, what, fine).is_usable
    third = apply_reply(second, Reply((Edit("index.html", "<h1>One</h1>\n", "2\n"),), (), is_cut=False), what)
    assert third.flaws == ()


@pytest.mark.parametrize("name", ["my app.js", "a,b.js", "a: b.js", "a, edit 1 of 2.js"])
def test_a_failed_edit_stands_until_its_own_file_is_repaired_whatever_its_name_holds(name: str) -> None:
    what = given(attachments={})
    begin = replace(what, present=Site({**PAGE, name: b"one\n"}))
    first = after(begin, Edit(name, "three\n", "two\n"))
    assert [flaw.path for flaw in first.flaws] == [name]
    second = apply_reply(first, Reply((File("README.md", "# Two\n"),), (), is_cut=False), begin)
    assert second.flaws == first.flaws
    third = apply_reply(second, Reply((Edit(name, "one\n", "two\n"),), (), is_cut=False), begin)
    assert (third.flaws, third.files[name]) == ((), b"two\n")


def test_names_in_comments_and_in_another_writing_are_not_missing() -> None:
    page = b'<!-- <script src="old.js"></script> --><link rel="stylesheet" href="my%20style.css"><p>'
    files = {"index.html": page, "README.md": b"#", "my style.css": b""}
    assert judge_draft(Draft(files), given(new=True), fine).flaws == ()


def test_an_attachment_that_the_brief_means_without_its_name_may_change() -> None:
    draft = after(given("Correct the typo in the attached CSV."), Edit("data.csv", "1,2\n", "1,3\n"))
    assert draft.files["data.csv"] == b"a,b\n1,3\n"
