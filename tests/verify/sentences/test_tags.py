"""The tags of any page, in one walk."""

import time

import pytest

from orchestrator.verify.sentences.tags import Tag, parse_tags

HOSTILE = [
    "<a " * 20_000,
    "<" * 200_000,
    "</" * 100_000,
    "<!" * 100_000,
    "<a b='" * 20_000,
    '<a b="' * 20_001,
    "<![ " * 50_000,
    "<script>" * 20_000,
    "<script></script" * 10_000,
    "<!--" * 50_000,
    "<p a" * 50_000,
    "<a" + " =" * 50_000,
    "<a" + " " * 200_000,
    "<a" + "/" * 200_000,
    "<" + "a" * 200_000,
]


def test_tags_have_names_and_attributes() -> None:
    page = "<!DOCTYPE html><P Class='a &amp; b' hidden data-x=1/2 id = \"i\" id=j>1 < 2</P ><br/><a href=x>"
    assert list(parse_tags(page)) == [
        Tag("p", attributes={"class": "a & b", "hidden": "", "data-x": "1/2", "id": "i"}),
        Tag("p", is_end=True),
        Tag("br"),
        Tag("a", attributes={"href": "x"}),
    ]


def test_comments_and_scripts_hold_no_tags() -> None:
    page = "<!-- <p> --><script>if (a<b) '<p>'</script><?x <p?><title>A <b></TITLE><![x <p>]><style><p></style><i =>"
    assert [(tag.name, tag.inside) for tag in parse_tags(page)] == [
        ("script", "if (a<b) '<p>'"),
        ("title", "A <b>"),
        ("style", "<p>"),
        ("i", ""),
    ]


@pytest.mark.parametrize("page", ["<!-- <p>", "<p", "<p a='<b>", "</p", "<! <"])
def test_what_does_not_end_is_no_tag(page: str) -> None:
    assert list(parse_tags(page)) == []


def test_a_script_that_does_not_end_goes_to_the_end_of_the_page() -> None:
    assert list(parse_tags("<script>a <p>")) == [Tag("script", inside="a <p>")]


@pytest.mark.parametrize("page", HOSTILE)
def test_no_page_takes_long(page: str) -> None:
    started = time.process_time()
    for _ in parse_tags(page):
        pass
    assert time.process_time() - started < 2
