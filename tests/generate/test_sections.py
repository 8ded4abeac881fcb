"""Each later round has a dated section in the README, written by the model or added."""

from datetime import date

import pytest

from orchestrator.generate.sections import with_section

DAY = date(2026, 11, 26)


def test_a_readme_without_a_section_for_the_round_gets_one() -> None:
    made = with_section(b"# Shop\n\nShows a shop.\n", 2, DAY, ["app.js", "index.html"])
    assert made.decode() == (
        "# Shop\n\nShows a shop.\n\n## Round 2 (2026-11-26)\n\nChanged in this round:\n\n- `app.js`\n- `index.html`\n"
    )
    assert with_section(made, 2, DAY, ["app.js"]) == made


def test_the_section_of_an_earlier_round_is_not_that_of_this_one() -> None:
    made = with_section(b"# Shop\n\n## Round 2 (2026-11-20)\n\nBlue.\n", 3, DAY, [])
    assert b"## Round 3 (2026-11-26)\n\nNo file of the site changed" in made


@pytest.mark.parametrize(
    "heading",
    [
        "## Round 2 (2026-11-26)",
        "### 2026-11-26: dark mode",
        "## Round 2, 26 November 2026",
        "## Round 2: Nov 26, 2026",
    ],
)
def test_a_section_that_the_model_wrote_stays_as_it_is(heading: str) -> None:
    readme = f"# Shop\n\n{heading}\n\nAdds a dark mode.\n".encode()
    assert with_section(readme, 2, DAY, ["app.js"]) == readme


def test_a_heading_that_names_the_round_gets_the_date() -> None:
    made = with_section("# Shop\n\n## What is new in Round 2 ##\n\nDark é.\n".encode(), 2, DAY, ["app.js"])
    assert made.decode() == "# Shop\n\n## What is new in Round 2 (2026-11-26) ##\n\nDark é.\n"


def test_a_heading_in_a_code_fence_is_none() -> None:
    made = with_section(b"# Shop\n\n```md\n## Round 2 (2026-11-26)\n```\n", 2, DAY, ["app.js"])
    assert made.count(b"## Round 2 (2026-11-26)") == 2


def test_a_long_list_of_files_says_how_many_more_there_are() -> None:
    made = with_section(b"", 2, DAY, [f"{number}.js" for number in range(25)])
    assert made.startswith(b"## Round 2")
    assert b"- and 5 more\n" in made


@pytest.mark.parametrize("unit", ["# ", "#", "```\n", "`", "# Round 2\n", "## \t", "~~~~\n```\n"])
def test_a_large_readme_takes_no_time(unit: str) -> None:
    with_section((unit * (1_000_000 // len(unit))).encode(), 3, DAY, [])
    fences = "".join(f"{'`' * width}\n" for width in range(1_400, 3, -1))
    assert b"## Round 3" in with_section(fences.encode(), 3, DAY, [])
