from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.task import Task, decode_data_uri, parse_task
from orchestrator.evaluator.templates import TaskTemplate, fill_template, read_template

SALES = """\
id: sales
brief: Title "Sales ${seed}", in `${page}`.
attachments:
  - name: data.csv
    content: |
      product,sales
      Widget,${price}
      Gadget, 2.50
  - name: logo.png
    url: https://example.com/logo.png
vars:
  price: {random: [10, 99]}
  total: {sum: data.csv, column: sales}
  rows: {count: data.csv}
  currency: EUR
checks:
  - js: total === ${total} && rows === ${rows} && `${seed}-${other}`
  - "README.md mentions '${currency}'"
round2:
  - brief: One ${total}
  - brief: Two ${total}
    vars: {rates: {count: rates.csv}}
    attachments: [{name: rates.csv, content: "a,b\\n1,2\\n"}]
    checks: ["${rates} rates, ${rows} rows"]
round3: {brief: Last}
"""


def template(text: str, folder: Path) -> TaskTemplate:
    path = folder / "template.yaml"
    path.write_text(text, encoding="utf-8")
    return read_template(path)


def test_holes_are_filled_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    first, _, last = fill_template(template(SALES, tmp_path), "ab12")
    assert first.brief == 'Title "Sales ab12", in `${page}`.'
    content = decode_data_uri(first.attachments[0]["url"]).decode()
    price = int(content.splitlines()[1].partition(",")[2])
    assert 10 <= price <= 99
    assert first.checks[0] == {"js": f"total === {price + 2}.50 && rows === 2 && `ab12-${{other}}`"}
    assert first.checks[1] == "README.md mentions 'EUR'"
    assert first.attachments[1] == {"name": "logo.png", "url": "https://example.com/logo.png"}
    assert first.attachments[0]["url"].startswith("data:text/csv;")
    assert last.brief == "Last"


def test_a_seed_gives_the_same_task_again_and_another_one_another(tmp_path: Path) -> None:
    sales = template(SALES, tmp_path)
    assert fill_template(sales, "one") == fill_template(sales, "one")
    tasks = [fill_template(sales, str(seed)) for seed in range(40)]
    assert len({task[0].attachments[0]["url"] for task in tasks}) > 20
    assert {task[1].brief.partition(" ")[0] for task in tasks} == {"One", "Two"}
    assert {task[1].checks for task in tasks} == {(), ("1 rates, 2 rows",)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "template: Value error, a template must be a mapping"),
        ("- id: x", "a template must be a mapping"),
        ("id: x\nbrief: b\nround3: {brief: c}", "without a gap"),
        ("id: x\nbrief: b\nround2: []", "rounds.0"),
        ("id: x\nbrief: b\nchecks: wrong", "checks"),
        ("id: x\nbrief: b\ncheck: []", "check: Extra inputs"),
        ("id: x", "brief: Field required"),
        ("id: x\nbrief: b\nvars: {a: {random: [2, 1]}}", "must not be above"),
        ("id: x\nbrief: b\nattachments: [{name: a}]", "either content or url"),
        ("id: [", "is not valid YAML"),
        ("a: &a [*a]", "brief"),
    ],
)
def test_what_is_no_template_is_named_with_its_file(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"template\.yaml") as refused:
        template(text, tmp_path)
    assert says in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml could not be read"):
        read_template(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("vars: {a: {sum: b.csv, column: c}}", "there is no attachment b.csv"),
        ("vars: {a: {count: b.csv}}", "there is no attachment b.csv"),
        ('attachments: [{name: b.csv, content: "x\\n1"}]\nvars: {a: {sum: b.csv, column: c}}', "has no column c"),
        pytest.param(
            f'attachments: [{{name: b.csv, content: "c\\n{"9" * 200_000}"}}]\nvars: {{a: {{sum: b.csv, column: c}}}}',
            "b.csv could not be read as CSV",
            id="a field without an end",
        ),
        ('attachments: [{name: b.csv, content: "c\\none"}]\nvars: {a: {sum: b.csv, column: c}}', "not a number"),
        ("attachments: [{name: ../b.csv, content: x}]", "attachments.0.name"),
        ("attachments: [{name: a, content: x}, {name: a, content: y}]", "used twice"),
    ],
)
def test_what_cannot_be_filled_in_is_named_with_its_round(more: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Template x, round 1") as refused:
        fill_template(template(f"id: x\nbrief: b\n{more}", tmp_path), "seed")
    assert says in str(refused.value)


def test_the_template_in_the_docs_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    text = page[page.index("id: sum-of-sales  ") :].partition("```")[0]
    first, second = fill_template(template(text, tmp_path), "ab12")
    price = decode_data_uri(first.attachments[0]["url"]).decode().split(",")[-1].strip()
    assert first.checks[0] == {"js": f'document.querySelector("#total").textContent === "{price}"'}
    assert second.checks == ("js: document.querySelectorAll('select').length === 1",)


def test_every_round_is_a_task(tmp_path: Path) -> None:
    for number, wanted in enumerate(fill_template(template(SALES, tmp_path), "seed"), 1):
        assert parse_task(Task, {"task": "t", "round": number, "nonce": "n", **vars(wanted)}).brief == wanted.brief


def test_a_csv_file_whose_lines_end_in_cr_alone_is_read(tmp_path: Path) -> None:
    more = 'attachments: [{name: b.csv, content: "c\\r2\\r3"}]\nvars: {a: {sum: b.csv, column: c}}'
    (wanted,) = fill_template(template(f"id: x\nbrief: b ${{a}}\n{more}", tmp_path), "seed")
    assert wanted.brief == "b 5"
