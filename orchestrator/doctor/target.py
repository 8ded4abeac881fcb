"""What job `publish` needs: a token that makes repositories, commits and switches Pages on, for one owner."""

from collections.abc import AsyncIterator

from orchestrator.doctor.asking import Probe, TokenApi, examine_extra_permissions, examine_permissions, examine_token
from orchestrator.doctor.finding import Diagnosis, warning

NAME = "TARGET_TOKEN"
_CREATING = "Administration: read and write, for all repositories of that account"


async def examine_target(github: TokenApi, pipeline: str, owner: str) -> AsyncIterator[Diagnosis]:
    """Look at everything, with the write token."""
    async for finding in examine_token(github, NAME):
        yield finding
        if finding.level == "failure":
            return
    login = str((await github.fetch_json("/user") or {}).get("login", ""))
    is_own = login.lower() == owner.lower()
    path = "/user/repos" if is_own else f"/orgs/{owner}/repos"
    async for finding in examine_permissions(github, NAME, [Probe(_CREATING, path, f"create repositories of {owner}")]):
        yield finding
    if not is_own and (refusal := await _examine_organization(github, owner)):
        yield refusal
    async for finding in _examine_write_access(github, pipeline, owner):
        yield finding
    if pipeline and await github.find_missing_permission(Probe("", f"/repos/{pipeline}/git/blobs", "")) is None:
        remedy = "Publish to another account (TARGET_OWNER). Nothing else separates the two"
        yield warning(f"{NAME} could rewrite {pipeline}", remedy)


async def _examine_organization(github: TokenApi, owner: str) -> Diagnosis | None:
    """Say whether an organization forbids its members to use Pages, if it shows that.

    https://docs.github.com/rest/orgs/orgs#get-an-organization
    """
    shown = await github.fetch_json(f"/orgs/{owner}") or {}
    if shown.get("members_can_create_public_pages") is False:
        remedy = "Allow it in the organization's Settings → Member privileges, unless the token is an owner's"
        return warning(f"{owner} does not let its members enable public Pages", remedy)
    return None


async def _examine_write_access(github: TokenApi, pipeline: str, owner: str) -> AsyncIterator[Diagnosis]:
    """Try contents and Pages on some repository of the owner's."""
    listed = await github.fetch_json("/user/repos?per_page=20&sort=pushed") or []
    mine = [
        entry
        for entry in listed
        if entry["full_name"].lower().startswith(f"{owner.lower()}/")
        and not entry.get("private")
        and not entry.get("archived")
        and entry.get("permissions", {}).get("push", True)
    ]
    mine = [entry for entry in mine if entry["full_name"].lower() != pipeline.lower()]
    if not mine:
        yield warning(
            "Contents and Pages could not be checked: there is no public repository yet",
            "Run this again after the first task",
        )
        return
    path = f"/repos/{mine[0]['full_name']}"
    probes = [Probe("Contents: read and write", f"{path}/git/blobs", "write Contents")]
    # What has no site answers 404 to everybody. https://docs.github.com/rest/pages/pages
    if published := [f"/repos/{entry['full_name']}" for entry in mine if entry.get("has_pages")]:
        pages = "Pages: read and write, Administration: read and write"
        probes.append(Probe(pages, f"{published[0]}/pages/health", "enable Pages", "GET"))
    async for finding in examine_permissions(github, NAME, probes):
        yield finding
    if not published:
        yield warning(
            "Pages could not be checked: no public repository has a site yet", "Run this again after the first task"
        )
    unneeded = [
        Probe("Secrets", f"{path}/actions/secrets", "list secrets", "GET"),
        Probe("Actions", f"{path}/actions/workflows/pages/dispatches", "start workflows"),
    ]
    async for finding in examine_extra_permissions(github, NAME, unneeded):
        yield finding
