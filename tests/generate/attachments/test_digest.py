"""What a model is told of an attachment."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.generate.attachments.digest import describe_attachments, trim_digests
from tests.doubles.documents import bomb, packed, pdf, png, workbook

pytestmark = pytest.mark.anyio

SALES = b"product,region,sales\nWidget,North,1250.50\nGadget,South,800.25\nDoohickey,East,432.10\nWidget,West,99.15\n"


async def told(name: str, data: bytes, budget: int = 40_000) -> str:
    return (await shown({name: data}, budget))[name]


async def shown(files: dict[str, bytes], budget: int) -> dict[str, str]:
    return trim_digests(await describe_attachments(files, 60), budget)


async def test_a_small_table_is_told_whole_with_its_columns_and_totals() -> None:
    assert await told("data.csv", SALES) == (
        "data.csv: 102 bytes, a table, 4 rows and 3 columns:\n"
        "- 'product': text, 3 values: 'Widget', 'Gadget', 'Doohickey'\n"
        "- 'region': text, 4 values: 'North', 'South', 'East', 'West'\n"
        "- 'sales': numbers from 99.15 to 1250.50, total 2582.00\n"
        "The whole file:\n" + SALES.decode().rstrip("\n")
    )


async def test_a_large_table_is_told_by_its_first_middle_and_last_rows() -> None:
    rows = "\r\n".join(f"{number};1.{number:03},50" for number in range(900))
    said = await told("big.csv", f"id;amount\r\n{rows}\r\n".encode())
    assert "a table, line endings CRLF, 900 rows and 2 columns" in said
    assert "- 'amount': numbers from 1000.50 to 1899.50, total 1305000.00, written like '1.000,50'" in said
    assert "\nid;amount\n0;1.000,50\n" in said
    assert said.endswith("\n898;1.898,50\n899;1.899,50")
    assert len(said) < 600


async def test_many_values_are_sampled_and_gaps_are_counted() -> None:
    said = await told("t.tsv", ("name\tn\n" + "".join(f"v{number}\t\n" for number in range(20))).encode())
    assert "- 'name': text, 20 values: 'v0', 'v1', 'v2', 'v3', …" in said
    assert "- 'n': text, 0 values: , 20 empty" in said


async def test_what_is_named_like_a_table_and_is_none_is_told_as_text() -> None:
    wide = ",".join("x" * 150).encode() + b"\n"
    assert "named like a table, but it has 150 columns:\nx,x," in await told("wide.csv", wide)


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (b'{"USD": 1, "EUR": 0.92}', "{'USD': number, 'EUR': number}"),
        (
            b'[{"a": null}, {"a": true}, {"a": "x"}]',
            "list of 3 of {'a': null} or {'a': true or false} or {'a': string}",
        ),
        (b"[]", "list of 0"),
        (b'{"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}', "{'f': object of 1 key}"),
        (b'{"a": [[[[[[[1]]]]]]]}', "list of 1"),
    ],
)
async def test_json_is_told_by_its_shape(data: bytes, shape: str) -> None:
    said = await told("d.json", data)
    assert shape in said.partition(":\n")[0]
    assert said.endswith(f":\n{data.decode()}")


@pytest.mark.parametrize("data", [b"{", b"[" * 100_000, b"no", b'{"a": 1} trailing'])
async def test_what_is_named_like_json_and_is_none_is_told_as_text(data: bytes) -> None:
    assert "could not be read as JSON" in await told("d.json", data, 500)


async def test_keys_beyond_the_first_are_counted() -> None:
    many = "{" + ",".join(f'"k{number}": 1' for number in range(50)) + "}"
    assert "'k39': number, … 10 more}" in await told("d.json", many.encode())


async def test_a_long_text_is_told_by_its_head_and_its_tail() -> None:
    text = "\n".join(f"line {number}" for number in range(5_000))
    said = await told("notes.md", text.encode(), 1_000)
    assert said.startswith("notes.md: 48,889 bytes, 5,000 lines of text:\nline 0\n")
    assert "characters left out …" in said
    assert said.endswith("line 4999")
    assert len(said) <= 1_000


async def test_workbooks_are_told_by_their_sheets_and_first_rows() -> None:
    said = await told("w.xlsx", workbook({"Sales": [["product", "qty"], ["Widget", 3], [None, 4]], "Empty": []}))
    assert "a workbook (XLSX), 2 sheets: Sales, Empty\n" in said
    assert "Sheet 'Sales', 3 rows, 2 columns; first rows:\nproduct | qty\nWidget | 3\n | 4\nSheet 'Empty'" in said


async def test_pdfs_are_told_by_the_text_of_their_pages() -> None:
    said = await told("r.pdf", pdf("Sales rose by 3 %", ""))
    assert "a PDF, 2 pages, title 'A report'\n" in said
    assert "Page 1:\nSales rose by 3 %\nPage 2: no text, perhaps a picture" in said


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("w.xlsx", b"PK\x03\x04" + b"\0" * 99),
        ("w.xlsx", bomb("xl/workbook.xml")),
        ("w.xlsx", b"not a workbook"),
        ("r.pdf", b"%PDF-1.4\n" + b"\xff" * 999),
        ("r.pdf", pdf("x")[:200]),
    ],
)
async def test_a_document_that_cannot_be_read_is_called_that(name: str, data: bytes) -> None:
    assert "which could not be read" in await told(name, data)


async def test_pictures_are_told_by_their_size() -> None:
    assert await told("p.png", png(16, 8)) == f"p.png: {len(png(16, 8))} bytes, image/png, 16 x 8 pixels"
    assert "image/gif, size unknown" in await told("p.gif", b"GIF89a")


async def test_anything_else_is_told_by_its_first_bytes() -> None:
    assert await told("a.zip", b"PK\x03\x04\0\1") == (
        "a.zip: 6 bytes, application/zip, not text; it begins with 50 4b 03 04 00 01 (PK....); it begins like a ZIP"
        " archive, which could not be read"
    )
    assert "of unknown type" in await told("a.strange", b"\0\1")
    assert await told("a.txt", b"") == "a.txt: empty"


async def test_what_a_file_holds_counts_whatever_its_name_says() -> None:
    assert "data.csv: 4,8" in (said := await told("data.csv", workbook({"S": [[1]]})))
    assert "a workbook (XLSX), 1 sheets: S\n" in said
    assert "a PDF, 1 pages" in await told("data.csv", pdf("x"))
    assert "named like a workbook (XLSX), but it is a ZIP archive, 1 file" in await told("w.xlsx", packed({"a": "b"}))
    assert "image/png" in await told("data.csv", png(1, 1))


async def test_only_the_beginning_of_a_huge_file_is_read() -> None:
    said = await told("huge.txt", b"word " * 3_000_000, 400)
    assert "15,000,000 bytes; only the first 10,000,000 bytes were read" in said


async def test_small_files_get_what_they_want_and_large_ones_share_the_rest() -> None:
    files = {"a.txt": b"a" * 5_000, "b.txt": b"b", "c.txt": b"c" * 9_000}
    said = await shown(files, 2_000)
    assert list(said) == list(files)
    assert said["b.txt"].endswith("b")
    assert abs(len(said["a.txt"]) - len(said["c.txt"])) < 2
    assert sum(map(len, said.values())) <= 2_000


async def test_what_is_not_read_in_time_is_called_that() -> None:
    files = {"a.txt": b"quick", **{f"{number}.pdf": pdf("x") for number in range(4)}}
    told = await describe_attachments(files, 0.01)
    assert list(told) == list(files)
    assert told["3.pdf"] == f"3.pdf: {len(files['3.pdf'])} bytes, could not be read in time"
    assert trim_digests(told, -1) == dict.fromkeys(files, "")


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (b"Report generated 2024-01-01\n\nproduct,sales\nA,10\nB,20\n", "line 3 of the file"),
        (b"sep=,\nproduct,sales\nA,10\nB,20\n", "line 2 of the file"),
        (b"# written by a program\r\n# in 2024\r\nproduct\tsales\r\nA\t10\r\nB\t20\r\n", "line 3 of the file"),
    ],
    ids=["a title", "sep=", "comments"],
)
async def test_a_table_below_other_lines_is_told_with_the_line_of_its_header(data: bytes, header: str) -> None:
    said = await told("data.csv", data)
    assert f"the header is {header}, counted from 1" in said
    assert "- 'product': text, 2 values: 'A', 'B'\n- 'sales': numbers from 10 to 20, total 30\n" in said


async def test_a_long_table_below_a_title_is_shown_with_the_title() -> None:
    rows = "".join(f"x{number},{number}\n" for number in range(100))
    said = await told("d.csv", f"Sales\n\nname,n\n{rows}".encode())
    assert "as in the file:\nSales\n\nname,n\nx0,0\n" in said


async def test_a_row_that_holds_the_sum_is_not_counted_twice_unseen() -> None:
    said = await told("d.csv", b"product,sales\nA,10\nB,20\nTotal,30\n")
    assert "total 60 (30 without the last value, which is the sum of the others)" in said


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ('{"a": "NaN", "b": NaN, "c": Infinity}', "line 1 column 19 (NaN is not JSON)"),
        ("[1,\n -Infinity]", "line 2 column 2 (Infinity is not JSON)"),
        ('{\n  // a comment\n  "a": "http://x" /* one more */\n}', "line 2 column 3 (JSON has no comments)"),
        ('{"a": [1, 2,],}', "line 1 column 13 (a comma before a closing bracket)"),
    ],
)
async def test_json_that_browsers_refuse_is_told_with_the_place_and_its_shape(text: str, refused: str) -> None:
    said = await told("d.json", text.encode())
    assert f"JSON; a browser's JSON.parse refuses this at {refused}; " in said
    assert ("{'a': " in said) == text.startswith("{")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{'a': 1}", "strings need double quotes"),
        ("{a: 1}", "names need double quotes"),
        ('{"a": None}', "the only other words in JSON are true, false and null"),
        ('{"a": [1', "the end is missing"),
        ('{"a": 1} 2', "something else is expected here"),
    ],
)
async def test_what_is_no_json_is_told_with_the_reason(text: str, reason: str) -> None:
    said = await told("d.json", text.encode())
    assert "named like JSON, but it could not be read as JSON: a browser's JSON.parse refuses this at line 1" in said
    assert reason in said


async def test_a_number_of_thousands_of_digits_is_one_for_browsers() -> None:
    assert "JSON, number" in await told("d.json", b"1" * 5_000, 500)


@pytest.mark.parametrize("name", ["d.json", "d.jsonl", "d.ndjson"])
async def test_a_value_in_each_line_is_called_that(name: str) -> None:
    said = await told(name, b'{"a": 1}\n{"a": "x"}\n')
    assert "JSON Lines, 2 values; a browser's JSON.parse refuses this at line 2 column 1" in said
    assert "list of 2 of {'a': number} or {'a': string}" in said


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        (
            "utf-16-le",
            "in UTF-16LE without a byte order mark, which fetch misreads as UTF-8: decode it with new TextDec",
        ),
        (
            "utf-16-be",
            'without a byte order mark, which fetch misreads as UTF-8: decode it with new TextDecoder("utf-16be"',
        ),
        ("utf-16", "in UTF-16LE, which fetch misreads as UTF-8"),
        ("utf-32", "in UTF-32LE, which browsers cannot decode"),
        ("utf-8-sig", "UTF-8 with a byte order mark (fetch removes it, JSON.parse alone does not)"),
    ],
)
async def test_an_encoding_that_a_page_misreads_is_told(codec: str, said: str) -> None:
    told_of_it = await told("d.csv", "имя,цена\nимя,1\nёж,2\n".encode(codec))
    assert said in told_of_it
    assert "- 'цена': numbers from 1 to 2, total 3" in told_of_it


async def test_a_text_of_an_older_encoding_is_told_as_a_guess_or_as_unknown() -> None:
    assert "in windows-1252 (a guess" in await told("d.txt", "un café".encode("cp1252"))
    said = await told("d.txt", "a long text in letters of ASCII, and 、".encode("shift_jis"))
    assert "in an unknown encoding: it is neither UTF-8 nor UTF-16, and 1 byte could not be read" in said


async def test_a_letter_that_is_cut_by_the_limit_does_not_change_the_encoding() -> None:
    said = await told("huge.txt", ("x" + "é" * 5_000_001).encode(), 400)
    assert "windows-1252" not in said
    assert "éé" in said


async def test_an_archive_is_told_by_its_files() -> None:
    inside = packed({"deep.txt": "x"})
    said = await told(
        "a.zip", packed({"a.txt": "hello", "d/": "", "d/b.csv": "1", "../evil.sh": "x", "in.zip": inside})
    )
    assert "a ZIP archive, 4 files in it, " in said
    assert "\n- 'a.txt', 5 bytes\n- 'd/b.csv', 1 bytes\n- '../evil.sh', 1 bytes, its name points outside" in said
    assert f"\n- 'in.zip', {len(inside)} bytes, an archive itself, not opened" in said
    assert "deep.txt" not in said


async def test_an_archive_of_many_files_or_of_much_is_told_in_a_few_lines() -> None:
    many = await told("a.zip", packed({f"{number}\n{'x' * 300}": "" for number in range(2_000)}))
    assert many.endswith("\n… 60 of 2,000 files are listed")
    assert many.count("\n") == 61
    assert "20 files in it, 200,000,000 bytes unpacked" in await told("a.zip", bomb())


async def test_a_word_document_is_told_by_its_text() -> None:
    text = (
        "<w:p><w:r><w:t>This &amp; that</w:t><w:tab/><w:t xml:space='preserve'> x</w:t></w:r></w:p><w:p><w:t>two</w:t>"
    )
    said = await told("brief.docx", packed({"[Content_Types].xml": "", "word/document.xml": text}))
    assert said.endswith("a Word document (DOCX), its text:\nThis & that\t x\ntwo")


async def test_other_documents_that_are_archives_are_called_what_they_are() -> None:
    assert "a book (EPUB), 1 file in it" in await told("a.bin", packed({"mimetype": "application/epub+zip"}))
    assert "a presentation (PPTX), 1 file in it" in await told("a.pptx", packed({"ppt/presentation.xml": ""}))
    assert "a ZIP archive, 1 file" in await told("a.zip", packed({"mimetype": "of my own"}))
    assert "a ZIP archive, 0 files in it, 0 bytes unpacked" in await told("a.zip", packed({"empty/": ""}))


NAMES = st.sampled_from(["a.csv", "a.tsv", "a.json", "a.md", "a.png", "a.svg", "a", "a.bin", "a.geojson"])


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=300) | st.text(max_size=300).map(str.encode)), st.integers(0, 3_000))
async def test_no_file_makes_it_fail_or_pass_the_budget(files: Any, budget: int) -> None:
    said = await shown(files, budget)
    assert said.keys() == files.keys()
    assert sum(map(len, said.values())) <= budget


@pytest.mark.parametrize("text", ['"\\' * 200_000, "/*" * 200_000, '{"a": ' + '"\\"' * 200_000, "[1," + " ," * 200_000])
async def test_json_that_begins_a_thing_again_and_again_is_read_once(text: str) -> None:
    assert "could not be read as JSON" in await told("d.json", text.encode(), 500)
