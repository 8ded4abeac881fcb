"""What `pagewright local` keeps for a data folder, so that its tasks are found again after a restart."""

import stat
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from orchestrator.core.errors import UsageError
from orchestrator.local.stage import LocalOptions, run_stage
from receiver.settings import is_task_key
from tests.doubles.receiver import OLD_SECRET, SECRET, TASK_KEY

pytestmark = pytest.mark.anyio

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def options(data: Path) -> LocalOptions:
    return LocalOptions(receiver_port=0, github_port=0, data=data)


async def test_secret_and_key_are_drawn_once_for_a_folder_and_are_its_owners_alone(tmp_path: Path) -> None:
    held = []
    for _ in range(2):
        async with run_stage(options(tmp_path), PATH) as stage:
            key = tmp_path / ".github" / "task_key"
            held.append((stage.secret, key.read_text()))
    assert held[0] == held[1]
    assert is_task_key(held[0][1])
    assert len(held[0][0]) >= 16
    for name in ("secret", "task_key"):
        assert stat.S_IMODE((tmp_path / ".github" / name).stat().st_mode) == 0o600


async def test_the_environment_says_who_may_ask_and_how_much(tmp_path: Path) -> None:
    env = {"SHARED_SECRET": SECRET, "SHARED_SECRET_OLD": OLD_SECRET, "TASK_KEY": TASK_KEY, "MAX_TASKS_PER_DAY": "7"}
    async with run_stage(options(tmp_path), {**PATH, **env}) as stage, httpx.AsyncClient(trust_env=False) as http:
        said = (await http.get(f"{stage.receiver}/health")).json()
    assert stage.secret == SECRET
    assert not (tmp_path / ".github" / "task_key").exists()
    configured = {name: said["configuration"][name] for name in ("task_key", "secrets", "max_tasks_per_day")}
    assert configured == {"task_key": True, "secrets": 2, "max_tasks_per_day": 7}
    assert said["warnings"] == []


async def test_what_cannot_work_is_said_before_anything_starts(tmp_path: Path) -> None:
    for wrong in ({"TASK_KEY": "short"}, {"MAX_TASKS_PER_DAY": "many"}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            async with run_stage(options(tmp_path), {**PATH, **wrong}):
                pass


@pytest.mark.act
async def test_a_task_over_the_number_of_the_day_is_refused_by_the_whole_of_it(tmp_path: Path) -> None:
    """The workflow's own queue counts, after a restart too; the runs need not be over for that."""
    env = {**PATH, "MAX_TASKS_PER_DAY": "2", "SHARED_SECRET": SECRET}
    answers = []
    for nonces in ("ab", "ca"):
        async with run_stage(options(tmp_path), env) as stage, httpx.AsyncClient(trust_env=False) as http:
            for nonce in nonces:
                task = {
                    "email": "ann@example.com",
                    "secret": stage.secret,
                    "task": "sum",
                    "round": 1,
                    "nonce": nonce,
                    "brief": "Show the sum.",
                    "evaluation_url": stage.evaluator,
                }
                answers.append((await http.post(f"{stage.receiver}/api-endpoint", json=task)).status_code)
    assert answers == [200, 200, 429, 200]


async def test_the_other_hosts_are_started_with_their_faults_and_keep_their_token(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"path": "^/api/v1/user$", "status": 429}, {"path": "^/v2/user$", "status": 402}]')
    tokens = []
    for _ in range(2):
        given = replace(options(tmp_path), faults=faults)
        async with run_stage(given, PATH) as stage, httpx.AsyncClient(trust_env=False) as http:
            said = stage.describe_hosts()
            headers = {"authorization": f"Bearer {said['host_token']}"}
            urls = (f"{said['netlify_api']}/api/v1/user", f"{said['vercel_api']}/v2/user")
            answers = [[(await http.get(url, headers=headers)).status_code for _ in range(2)] for url in urls]
            assert answers == [[429, 200], [402, 200]]
            assert (await http.get(urls[0])).status_code == 401
            health = (await http.get(f"{stage.receiver}/health")).json()
            assert health["configuration"]["targets"] == ["pages", "netlify", "vercel"]
            tokens.append(said["host_token"])
    assert tokens[0] == tokens[1]
