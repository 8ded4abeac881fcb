"""Proofs in an answer: found, taken out, and never taken from within a file."""

from orchestrator.generate.reply.proofs import without_proofs
from orchestrator.generate.reply.reply import File, parse_reply

PAGE = '<file path="index.html">\n<!doctype html><title>x</title><p>x\n</file>\n'


def test_proofs_are_taken_out_and_the_later_one_counts() -> None:
    answer = (
        f'Plan.\n{PAGE}<proof check="1.2">\nclick "#a"\nexpect true\n</proof>\n<proof check=1.3>`a` === b</proof>\n'
        '<proof check="1.2">\n```js\n!!document.title\n```\n</proof>\n'
    )
    reply = parse_reply(answer)
    assert reply.changes == (File("index.html", "<!doctype html><title>x</title><p>x\n"),)
    assert reply.proofs == {"1.2": "!!document.title", "1.3": "`a` === b"}
    assert without_proofs(answer)[0] == f"Plan.\n{PAGE}"


def test_what_stands_in_a_file_is_part_of_it() -> None:
    page = '<file path="README.md">\n# x\n<proof check="1.1">\ntrue\n</proof>\n</file>\n'
    assert without_proofs(page) == (page, {})


def test_a_proof_that_does_not_end_is_none() -> None:
    answer = '<proof check="1.1">\ntrue\n' + PAGE
    assert without_proofs(answer) == (answer, {})
    assert [change.path for change in parse_reply(answer).changes] == ["index.html"]


def test_an_answer_of_nothing_but_tags_takes_no_time() -> None:
    for tag in ('<proof check="1.1">\n', "</proof>\n", '<file path="a">\n', "<proof check="):
        answer = tag * 50_000
        assert without_proofs(answer) == (answer, {})


def test_a_proof_that_speaks_of_files_makes_none() -> None:
    proof = 'expect file "data.json".json.length === 3\nexpect file("notes.md").includes("<file path=")'
    reply = parse_reply(f'{PAGE}<proof check="1.1">\n{proof}\n</proof>\n')
    assert [change.path for change in reply.changes] == ["index.html"]
    assert reply.proofs == {"1.1": proof}
    assert not reply.complaints
