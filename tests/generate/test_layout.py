"""Where the table begins in a file of delimited text."""

import pytest

from orchestrator.generate.fallback import Ask, fallback_site
from orchestrator.generate.layout import split_csv_lines
from orchestrator.generate.tables import read_csv

ALL = ",;\t|"


@pytest.mark.parametrize(
    ("text", "before", "names"),
    [
        ("Report generated 2024-01-01\n\nproduct,sales\nA,10\nB,20\n", 2, ["product", "sales"]),
        ("Title\nproduct,sales\nA,10\nB,20\n", 1, ["product", "sales"]),
        ("Title,,\n,,\nproduct,sales,region\nA,1,x\nB,2,y\n", 2, ["product", "sales", "region"]),
        ("Sales report, 2024\n\nproduct,sales\nA,10\n", 2, ["product", "sales"]),
        ("Monthly figures\nAll amounts in EUR, net\n\nmonth,amount\nJan,10\nFeb,20\n", 3, ["month", "amount"]),
        ("Made;2024-01-01\nBy;Max\n\nproduct;sales;region\nA;1;x\nB;2;y\n", 3, ["product", "sales", "region"]),
        ("# one, two\n# three\nname,sales\nx,1\n", 2, ["name", "sales"]),
        ("% a comment\n% another\nname,sales\nx,1\n", 2, ["name", "sales"]),
        (
            "Konto;DE123\nZeitraum;Januar\nTag;Betrag;Text\n1.1.;-12,50;Miete\n2.1.;3,00;X\n",
            2,
            ["Tag", "Betrag", "Text"],
        ),
        ("Population\n\ncountry\t2020\t2021\nA\t1\t2\n", 2, ["country", "2020", "2021"]),
        ("\n\nname,sales\nx,1\n", 2, ["name", "sales"]),
        ('"A title\nof two lines"\n\nname,sales\nx,1\n', 3, ["name", "sales"]),
        ("sep=;\nname;amount\na;1\n", 1, ["name", "amount"]),
        ('"sep=^"\r\nname^amount\r\na^1\r\n', 1, ["name", "amount"]),
        ("SEP=\t\nname\tamount\na\t1\n", 1, ["name", "amount"]),
        ("sep=;;;\nTitle\n\nname;amount\na;1\n", 3, ["name", "amount"]),
    ],
)
def test_what_stands_before_the_header_is_no_part_of_the_table(text: str, before: int, names: list[str]) -> None:
    table = read_csv(text, ALL)
    assert list(table.before) == split_csv_lines(text)[:before]
    assert [column.name for column in table.columns] == names


@pytest.mark.parametrize(
    "text",
    [
        "name,sales\nx,1\n",
        "country,2020,2021\nA,1,2\n",
        "a,\n1\n\n1,2,3\n,,\n",
        "a\n1,2\n3,4\n",
        "first,last\nJohn,Smith\n\nJane,Doe\nMax,Roe\n",
        "product,sales\nA,1\n\nB,2\nC,3\nD,4\n",
        "#id,name\n1,x\n",
        ",one,two\nx,1,2\n",
        "name\nx\ny\n",
        "separator,b\n1,2\n",
        "Title\n\n1,2\n3,4\n",
        "name\nx\ny, z\n",
    ],
)
def test_in_doubt_the_first_row_is_the_header(text: str) -> None:
    table = read_csv(text, ALL)
    assert not table.before
    assert table.columns[0].name in (text.partition(",")[0], text.partition("\n")[0], "Column 1")


def test_lines_are_counted_as_a_reader_of_tables_counts_them() -> None:
    assert split_csv_lines("a\r\nb\rc\u2028d\n") == ["a", "b", "c\u2028d"]


def test_the_template_shows_what_stood_above_a_table() -> None:
    files = {"a.csv": b"Sales <2024>,\n,\nname,n\nx,1\ny,2\n", "b.csv": b"sep=;\nname;n\nx;1\n"}
    page = fallback_site("x", [Ask(1, "Show.")], files)["index.html"].decode()
    assert "Above the table: Sales &lt;2024&gt;," in page
    assert page.count("Above the table") == 1
    assert "<caption><span>2 rows</span></caption>" in page
