"""Comments that stand for code left out, and honest ones that look alike."""

import pytest

from orchestrator.generate.reply.elisions import find_elision
from orchestrator.generate.reply.reply import parse_reply


@pytest.mark.parametrize(
    "line",
    [
        "// ... keep existing code (show function)",
        "/* … resto del código igual */",
        "<!-- ... rest of the page -->",
        "# ... wie bisher",
        "<!-- rest of page -->",
        "// rest of the component",
        "/* rest of your stylesheet */",
        "# --- unchanged ---",
        "// === same as before ===",
        "// Rest unchanged",
        "<!-- everything else stays the same -->",
        "// the rest of the functions is the same",
        "// rest unchanged (header, footer, cart)",
        "/* Der Rest bleibt unverändert */",
        "// Restlicher Code wie bisher",
        "// le reste du code est inchangé",
        "// el resto del archivo sin cambios",
        "// o restante do código sem alterações",
        "// il resto è invariato",
        "// остальной код без изменений",
        "// 其余代码不变",
        "/* 残りは変更なし */",
        "// 나머지 코드는 그대로",
        "# pozostały kod bez zmian",
        "-- rest of file omitted",
        "// code existant inchangé",
        "// el código existente sigue aquí",
        "// kod bez zmian",
        "// 保持原有代码不变",
        "// 省略其他代码",
        "// (以下省略)",
        "// 기존 코드 유지",
        "// \u22ef",
        "/* . . . */",
        "// [truncated]",
        "<!-- snip -->",
        "function show() { /* ... existing ... */ }",
        "function show() { // ... as it was",
    ],
)
def test_a_line_that_stands_for_code_left_out_is_found(line: str) -> None:
    assert find_elision(f"const total = 1;\n{line}\n\nshow();\n")
    reply = parse_reply(f'<file path="app.js">\nconst total = 1;\n{line}\n\nshow();\n</file>\n')
    assert reply.changes == ()
    assert "placeholder" in reply.complaints[0].text


@pytest.mark.parametrize(
    "code",
    [
        "const { a, ...rest } = all; // ...rest holds the others",
        "// ...rest holds the others\nconst { a, ...rest } = all;",
        "// The remaining time stays the same while paused",
        "/* The rest of the week */\n.week {}",
        "// the rest stays the same size",
        "/* --- Other --- */\nh1 {}",
        "// === Code ===\nrun();",
        "// keep the same order",
        "const dots = '...';",
        'status.textContent = "Loading...";',
        "call(/* ... */);",
        "# unchanged since 2019",
        "// Same total as in the table above",
        "/* same */\n.a {}",
        "<button>\n\u22ee\n</button>",
        "// 省略可能\nlet a;",
        "// Truncated to 80 characters\nreturn s.slice(0, 80);",
        "// The rest of the word stays the same\nreturn word.slice(1);",
        "// Rest of the digits: unchanged\nreturn digits;",
        "// The remaining lines are the same\nreturn lines;",
        "// all other lines remain as is\nreturn lines;",
        "# Keep everything else\nrows = rows[1:]",
        "// El resto de la división es igual\nif (n % 2 === 0) {}",
        "// keep the rest\nall.push(...rest);",
    ],
)
def test_an_honest_comment_is_none(code: str) -> None:
    assert find_elision(f"let total = 1;\n{code}\nshow();\n") == ""


@pytest.mark.parametrize(
    "line",
    [
        "// the rest of the code stays the same",
        "// остальной код без изменений",
        "/* el resto del archivo sin cambios */",
        "// keep the rest as is",
        "// Rest unchanged",
    ],
)
def test_a_sentence_about_the_code_is_no_heading_of_the_next_line(line: str) -> None:
    assert find_elision(f"const total = 1;\n{line}\nshow();\n", "app.js")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("poem.txt", "And so on\n…\n"),
        ("data.csv", "name,text\n...,b\n"),
        ("conf.yaml", "a: 1\n...\n"),
        ("stub.py", "def stub():\n    ...\n"),
        ("test.py", 'def a():\n    """\n    >>> for b in c:\n    ...     print(b)\n    """\n'),
    ],
)
def test_dots_that_belong_to_a_file_are_none(path: str, text: str) -> None:
    assert find_elision(text, path) == ""
    assert find_elision("import a\n...\nb()\n", "sum.py")


@pytest.mark.parametrize("unit", ["// ", "... ", "// rest ", "/* ... ", "# the rest same ", "{ /* ... "])
def test_looking_takes_no_time(unit: str) -> None:
    find_elision(unit * 50_000)
    find_elision(f"{unit}\n" * 20_000)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("// a" + " " * 250 + "b", False),
        ("/* rest of the code unchanged */", True),
        ("{/* ... rest of the page */}", True),
        ("<!-- ...... -->", True),
        ("// rest " + "a" * 280, False),
        ("// der Rest des Codes bleibt unverändert", True),
        ("// restlicher Code unverändert", True),
        ("// 残りは同じ", True),
        ("...." * 70 + "x", False),
    ],
)
def test_a_wide_line_is_read_like_a_narrow_one(line: str, is_one: bool) -> None:  # noqa: FBT001
    assert bool(find_elision(f"{line}\n", "a.js")) is is_one


def test_a_remark_about_a_spread_counts_where_code_spreads_that_name_or_a_longer_one() -> None:
    remark = "// ...rest holds the others\n"
    assert not find_elision(f"{remark}const {{a, ...rest}} = b;\n", "a.js")
    assert not find_elision(f"{remark}const {{a, ...restful}} = b;\n", "a.js")
    assert find_elision(f"{remark}const {{a, ...others}} = b;\n", "a.js")
    assert find_elision(f"{remark}{remark}", "a.js")
