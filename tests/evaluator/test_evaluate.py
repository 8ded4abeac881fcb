"""The command: what it reads, what it prints, what it keeps."""

import asyncio
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.settings import evaluator_settings
from orchestrator.evaluator.evaluate import EvaluateOptions, run_evaluate
from tests.doubles.hub import Hub
from tests.doubles.student import SECRET, student

pytestmark = pytest.mark.anyio

TEMPLATE = "id: sales\nbrief: Sum\nround2: {brief: More}\n"
ERROR = {"error": "=HYPERLINK(1)\x1b[2J"}


@pytest.fixture
def options(tmp_path: Path) -> EvaluateOptions:
    template = tmp_path / "sales.yaml"
    template.write_text(TEMPLATE)
    return EvaluateOptions(
        files=[template],
        receiver="http://127.0.0.1:9",
        secret=SECRET,
        email="a@b.c",
        endpoints=None,
        listen="127.0.0.1:0",
        public_url="",
        data=tmp_path / "data",
        csv=None,
        as_json=True,
    )


async def evaluated(options: EvaluateOptions, capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    """Run the command in a thread of its own; return what it printed, read as JSON, and what it said meanwhile."""
    assert await asyncio.to_thread(run_evaluate, options, evaluator_settings({})) == 0
    out, err = capsys.readouterr()
    return (json.loads(out) if options.as_json else out), err


async def test_a_class_is_evaluated_into_json_csv_and_a_table(
    options: EvaluateOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with student({1: ERROR}) as endpoint:
        known = tmp_path / "class.csv"
        rows = [f"a@b.c,{endpoint.url},", f"d@e.f,{endpoint.url},wrong"]
        known.write_text("\ufeff" + "\n".join(["email,endpoint,secret", *rows]), encoding="utf-8")
        asked = replace(options, receiver="", endpoints=known, csv=tmp_path / "out.csv", private=True)
        entries, said = await evaluated(asked, capsys)
        table, _ = await evaluated(replace(asked, as_json=False), capsys)
    assert [(entry["email"], entry["outcome"]) for entry in entries] == [
        ("a@b.c", "error"),
        ("a@b.c", "skipped"),
        ("d@e.f", "refused"),
        ("d@e.f", "skipped"),
    ]
    assert said.startswith("Evaluation 1, kept in ")
    assert "0 of 4 rounds live, 0 of 0 checks passed" in table
    written = list(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["outcome"] for row in written] == ["error", "skipped", "refused", "skipped"]
    assert written[0]["problem"] == "'=HYPERLINK(1) [2J"
    assert SECRET not in json.dumps(entries) + said + table + (tmp_path / "out.csv").read_text()


async def test_what_was_stopped_goes_on_and_what_is_over_begins_anew(
    options: EvaluateOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    async with student({1: ERROR}) as endpoint:
        asked = replace(options, receiver=endpoint.url)
        first, _ = await evaluated(asked, capsys)
        second, said = await evaluated(asked, capsys)
        assert said.startswith("Evaluation 2")
        assert first[0]["nonce"] != second[0]["nonce"]
        assert len(endpoint.requests) == 2


async def test_results_reach_it_by_its_public_address(
    options: EvaluateOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    async with student({}, b"HTTP/1.1 400 -\r\ncontent-length: 0\r\n\r\n") as endpoint:
        await evaluated(replace(options, receiver=endpoint.url, public_url="https://me.example/deep/"), capsys)
        assert endpoint.requests[0]["evaluation_url"] == "https://me.example/deep/notify"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"receiver": ""}, "exactly one of --receiver and --endpoints"),
        ({"endpoints": Path("class.csv")}, "exactly one of --receiver and --endpoints"),
        ({"secret": ""}, "set SHARED_SECRET"),
        ({"receiver": "ftp://a"}, "--receiver, endpoint 1: must be an http"),
        ({"receiver": "http://8.8.8.8/"}, "Pass --public-url"),
        ({"email": " "}, "e-mail or secret is missing"),
        ({"listen": "127.0.0.1"}, "Cannot listen on 127.0.0.1"),
        ({"listen": "127.0.0.1:99999"}, "Cannot listen on"),
        ({"listen": "none.invalid:0"}, "Cannot listen on"),
        ({"csv": Path("none/out.csv")}, "none/out.csv cannot be written"),
        ({"csv": Path("/")}, "/ cannot be written"),
        ({"files": [Path("none.yaml")]}, "none.yaml could not be read"),
    ],
)
async def test_what_cannot_be_evaluated_is_an_error_with_a_remedy(
    changes: dict[str, Any], says: str, options: EvaluateOptions
) -> None:
    with pytest.raises(UsageError) as refused:
        await asyncio.to_thread(run_evaluate, replace(options, **changes), evaluator_settings({}))
    assert says in str(refused.value)


async def test_two_templates_of_one_id_are_refused(options: EvaluateOptions) -> None:
    with pytest.raises(UsageError, match="same id"):
        await asyncio.to_thread(
            run_evaluate, replace(options, files=[*options.files, *options.files]), evaluator_settings({})
        )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no endpoint"),
        ("email,endpoint,secret\n", "names no endpoint"),
        ("mail,url\na,b\n", "names no endpoint"),
        ("email,endpoint\na@b.c,http://127.0.0.1:9\na@b.c,http://127.0.0.1:9\n", "names an endpoint twice"),
        ("email,endpoint\na@b.c,nowhere\n", "endpoint 1: must be an http"),
        ("email,endpoint\na@b.c\n", "endpoint 1: must be an http"),
        (b"email,endpoint\n\xff\n", "could not be read as CSV"),
    ],
)
async def test_a_list_of_endpoints_that_is_wrong_is_named(
    text: str | bytes, says: str, options: EvaluateOptions, tmp_path: Path
) -> None:
    (tmp_path / "class.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=r"class\.csv") as refused:
        await asyncio.to_thread(
            run_evaluate, replace(options, receiver="", endpoints=tmp_path / "class.csv"), evaluator_settings({})
        )
    assert says in str(refused.value)


async def test_what_could_not_be_judged_stays_open_and_the_command_says_so(
    options: EvaluateOptions, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"repo_url": f"{hub.host.url}/octo/sales", "commit_sha": "0" * 40, "pages_url": hub.host.url}
    env = {"GITHUB_API_URL": hub.host.url, "GITHUB_TOKEN": "expired"}
    async with student({1: told}) as endpoint:
        asked = replace(options, receiver=endpoint.url)
        assert await asyncio.to_thread(run_evaluate, asked, evaluator_settings(env)) == 1
        out, said = capsys.readouterr()
        assert [entry["outcome"] for entry in json.loads(out)] == ["open", "open"]
        assert "not judged (GitHub answered 401" in said
        assert await asyncio.to_thread(run_evaluate, asked, evaluator_settings(env)) == 1
        assert capsys.readouterr().err.startswith("Continuing evaluation 1")
        assert len(endpoint.requests) == 1
