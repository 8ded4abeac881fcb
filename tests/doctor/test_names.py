"""What the settings alone say, before anything is asked."""

import pytest

from orchestrator.doctor.finding import render_findings
from orchestrator.doctor.names import examine_server, examine_settings, translate_old_names
from tests.doubles.receiver import OLD_SECRET, SECRET, TASK_KEY
from tests.doubles.settings import ENV


@pytest.mark.parametrize("url", ["https://api.github.com", "https://api.octo.ghe.com", "http://127.0.0.1:7861"])
def test_github_and_enterprise_cloud_are_fit(url: str) -> None:
    assert examine_server(url) is None


def test_names_of_similar_systems_are_recognised_and_used() -> None:
    env = {"STUDENT_SECRET": "s", "GITHUB_PAT": "t", "GITHUB_USERNAME": "octo", "TARGET_TOKEN": "own"}
    known = translate_old_names(env)
    assert (known["SHARED_SECRET"], known["DISPATCH_TOKEN"], known["TARGET_OWNER"]) == ("s", "t", "octo")
    assert known["TARGET_TOKEN"] == "own"
    said = render_findings(examine_settings(env))
    assert "GITHUB_PAT is not a setting of Pagewright  → Rename it to DISPATCH_TOKEN" in said
    assert "PIPELINE_REPOSITORY is missing" in said
    assert "SHARED_SECRET is missing" not in said


def test_nothing_missing_is_said_too() -> None:
    assert [finding.level for finding in examine_settings(ENV)] == ["ok"]
    assert [finding.level for finding in examine_settings({**ENV, "SHARED_SECRET_OLD": OLD_SECRET})] == ["ok"]


@pytest.mark.parametrize(
    ("changes", "level", "said"),
    [
        ({"TASK_KEY": ""}, "warning", "TASK_KEY is missing"),
        ({"TASK_KEY": "agreed-key"}, "failure", "TASK_KEY must be 64 hexadecimal digits"),
        ({"SHARED_SECRET": "short-one"}, "warning", "SHARED_SECRET has fewer than 16 characters"),
        ({"SHARED_SECRET": "short-one", "TASK_KEY": ""}, "failure", "SHARED_SECRET has fewer than 16 characters"),
        ({"SHARED_SECRET_OLD": "short-one", "TASK_KEY": ""}, "warning", "SHARED_SECRET_OLD has fewer than 16"),
    ],
)
def test_what_is_wrong_with_the_secrets_is_said_with_the_remedy(changes: dict[str, str], level: str, said: str) -> None:
    findings = list(examine_settings({**ENV, **changes}))
    assert (level, True) in {(finding.level, finding.said.startswith(said)) for finding in findings}
    assert all(finding.remedy for finding in findings if finding.level != "ok")
    assert not any(value in render_findings(findings) for value in (SECRET, TASK_KEY, "short-one", "agreed-key"))
    assert any(finding.level == "ok" for finding in findings) == (level == "warning")
