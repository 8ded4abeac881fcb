import pytest

from orchestrator.verify.foreign import find_foreign_name


@pytest.mark.parametrize("name", ["page", "expect", "cy", "driver", "$", "jQuery", "require", "process", "len", "str"])
def test_a_name_of_a_runner_of_node_or_of_python_is_one_that_no_page_has(name: str) -> None:
    assert find_foreign_name(f"ReferenceError: {name} is not defined") == name


@pytest.mark.parametrize(
    "error", ["ReferenceError: addToCart is not defined", "TypeError: page is not a function", "false", ""]
)
def test_what_a_page_could_have_is_the_page_s_own(error: str) -> None:
    assert find_foreign_name(error) == ""
