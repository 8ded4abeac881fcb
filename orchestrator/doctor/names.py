"""Which settings there are, and those of similar systems under their old names. Pure."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from orchestrator.doctor.finding import Diagnosis, failure, ok, warning
from receiver.settings import SHORTEST_SECRET, TASK_KEY_FORM, is_task_key

NEEDED = {
    "SHARED_SECRET": "what evaluators send",
    "PIPELINE_REPOSITORY": "owner/name of the repository with the workflow",
    "DISPATCH_TOKEN": "the receiver's token",
    "TARGET_TOKEN": "the write token of job publish: a secret of its environment, needed here only to check it",
}
OLD = {
    "secret": ("SHARED_SECRET",),
    "STUDENT_SECRET": ("SHARED_SECRET",),
    "STUDENT_EMAIL": ("ALLOWED_EMAILS",),
    "GITHUB_PAT": ("DISPATCH_TOKEN", "TARGET_TOKEN"),
    "GITHUB_USERNAME": ("TARGET_OWNER",),
    "LLM_MODEL": ("LLM_MODELS",),
}
"""Names that similar systems use, and what they are called here."""


def translate_old_names(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with settings that have only an old name under our name."""
    given = {name: value.strip() for name, value in env.items() if value.strip()}
    return {**{name: given[old] for old, names in OLD.items() for name in names if old in given}, **given}


def examine_server(api_url: str) -> Diagnosis | None:
    """Return why no task would work on the server with this API; None for GitHub itself and for Enterprise Cloud.

    An Enterprise Server answers at `/api/v3` of its own address. It treats a workflow with `queue: max` as invalid, so
    no job starts, and stores no artifacts of today's actions. https://docs.github.com/enterprise-server/rest,
    https://github.com/github/gh-aw/issues/38341
    """
    if not urlsplit(api_url).path.rstrip("/").lower().endswith("/api/v3"):
        return None
    said = "GITHUB_API_URL names a GitHub Enterprise Server, where the workflow cannot run: no `queue: max`"
    return failure(said, "Use github.com or GitHub Enterprise Cloud (https://api.SUBDOMAIN.ghe.com)")


def examine_settings(env: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Say which settings are missing, and which have another name here."""
    known = translate_old_names(env)
    for old, names in OLD.items():
        if env.get(old) and (wanted := [name for name in names if not env.get(name)]):
            yield warning(f"{old} is not a setting of Pagewright", f"Rename it to {' and '.join(wanted)}")
    for name in ("DISPATCH_TOKEN", "TARGET_TOKEN"):
        if not re.fullmatch(r"[!-~]*", known.get(name, "")):
            yield failure(f"{name} contains characters that no token has", "Copy it again")
    keys = list(_examine_secrets(known))
    yield from keys
    missing = [name for name in NEEDED if not known.get(name, "").strip()]
    yield from (failure(f"{name} is missing ({NEEDED[name]})", "Set it, or put it into .env") for name in missing)
    if not missing and not any(finding.level == "failure" for finding in keys):
        yield ok("All required settings are set")


def _examine_secrets(known: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Say what is wrong with the secrets and with TASK_KEY."""
    key = known.get("TASK_KEY", "")
    if not key:
        said = (
            "TASK_KEY is missing. Without it, people can guess SHARED_SECRET from the records of the sites, "
            "and you cannot change it"
        )
        yield warning(said, "`pagewright setup` writes one to .env: copy it to the receiver's host")
    elif not is_task_key(key):
        yield failure(f"TASK_KEY {TASK_KEY_FORM}", "Copy it again")
    for name in ("SHARED_SECRET", "SHARED_SECRET_OLD"):
        if 0 < len(known.get(name, "")) < SHORTEST_SECRET:
            is_refused = name == "SHARED_SECRET" and not key
            said = f"{name} has fewer than {SHORTEST_SECRET} characters"
            yield (failure if is_refused else warning)(
                said, "Use a longer one. docs/operations.md explains how to change it"
            )
