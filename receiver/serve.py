"""The receiver as a process."""

import asyncio
import contextlib
import logging

import uvicorn

from receiver.app import create_app
from receiver.connections import HEAD_BYTES, Connection
from receiver.github.client import GitHub, NotTakenError, create_http_client
from receiver.settings import Settings, SettingsError

_log = logging.getLogger("pagewright.receiver")


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first. Raises SettingsError."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL
    for said in settings.warnings:
        _log.warning("%s", said)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal once more when it has ended
        asyncio.run(_run_server(settings))


async def _run_server(settings: Settings) -> None:
    async with contextlib.aclosing(GitHub(settings, create_http_client())) as github:
        if settings.check_on_startup:
            await check_workflow(github)
        # No access log: the query of /result holds an e-mail and a nonce.
        config = uvicorn.Config(
            create_app(settings, github),
            http=Connection,
            h11_max_incomplete_event_size=HEAD_BYTES,
            host=settings.host,
            port=settings.port,
            lifespan="off",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        await uvicorn.Server(config).serve()


async def check_workflow(github: GitHub) -> None:
    """Raise SettingsError unless GitHub shows an active workflow to the token."""
    try:
        state = await github.fetch_workflow_state()
    except NotTakenError as error:
        raise SettingsError(f"{error} (Set CHECK_ON_STARTUP=false to start anyway.)") from None
    if state != "active":
        raise SettingsError(f"The workflow is {state}: enable it in the repository's Actions tab.")
