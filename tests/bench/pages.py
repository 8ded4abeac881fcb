"""What switching GitHub Pages on and waiting for it asks of GitHub, on a clock that only sleeping moves."""

from datetime import timedelta
from pathlib import Path

from orchestrator.core.errors import GitHubFailed
from orchestrator.core.site import RECORD, blob_id
from orchestrator.targets.live import ExpectedSite, wait_until_live
from orchestrator.targets.pages import builds_of, enable_pages
from tests.bench.figures import Figure
from tests.bench.processes import Failed
from tests.doubles.hub import Host, Hub, fault, hosting, hub_on

LATE_S = 60
NAME = "octo/site"
FILES = {RECORD: b"{}", "index.html": b"<h1>one"}
REFUSED = "Your current plan does not support GitHub Pages for this repository."


async def measure(folder: Path) -> list[Figure]:
    """Count the POSTs for a refusal that lasts, and the builds of a good deployment that registers late."""
    with hosting() as host:
        refused = await _refused(host, folder / "refused")
        builds = await _late(host, folder / "late")
    return [
        Figure(name="Pages, POSTs for a lasting 422", unit="", ours=[refused], limit=1),
        Figure(name=f"Pages, builds, seen after {LATE_S} s", unit="", ours=[builds], limit=1),
    ]


async def _refused(host: Host, folder: Path) -> int:
    hub = _hub(host, folder)
    hub.fail(fault("/pages$", method="POST", status=422, body={"message": REFUSED}, times=9_999))
    try:
        await enable_pages(hub.client(), NAME, is_new=True)
    except GitHubFailed:
        return len(hub.writes)
    raise Failed("a refusal that lasts was not told")


async def _late(host: Host, folder: Path) -> int:
    hub = _hub(host, folder)
    hub.github.sites.registers_after = timedelta(seconds=LATE_S)
    url = await enable_pages(hub.client(), NAME, is_new=True)
    head, repository = hub.head("site"), hub.github.store.find_repository("octo", "site")
    try:
        client, expected = hub.client(), {path: blob_id(data) for path, data in FILES.items()}
        builds = builds_of(client, NAME, str(head), is_replay=False)
        await wait_until_live(ExpectedSite(url, str(head), expected), builds, client.deadline)
    except GitHubFailed as error:
        raise Failed(f"a good deployment that registers late was given up: {error}") from None
    site = hub.github.sites.refresh_site(repository) if repository else None
    return len(site.builds) if site else 0


def _hub(host: Host, folder: Path) -> Hub:
    hub = hub_on(host, folder)
    hub.seed("site", FILES)
    return hub
