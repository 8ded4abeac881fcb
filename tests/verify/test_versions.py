"""Which version an address takes."""

import pytest

from orchestrator.verify.versions import newest_version

KNOWN = ["1.2.3", "1.10.0", "2.0.0-beta.1", "0.2.5", "0.3.0", "no version"]


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("", "1.10.0"),
        ("latest", "1.10.0"),
        ("1", "1.10.0"),
        ("1.x", "1.10.0"),
        ("1.2", "1.2.3"),
        ("1.2.3", "1.2.3"),
        ("^1.2.0", "1.10.0"),
        ("~1.2.0", "1.2.3"),
        ("~1", "1.10.0"),
        ("^0.2.1", "0.2.5"),
        (">=0.3.0", "1.10.0"),
        ("2.0.0-beta.1", "2.0.0-beta.1"),
        ("2", None),
        ("1.2.4", None),
        ("^1.11.0", None),
        ("beta", None),
        ("1 || 2", None),
    ],
)
def test_the_newest_version_that_is_asked_for_is_taken(wanted: str, chosen: str | None) -> None:
    assert newest_version(wanted, KNOWN) == chosen
