"""How proofs are read."""

import pytest

from orchestrator.verify.proofs import MAX_LENGTH, MAX_STEPS, InvalidProof, Proof, ProofStep, parse_proof


def test_an_expression_alone_is_one_thing_to_expect() -> None:
    text = "document.querySelectorAll('li').length === 3\n  && !!document.title"
    assert parse_proof(f"\n{text}\n") == Proof(text, (ProofStep("expect", text),))
    assert not parse_proof(text).acts


def test_steps_are_read_line_by_line() -> None:
    proof = parse_proof(
        """
        fill "#name" "Ada \\"L\\""
        fill input[name='x'] two words
        fill '#size' with "1.7 l"

        click button.go;
        wait 2
        wait document.title !== ""
        expect document.body.innerText.includes("Ada")
        """
    )
    assert [(step.verb, step.what, step.value) for step in proof.steps] == [
        ("fill", "#name", 'Ada "L"'),
        ("fill", "input[name='x']", "two words"),
        ("fill", "#size", "1.7 l"),
        ("click", "button.go", ""),
        ("wait", "2", ""),
        ("wait", 'document.title !== ""', ""),
        ("expect", 'document.body.innerText.includes("Ada")', ""),
    ]
    assert proof.acts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to"),
        ("x" * (MAX_LENGTH + 1), "1 to"),
        ('click "#go"', "at least one `expect`"),
        ('click "#go"\ngoto https://example.com/\nexpect true', "must begin with"),
        ('fill "#name"\nexpect true', "a selector and a text"),
        ("click a\n" * (MAX_STEPS + 1), "at most"),
    ],
)
def test_what_is_no_proof_says_why(text: str, why: str) -> None:
    with pytest.raises(InvalidProof, match=why):
        parse_proof(text)
