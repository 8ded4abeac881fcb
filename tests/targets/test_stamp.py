import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.targets.stamp import is_of, public_files, site_name, stamp
from orchestrator.targets.target import Release

KEY = "0123456789abcdef"
RELEASE = Release("octo/sales", "c" * 40, (KEY, "f" * 16), "a" * 16, 3, {})


@given(st.text(), st.text(string.hexdigits.lower()[:16], min_size=16, max_size=16))
def test_a_name_is_a_label_that_leaves_room_for_a_round_and_for_digits(repository: str, key: str) -> None:
    name = site_name(repository, key)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
    assert len(f"round-999999999--{name}-12345678") <= 63
    assert "--" not in name
    assert name.endswith(key[:12])


def test_a_stamp_is_read_back_by_any_key_of_the_task() -> None:
    assert RELEASE.request in stamp(RELEASE)
    assert RELEASE.head in stamp(RELEASE)
    assert is_of(stamp(RELEASE), ("f" * 16, KEY))


@pytest.mark.parametrize("title", [None, "", "My deploy", f"Pagewright task {'0' * 16}, x", 7])
def test_other_titles_are_nobodys(title: object) -> None:
    assert not is_of(title, (KEY,))


def test_hidden_files_and_what_steers_a_host_are_kept_back() -> None:
    kept = ["index.html", "a b/ä.js", "LICENSE", "headers.txt"]
    back = [".nojekyll", "a/.b/c", "_redirects", "x/_HEADERS", "netlify.toml", "_worker.js/index.js", "a#b", "c?d"]
    assert list(public_files(dict.fromkeys([*kept, *back], b""))) == kept
