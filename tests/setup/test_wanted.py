from pathlib import Path

import pytest

from orchestrator.setup.wanted import WORKFLOW, parse_workflow, select_values

REAL = (Path(__file__).parents[2] / WORKFLOW).read_text(encoding="utf-8")


def test_each_job_of_the_real_workflow_gets_its_own_secrets_and_no_other() -> None:
    env = {"TARGET_TOKEN": "pen", "OPENAI_API_KEY": "key", "LLM_MODELS": "gpt-4.1", "DISPATCH_TOKEN": "door"}
    asked = parse_workflow(REAL, env)
    assert asked.secrets == {"build": {"OPENAI_API_KEY": "key"}, "publish": {"TARGET_TOKEN": "pen"}}
    assert asked.variables == {"LLM_MODELS": "gpt-4.1"}
    assert "pen" not in repr(asked)


def test_tokens_of_other_hosts_go_to_job_publish_alone() -> None:
    asked = parse_workflow(REAL, {"NETLIFY_TOKEN": "n", "VERCEL_TOKEN": "v", "VERCEL_PUBLIC": "true"})
    assert asked.secrets == {"build": {}, "publish": {"NETLIFY_TOKEN": "n", "VERCEL_TOKEN": "v"}}
    assert asked.variables == {"VERCEL_PUBLIC": "true"}


@pytest.mark.parametrize(
    "environment", ["build", "{name: build}", "{name: build, deployment: false}", "{url: x, name: build}"]
)
def test_an_environment_is_known_by_its_name_in_whichever_form_it_stands(environment: str) -> None:
    text = f"jobs: {{a: {{environment: {environment}, env: {{K: '${{{{ secrets.K }}}}'}}}}}}"
    assert parse_workflow(text, {"K": "k"}).secrets == {"build": {"K": "k"}}


def test_two_jobs_of_one_environment_share_its_secrets() -> None:
    job = "{{environment: build, env: {{K: '${{{{ secrets.{} }}}}'}}}}"
    text = f"jobs: {{a: {job.format('A')}, b: {job.format('B')}}}"
    assert parse_workflow(text, {"A": "a", "B": "b"}).secrets == {"build": {"A": "a", "B": "b"}}


def test_what_is_empty_or_not_asked_for_is_left_out() -> None:
    text = "${{ secrets.A }} ${{secrets.B}} ${{ vars.A }} mysecrets.C"
    assert select_values("secrets", text, {"A": " ", "B": " b ", "C": "c"}) == {"B": "b"}
    assert select_values("vars", text, {"A": "a"}) == {"A": "a"}
