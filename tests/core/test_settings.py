from pathlib import Path

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.settings import (
    build_config,
    build_settings,
    load_environment,
    log_files,
    model_settings,
    publish_config,
    publish_settings,
    quiet_litellm,
)

ENV = {"GITHUB_REPOSITORY": "octo/pagewright", "GITHUB_REPOSITORY_OWNER": "octo", "TARGET_TOKEN": "t0ken"}


def refused(env: dict[str, str]) -> str:
    with pytest.raises(UsageError) as caught:
        publish_settings(env)
    return caught.value.cause


def test_what_is_not_set_has_its_default() -> None:
    settings = publish_settings(ENV)
    actions = settings.actions
    assert (actions.repository, actions.owner, actions.attempt) == ("octo/pagewright", "octo", 1)
    assert (actions.api_url, actions.server_url) == ("https://api.github.com", "https://github.com")
    assert (actions.deadline_s, actions.allow_workflows, actions.allow_private_urls) == (600, False, False)
    assert (actions.is_github_hosted, actions.token, settings.target_token) == (False, "", "t0ken")
    built = build_settings(ENV)
    assert (built.models.chain, built.models.api_base, built.models.max_cost_usd, built.browser) == ((), "", 1.0, None)
    assert (built.models.keys, built.models.endpoints) == ({}, {})


def test_a_variable_that_is_empty_is_one_that_is_not_set() -> None:
    empty = dict.fromkeys(
        ("TASK_DEADLINE_S", "MAX_COST_USD", "ALLOW_WORKFLOWS", "TARGET_OWNER", "LLM_MODELS", "BROWSER"), " "
    )
    assert build_settings(ENV | empty) == build_settings(ENV)


def test_what_is_set_is_taken() -> None:
    env = ENV | {
        "TARGET_OWNER": "pages",
        "GITHUB_API_URL": "http://127.0.0.1:1/",
        "GITHUB_SERVER_URL": "http://127.0.0.1:2/",
        "GITHUB_RUN_ID": "9",
        "GITHUB_RUN_ATTEMPT": "2",
        "RUNNER_ENVIRONMENT": "github-hosted",
        "TASK_DEADLINE_S": "90.5",
        "ALLOW_WORKFLOWS": "TRUE",
        "ALLOW_PRIVATE_URLS": "1",
        "LLM_MODELS": " a, ,openai/gpt-4.1,",
        "LLM_API_BASE": "http://127.0.0.1:3",
        "MAX_COST_USD": "0.2",
        "MAX_ATTEMPTS": "2",
        "OPENAI_API_KEY": " key ",
        "BROWSER": "/usr/bin/chrome",
        "GITHUB_TOKEN": "ghs",
    }
    settings = build_settings(env)
    actions, models = settings.actions, settings.models
    assert (actions.owner, actions.attempt, actions.deadline_s, actions.token) == ("pages", 2, 90.5, "ghs")
    assert (actions.api_url, actions.server_url) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert build_config(env).run_url == "http://127.0.0.1:2/octo/pagewright/actions/runs/9"
    assert actions.allow_workflows
    assert actions.allow_private_urls
    assert actions.is_github_hosted
    assert (models.chain, models.api_base, models.max_cost_usd) == (("a", "openai/gpt-4.1"), "http://127.0.0.1:3", 0.2)
    assert models.keys == {"OPENAI_API_KEY": "key"}
    assert settings.browser == Path("/usr/bin/chrome")
    assert (settings.max_attempts, build_settings({"TARGET_OWNER": "x"}).max_attempts) == (2, 4)


def test_a_new_providers_key_and_endpoint_need_no_code() -> None:
    models = model_settings(
        {
            "NEW_API_KEY": "k",
            "EMPTY_API_KEY": " ",
            "NEW_API_KEY_FILE": "f",
            "NEW_API_BASE": "https://new.example",
            "NEW_API_VERSION": "2",
            "LLM_API_BASE": "https://mine.example",
            "GITHUB_TOKEN": "t",
        }
    )
    assert models.keys == {"NEW_API_KEY": "k"}
    assert models.endpoints == {"NEW_API_BASE": "https://new.example", "NEW_API_VERSION": "2"}
    assert models.api_base == "https://mine.example"


