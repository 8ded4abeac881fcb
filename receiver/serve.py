"""The receiver as a process."""

import logging

import uvicorn

from receiver.app import create_app
from receiver.github import GitHub, http_client
from receiver.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL
    # No access log: the query of /result holds an e-mail and a nonce.
    uvicorn.run(
        create_app(settings, GitHub(settings, http_client())),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
