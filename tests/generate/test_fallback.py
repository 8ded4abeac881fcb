"""What the template generator reads from files, and its README. The page itself: test_fallback_page.py."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.generate.fallback import Ask, fallback_note, fallback_site
from orchestrator.generate.tables import Column, Table, Unshowable, decode_showable, read_csv, read_json

ALL = ",;\t|"
ASK = Ask(1, "Show the sales.")


def columns(table: Table | str) -> dict[str, list[str]]:
    assert isinstance(table, Table)
    return {column.name: list(column.cells) for column in table.columns}


def totals(table: Table | str) -> dict[str, str | None]:
    assert isinstance(table, Table)
    return {column.name: column.total for column in table.columns}


def readme(title: str = "Sales", attachments: dict[str, bytes] | None = None, *asks: Ask) -> str:
    return fallback_site(title, asks or (ASK,), attachments or {})["README.md"].decode()


@pytest.mark.parametrize(
    "data",
    ["é€".encode(), "é€".encode("utf-8-sig"), "é€".encode("utf-16"), "é€".encode("cp1252")],
    ids=["utf-8", "utf-8 with mark", "utf-16 with mark", "windows-1252"],
)
def test_text_is_decoded_whatever_program_wrote_it(data: bytes) -> None:
    assert decode_showable(data) == "é€"


@pytest.mark.parametrize("data", [b"\x00\x01", b"PK\x03\x04", bytes(range(256)), b"\xff\xfe\x00"])
def test_binary_data_is_not_text(data: bytes) -> None:
    with pytest.raises(Unshowable, match="not text"):
        decode_showable(data)


@pytest.mark.parametrize("delimiter", ALL)
def test_the_delimiter_is_found(delimiter: str) -> None:
    table = read_csv(f"a{delimiter}b\n1{delimiter}2\n3{delimiter}4\n", ALL)
    assert columns(table) == {"a": ["1", "3"], "b": ["2", "4"]}


def test_a_decimal_comma_does_not_pass_for_a_delimiter() -> None:
    table = read_csv("Ort;Umsatz\nKöln;1.234,50\nBonn;99,50\n", ALL)
    assert columns(table)["Umsatz"] == ["1.234,50", "99,50"]
    assert totals(table) == {"Ort": None, "Umsatz": "1334.00"}


def test_quoted_line_breaks_and_delimiters_stay_in_their_cell() -> None:
    assert columns(read_csv('a,b\n"1, one\nand more","say ""hi"""\n', ALL)) == {
        "a": ["1, one\nand more"],
        "b": ['say "hi"'],
    }


def test_ragged_rows_are_filled_and_blank_lines_dropped() -> None:
    assert columns(read_csv("a,\n1\n\n1,2,3\n,,\n", ALL)) == {
        "a": ["1", "1"],
        "Column 2": ["", "2"],
        "Column 3": ["", "3"],
    }


def test_a_first_row_of_numbers_is_no_header() -> None:
    assert columns(read_csv("1,2\n3,4\n", ALL)) == {"Column 1": ["1", "3"], "Column 2": ["2", "4"]}


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert columns(read_csv("a,b\n", ALL)) == {"a": [], "b": []}


@pytest.mark.parametrize("text", ["", "\n\n", ",,,\n", "a," + "x" * 200_000, ",".join("x" * 101)])
def test_what_makes_no_table_is_refused(text: str) -> None:
    with pytest.raises(Unshowable):
        read_csv(text, ALL)


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        (["1290.50", "1291.50"], "2582.00"),
        (["0.1", "0.2"], "0.3"),
        (["", "7", ""], "7"),
        (["-1", "+1", ".5"], "0.5"),
        (["1e3", "1E-2"], "1000.01"),
        (["1,234", "1,000,000.5"], "1001234.5"),
    ],
)
def test_a_column_of_numbers_is_summed_exactly_in_plain_digits(cells: list[str], total: str) -> None:
    table = read_csv("name\tamount\n" + "".join(f"x\t{cell}\n" for cell in cells), "\t")
    assert totals(table) == {"name": None, "amount": total}


@pytest.mark.parametrize(
    "cells",
    [["1", "n/a"], ["007", "008"], ["1e999999999"], ["1,23"], ["1.2.3"], ["."], ["٣"], ["NaN"], ["Infinity"], [""]],
)
def test_codes_gaps_and_bombs_are_not_summed(cells: list[str]) -> None:
    table = read_csv("name\tamount\n" + "".join(f"x\t{cell}\n" for cell in cells), "\t")
    assert table.columns[1].numbers is None


def test_a_number_that_could_be_either_notation_is_not_guessed() -> None:
    assert totals(read_csv("a;b\nx;1,234\n", ALL)) == {"a": None, "b": None}
    assert totals(read_csv("a;b\nx;1,234\nx;0,5\n", ALL)) == {"a": None, "b": "1.734"}


@pytest.mark.parametrize("name", ["id", "ID", "order_id", "Year", "zip"])
def test_labels_that_happen_to_be_numbers_are_aligned_but_not_summed(name: str) -> None:
    column = read_csv(f"{name},paid\n2024,1\n", ALL).columns[0]
    assert column.numbers == [Decimal(2024)]
    assert column.total is None


