"""What the public record of a site gives away, and what a change of the secret leaves in force."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from string import ascii_lowercase, digits
from typing import Any

import pytest

from orchestrator.core.task import request_id, task_key
from receiver.settings import Settings
from receiver.tasks.keys import derive_task_keys, is_secret
from tests.doubles.receiver import OLD_SECRET, TASK_KEY
from tests.receiver.test_app import KEY, SETTINGS, TASK, ScriptedGitHub, send, to
from tests.receiver.test_results import QUERY

pytestmark = pytest.mark.anyio

EMAIL, NAME = TASK["email"], TASK["task"]
OWN = bytes.fromhex(TASK_KEY)
KEYED = replace(SETTINGS, task_key=OWN)
WORDS = ["".join(letters) for size in (1, 2) for letters in product(ascii_lowercase + digits, repeat=size)]


def tried_out(key: str, *, email: str = EMAIL) -> set[str]:
    """Return the secrets of at most two letters that would have given `key`: what anyone with a clone may compute."""
    return {word for word in WORDS if task_key(word, email, NAME) == key}


@asynccontextmanager
async def dispatched(settings: Settings, **changes: Any) -> AsyncIterator[dict[str, Any]]:
    github = ScriptedGitHub()
    async with to(github, **{name: getattr(settings, name) for name in ("task_key", "shared_secret_old")}) as door:
        assert (await send(door, **changes)).status_code == 200
    yield github.dispatched[0]["client_payload"]


def test_a_key_made_with_the_secret_gives_a_short_one_away_and_one_of_its_own_gives_away_nothing() -> None:
    weak = replace(SETTINGS, shared_secret="x7")
    assert tried_out(derive_task_keys(weak, EMAIL, NAME)[0]) == {"x7"}
    assert tried_out(derive_task_keys(replace(weak, task_key=OWN), EMAIL, NAME)[0]) == set()


def test_no_secret_is_part_of_the_key() -> None:
    """Whatever the secret is, and whichever it was before, the key stays: so no guess at it can be checked."""
    changed = [
        replace(KEYED, shared_secret=secret, shared_secret_old=old) for secret in ("a", "b") for old in ("", "c")
    ]
    assert {derive_task_keys(settings, EMAIL, NAME)[0] for settings in changed} == {task_key(OWN, EMAIL, NAME)}
    assert derive_task_keys(replace(KEYED, task_key=bytes(32)), EMAIL, NAME)[0] != task_key(OWN, EMAIL, NAME)


def test_one_person_is_one_task_however_the_email_is_written() -> None:
    spelled = (EMAIL, EMAIL.upper(), f"  {EMAIL.title()}\n")
    assert {derive_task_keys(KEYED, email, NAME)[0] for email in spelled} == {task_key(OWN, EMAIL, NAME)}
    assert derive_task_keys(KEYED, "bob@example.com", NAME)[0] != task_key(OWN, EMAIL, NAME)


def test_the_former_keys_are_those_of_each_secret_and_spelling_and_no_more_than_four() -> None:
    both = replace(KEYED, shared_secret_old=OLD_SECRET)
    written = "Ann@Example.com "
    former = [task_key(secret, email, NAME) for secret in both.secrets for email in (written, EMAIL)]
    assert derive_task_keys(both, written, NAME)[1:] == tuple(former)
    assert len(set(former)) == 4
    assert derive_task_keys(both, EMAIL, NAME)[1:] == (former[1], former[3])
    assert derive_task_keys(KEYED, EMAIL, NAME)[1:] == (KEY,)


def test_without_a_key_of_its_own_a_task_is_found_as_it_always_was() -> None:
    for email in (EMAIL, "Ann@Example.com "):
        assert derive_task_keys(SETTINGS, email, NAME) == (task_key(SETTINGS.shared_secret, email, NAME),)


@pytest.mark.parametrize("old", ["", OLD_SECRET])
def test_only_valid_secrets_are_taken_and_no_setting_makes_an_empty_one_valid(old: str) -> None:
    settings = replace(SETTINGS, shared_secret_old=old)
    assert is_secret(SETTINGS.shared_secret, settings)
    assert is_secret(OLD_SECRET, settings) == bool(old)
    assert not any(
        is_secret(wrong, settings) for wrong in ("", " ", OLD_SECRET[:-1], SETTINGS.shared_secret + OLD_SECRET)
    )


def test_every_secret_is_compared_whichever_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def noting(given: bytes, known: bytes) -> bool:
        compared.append(known)
        return given == known

    monkeypatch.setattr("hmac.compare_digest", noting)
    settings = replace(SETTINGS, shared_secret_old=OLD_SECRET)
    for given in (*settings.secrets, "neither"):
        compared.clear()
        is_secret(given, settings)
        assert compared == [secret.encode() for secret in settings.secrets]


# Through the door


async def test_the_event_names_the_new_key_first_and_the_former_ones_beside_it() -> None:
    async with dispatched(KEYED) as payload:
        assert payload["key"] == task_key(OWN, EMAIL, NAME)
        assert payload["former_keys"] == [KEY]
    async with dispatched(SETTINGS) as payload:
        assert payload["key"] == KEY
        assert "former_keys" not in payload


async def test_the_id_and_what_is_told_stay_those_of_the_email_as_it_was_sent() -> None:
    written = " Ann@Example.com"
    async with dispatched(KEYED, email=written) as payload:
        assert payload["id"] == request_id(written, NAME, 1, TASK["nonce"])
        assert payload["request"]["email"] == written
        assert payload["key"] == task_key(OWN, EMAIL, NAME)


async def test_both_secrets_open_the_door_while_one_is_being_changed_and_neither_goes_on() -> None:
    github = ScriptedGitHub()
    async with to(github, shared_secret_old=OLD_SECRET, task_key=OWN) as door:
        answers = [await send(door, secret=secret) for secret in (SETTINGS.shared_secret, OLD_SECRET, "another")]
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    keys = {sent["client_payload"]["key"] for sent in github.dispatched}
    assert keys == {task_key(OWN, EMAIL, NAME)}
    for secret in (SETTINGS.shared_secret, OLD_SECRET, TASK_KEY):
        assert secret not in json.dumps(github.dispatched, ensure_ascii=False)


@pytest.mark.parametrize("secret", [SETTINGS.shared_secret, OLD_SECRET])
async def test_a_result_is_found_under_every_name_that_its_repository_may_have(secret: str) -> None:
    github = ScriptedGitHub()
    id_ = request_id(EMAIL, NAME, 1, TASK["nonce"])
    name = f"sum-of-sales-{task_key(secret, EMAIL, NAME)[:6]}"
    github.commits_now("f" * 16)
    github.commits_now(id_, name)
    async with to(github, shared_secret_old=OLD_SECRET, task_key=OWN) as door:
        found = (await door.get("/result", params=QUERY)).json()
    assert (found["status"], found["repo_url"]) == ("done", f"https://github.com/pages/{name}")


async def test_health_says_what_the_tasks_are_told_apart_by_and_no_value() -> None:
    async with to(ScriptedGitHub(), shared_secret_old=OLD_SECRET, task_key=OWN) as door:
        said = await door.get("/health")
    assert said.json()["configuration"]["task_key"] is True
    assert said.json()["configuration"]["secrets"] == 2
    assert not any("TASK_KEY is not set" in warning for warning in said.json()["warnings"])
    async with to(ScriptedGitHub()) as door:
        assert any("TASK_KEY is not set" in warning for warning in (await door.get("/health")).json()["warnings"])
    assert not any(secret in said.text for secret in (SETTINGS.shared_secret, OLD_SECRET, TASK_KEY))
