"""Files in the expressions of proofs."""

import pytest

from orchestrator.verify.proofs import parse_proof
from orchestrator.verify.quoting import MissingFile, empty_out_file, fill_in_files, speaks_of_files

FILES = {
    "notes.md": "\ufeffTwo “words”\n".encode(),
    "data.json": b'{"rows": [{"price": 2}]}',
    "bad.json": b"{",
    "a.yaml": b"n: 1\nday: 2024-01-01\n",
    "a.csv": b"name,n\nx,1\n",
    "Makefile": b"all:",
    "long.txt": b"x" * 300_000,
}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ('file "notes.md".trim() === "x"', '("Two \\u201cwords\\u201d\\n").trim() === "x"'),
        ("file('Makefile').text.length", '("all:").length'),
        ('JSON.parse(file "data.json").rows', 'JSON.parse(("{\\"rows\\": [{\\"price\\": 2}]}")).rows'),
        ('JSON.parse(file("data.json")).rows', 'JSON.parse(("{\\"rows\\": [{\\"price\\": 2}]}")).rows'),
        ('file "./data.json".json.rows[0].price > 0', '({"rows": [{"price": 2}]}).rows[0].price > 0'),
        ('(file "data.json" as json).rows', '(({"rows": [{"price": 2}]})).rows'),
        ("file(`data.json`).parsed.rows.length", '({"rows": [{"price": 2}]}).rows.length'),
        ("file('a.yaml').yaml.n === 1", '({"n": 1, "day": "2024-01-01"}).n === 1'),
        ("file('a.csv').csv()[0].n", '([{"name": "x", "n": "1"}])[0].n'),
        ('file "notes.md".exists && !file "gone.md".exists', "true && !false"),
        ("document.querySelector('[type=\"file\"]') !== null", "document.querySelector('[type=\"file\"]') !== null"),
        ("the.file 'notes.md'", "the.file 'notes.md'"),
        ("file 'of no name'", "file 'of no name'"),
    ],
)
def test_a_file_stands_for_what_it_holds(said: str, meant: str) -> None:
    proof = parse_proof(said)
    assert fill_in_files(proof, FILES).steps[0].what == meant
    assert speaks_of_files(proof) is (said != meant)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('file "gone.json".json.x', "there is no `gone.json`"),
        ('file "Notes.md".length', "there is `notes.md`"),
        ('file "bad.json".json', "`bad.json` is not valid JSON"),
        ('file "long.txt".length', "too long"),
    ],
)
def test_what_is_not_there_or_of_another_form_says_so(said: str, why: str) -> None:
    with pytest.raises(MissingFile, match=why):
        fill_in_files(parse_proof(said), FILES)


def test_only_what_is_evaluated_speaks_of_files() -> None:
    proof = parse_proof("fill '#name' \"file 'notes.md'\"\nexpect true")
    assert not speaks_of_files(proof)
    assert fill_in_files(proof, FILES) == proof


def test_a_file_without_its_content_keeps_its_form() -> None:
    assert empty_out_file("a.json", b" [1]") == b"[]"
    assert empty_out_file("a.json", b'{"a": 1}') == b"{}"
    assert empty_out_file("a.md", b"text") == b""