def test_the_largest_and_the_smallest_number_add_up() -> None:
    huge, tiny = "9" * 30 + "e99", "1e-99"
    total = Column("x", [huge, tiny], [Decimal(huge), Decimal(tiny)], summed=True).total
    assert total is not None
    assert total.startswith("9" * 30)
    assert total.endswith("01")


def test_json_objects_are_rows_with_every_name_a_column() -> None:
    table = read_json('[{"city": "Köln", "n": 1.50, "tags": ["a", 1]}, {"city": "Bonn", "n": null, "ok": true}]')
    assert columns(table) == {"city": ["Köln", "Bonn"], "n": ["1.5", ""], "tags": ['["a", 1]', ""], "ok": ["", "true"]}
    assert totals(table)["n"] == "1.5"


def test_one_json_object_of_plain_values_is_names_and_values_without_a_total() -> None:
    table = read_json('{"EUR": 1, "USD": 1.0842}')
    assert columns(table) == {"Name": ["EUR", "USD"], "Value": ["1", "1.0842"]}
    assert totals(table) == {"Name": None, "Value": None}


@pytest.mark.parametrize("text", ["[]", "{}", "[1,2]", '[{"a":1},2]', '{"a":{"b":1}}', '"x"', "3", "[{}]"])
def test_other_json_is_indented_text(text: str) -> None:
    shown = read_json(text)
    assert isinstance(shown, str)
    assert "".join(shown.split()) == text


def test_json_with_too_many_names_is_text() -> None:
    assert isinstance(read_json("[" + ",".join(f'{{"n{i}": 1}}' for i in range(101)) + "]"), str)


@pytest.mark.parametrize("text", ["", "{no", "[" * 100_000, "9" * 5_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(Unshowable, match="JSON"):
        read_json(text)


@settings(deadline=None, max_examples=60)
@given(
    suffix=st.sampled_from(["csv", "tsv", "json", "md", "txt", "png", "svg", "bin"]),
    data=st.binary()
    | st.text(alphabet="a1.,;|\t\n\"'`*_#[](){}:<>&$!-\\/ \ud800é").map(lambda text: text.encode("utf-8", "replace")),
)
def test_no_file_can_make_it_fail(suffix: str, data: bytes) -> None:
    assert set(fallback_site("x", [ASK], {f"file.{suffix}": data})) == {"index.html", "README.md"}


def test_the_readme_says_what_this_is() -> None:
    text = readme("Café sales", {"data/my sales.csv": b"a,b\n1,2\n"}, Ask(2, "second"), Ask(1, "first"))
    assert text.startswith("# Café sales\n")
    assert "placeholder page, made from a template without a language model" in text
    assert "- [data/my sales.csv](data/my%20sales.csv): attached, 8 bytes" in text
    assert text.index("first") < text.index("second")
    assert "MIT, see [LICENSE](LICENSE)." in text


def test_a_brief_cannot_leave_its_fence() -> None:
    brief = "before\n```\n# Heading\n````\n<script>alert(1)</script> $title"
    fences = [token for token in MarkdownIt().parse(readme("x", {}, Ask(1, brief))) if token.type == "fence"]
    assert fences[0].content == brief + "\n"


def test_a_title_or_name_cannot_steer_the_readme() -> None:
    text = readme("# [x](//evil) <b>\n\n*y*", {"a](x) <b>.csv": b"a"})
    html = MarkdownIt().render(text)
    assert "<h1># [x](//evil) &lt;b&gt; *y*</h1>" in html
    assert '<a href="a%5D%28x%29%20%3Cb%3E.csv">a](x) &lt;b&gt;.csv</a>' in html


def test_attachments_called_like_our_files_stand() -> None:
    site = fallback_site("x", [ASK], {"index.html": b"<p>mine"})
    assert set(site) == {"README.md"}
    assert b"The attached `index.html` is the page." in site["README.md"]
    assert set(fallback_site("x", [ASK], {"readme.md": b"mine"})) == {"index.html"}


def test_lone_surrogates_are_replaced() -> None:
    site = fallback_site("x\ud800", [Ask(1, "y\ud800")], {"z.json": b'{"a": "\\ud800"}', "n\ud800.txt": b"x"})
    assert '<h1 dir="auto">x?</h1>' in site["index.html"].decode()
    assert fallback_note(b"", Ask(2, "y\ud800"), []).decode().endswith("y?\n```\n")


def test_the_note_is_appended_to_what_is_there() -> None:
    note = fallback_note(b"# App\r\n\r\ncaf\xe9\n\n\n", Ask(3, "Add `dark` mode"), ["data/new file.csv"])
    assert note.startswith(b"# App\r\n\r\ncaf\xe9\n\n## Round 3\n\nThe change for this round could not be generated")
    assert note.endswith(
        b"```text\nAdd `dark` mode\n```\n\nNew files of this round:\n\n- [data/new file.csv](data/new%20file.csv)\n"
    )


def test_the_note_without_new_files_or_readme_is_the_section_alone() -> None:
    note = fallback_note(b"  \n", Ask(2, "x"), [])
    assert note.startswith(b"## Round 2\n")
    assert b"New files" not in note
