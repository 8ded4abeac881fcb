from orchestrator.generate.reply.declarations import without_declarations
from orchestrator.generate.reply.reply import File, parse_reply

ANSWER = """The script adds up the wrong column.

<change path="./sum.py">fixing the error in sum.py</change>
<file path="sum.py">
print(1)
</file>
"""


def test_a_declaration_names_the_attachment_and_quotes_the_brief() -> None:
    reply = parse_reply(ANSWER)
    assert reply.declared == {"sum.py": "fixing the error in sum.py"}
    assert reply.changes == (File("sum.py", "print(1)\n"),)
    assert reply.complaints == ()


def test_what_stands_inside_a_file_is_part_of_the_file() -> None:
    text = '<file path="a.md">\n<change path="x">one two three</change>\n</file>\n'
    assert without_declarations(text) == (text, {})


def test_half_a_declaration_is_none_and_the_later_of_two_counts() -> None:
    assert without_declarations('<change path="a">x') == ('<change path="a">x', {})
    both = '<change path="a">one</change>\n<change path="a">two</change>\n'
    assert without_declarations(both) == ("", {"a": "two"})