def test_what_says_which_models_to_ask_needs_no_github_and_is_checked_all_the_same() -> None:
    assert model_settings({}).chain == ()
    with pytest.raises(UsageError, match="MAX_COST_USD must be a number above 0"):
        model_settings({"MAX_COST_USD": "much"})


def test_the_owner_is_that_of_the_pipeline_where_nobody_says_otherwise() -> None:
    assert publish_settings({"GITHUB_REPOSITORY": "ann/pipe", "TARGET_TOKEN": "t"}).actions.owner == "ann"


def test_one_error_names_everything_that_is_missing_or_wrong_and_what_it_is_for() -> None:
    said = refused({"TASK_DEADLINE_S": "soon", "ALLOW_WORKFLOWS": "perhaps", "ALLOW_PRIVATE_URLS": "2"})
    assert "TARGET_TOKEN is missing (the token that creates the repository, commits, and enables Pages)" in said
    assert "TARGET_OWNER is missing (the account that owns the sites)" in said
    assert "TASK_DEADLINE_S must be a number above 0" in said
    assert "ALLOW_WORKFLOWS must be true or false; ALLOW_PRIVATE_URLS must be true or false" in said
    with pytest.raises(UsageError, match="TARGET_OWNER is missing"):
        build_settings({})


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e999", "x", "1,5"])
@pytest.mark.parametrize("name", ["TASK_DEADLINE_S", "GITHUB_RUN_ATTEMPT"])
def test_a_number_is_finite_and_above_0(name: str, value: str) -> None:
    assert refused(ENV | {name: value}) == f"Settings: {name} must be a number above 0."


def test_no_error_and_no_representation_holds_a_secret() -> None:
    env = ENV | {"GITHUB_TOKEN": "gh-secret", "OPENAI_API_KEY": "key-secret", "MAX_COST_USD": "value-secret"}
    with pytest.raises(UsageError) as caught:
        build_settings(env)
    assert "secret" not in str(caught.value)
    del env["MAX_COST_USD"]
    assert "secret" not in repr(build_settings(env))
    assert "t0ken" not in repr(publish_settings(env))


def test_what_a_job_needs_before_its_settings_are_whole_is_read_alone() -> None:
    bare = publish_config({})
    assert (bare.run_url, bare.events_folder, bare.attempt) == ("https://github.com//actions/runs/0", None, 1)
    with pytest.raises(UsageError, match="TARGET_TOKEN is missing"):
        bare.settings()
    told = build_config({"PAGEWRIGHT_EVENTS": "/e", "GITHUB_RUN_ATTEMPT": "2", "TARGET_OWNER": "octo"})
    assert (told.events_folder, told.attempt, told.settings().actions.owner) == (Path("/e"), 2, "octo")
    assert not bare.allow_private_urls
    assert build_config({"ALLOW_PRIVATE_URLS": "true"}).allow_private_urls
    assert not build_config({"ALLOW_PRIVATE_URLS": "perhaps"}).allow_private_urls
    assert log_files({}) == (None, None)
    assert log_files({"GITHUB_OUTPUT": "/o", "GITHUB_STEP_SUMMARY": "/s"}) == (Path("/o"), Path("/s"))


def test_a_dotenv_is_read_only_where_that_is_asked_for_and_loses_to_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOST", "from the environment")
    assert "SHARED_SECRET" not in load_environment(dotenv=True)
    (tmp_path / ".env").write_text("SHARED_SECRET=from the file\nHOST=from the file\nEMPTY\n")
    assert "SHARED_SECRET" not in load_environment()
    found = load_environment(dotenv=True)
    assert (found["SHARED_SECRET"], found["HOST"]) == ("from the file", "from the environment")
    assert "EMPTY" not in found
    assert "SHARED_SECRET" not in load_environment()


def test_litellm_fetches_no_prices_and_reads_no_dotenv_unless_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "False")
    monkeypatch.setenv("LITELLM_MODE", "")
    monkeypatch.delenv("LITELLM_MODE")
    quiet_litellm()
    assert load_environment()["LITELLM_LOCAL_MODEL_COST_MAP"] == "False"
    assert load_environment()["LITELLM_MODE"] == "PRODUCTION"
