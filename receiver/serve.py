"""The receiver as a process."""

import logging

import uvicorn

from receiver.app import create_app
from receiver.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL
    # No access log: the query of /result holds an e-mail and a nonce.
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
