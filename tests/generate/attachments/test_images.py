"""Which pictures a model is shown."""

import pytest

from orchestrator.generate.attachments.images import (
    MAX_BYTES,
    MAX_SIDE,
    SHOWN,
    choose_images,
    detect_media_type,
    image_dimensions,
)
from tests.doubles.documents import png


def test_pictures_are_known_by_their_bytes_and_not_by_their_names() -> None:
    files = {"a.txt": png(2, 3), "b.png": b"<html>", "c.gif": b"GIF89a\x02\x00\x03\x00"}
    assert [(image.name, image.media_type) for image in choose_images(files)] == [
        ("a.txt", "image/png"),
        ("c.gif", "image/gif"),
    ]
    assert image_dimensions(files["a.txt"]) == (2, 3)


def test_only_the_first_few_are_shown() -> None:
    files = {f"{number}.png": png(1, 1) for number in range(SHOWN + 3)}
    assert [image.name for image in choose_images(files)] == list(files)[:SHOWN]


def test_what_providers_refuse_is_left_out() -> None:
    large, wide = png(1, 1) + b"\0" * MAX_BYTES, png(MAX_SIDE + 1, 1)
    assert choose_images({"large.png": large, "wide.png": wide, "broken.jpg": b"\xff\xd8\xff"}) == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"", None),
    ],
)
def test_the_kinds_are_those_that_models_take(data: bytes, kind: str | None) -> None:
    assert detect_media_type(data) == kind


def test_a_picture_that_comes_late_to_its_size_is_not_waited_for() -> None:
    size = b"\xff\xc0\x00\x11\x08\x00\x03\x00\x02\x03" + bytes(9)
    segment = b"\xff\xe0\xff\xff" + bytes(65_533)
    assert image_dimensions(b"\xff\xd8" + segment + size) == (2, 3)
    assert image_dimensions(b"\xff\xd8" + segment * 20 + size) == (-1, -1)
