"""Which encoding a text is in."""

import pytest

from orchestrator.generate.encodings import decode_partly, decode_text


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["a,b\r\n1,2\r\n", "имя цена\nёж 1\n", "名字,价格\n苹果,1\n", '{"é": 1}\n'])
def test_utf_16_without_a_mark_is_found(codec: str, text: str) -> None:
    found = decode_text(text.encode(codec))
    assert found is not None
    assert (found.text, found.encoding, found.has_mark) == (
        text,
        codec.upper().replace("-LE", "LE").replace("-BE", "BE"),
        False,
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\0\1",
        b"\0\0\0\0",
        b"\x01\x00\x02\x00",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0",
        b"a\0b\0\xff\xff\xff\xff",
        bytes(range(256)),
    ],
)
def test_bytes_with_zeros_that_are_no_text_are_not_taken_for_it(data: bytes) -> None:
    assert decode_text(data) is None


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-32"])
def test_a_letter_that_is_cut_at_the_end_is_left_out(codec: str) -> None:
    whole = "aé€".encode(codec)
    assert decode_text(whole[:-1]) is None or codec == "utf-8"
    found = decode_text(whole[:-1], is_cut=True)
    assert found is not None
    assert found.text == "aé"


def test_what_is_mostly_ascii_is_read_with_gaps() -> None:
    found = decode_partly(b"a long text and \x81\x8d")
    assert found is not None
    assert (found.text, found.lost) == ("a long text and \ufffd\ufffd", 2)
    assert decode_partly(b"\x81\x8d a") is None
    assert decode_partly(b"text \0 \x81") is None
