"""One request to a server that may be hostile: only to the address that was checked, and with a limit on its size."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from orchestrator.core.address import Destination


class TooLarge(ValueError):
    """A body is larger than the limit. `begun`: the bytes that were read."""

    def __init__(self, begun: bytes) -> None:
        super().__init__("The body is larger than the limit allows.")
        self.begun = begun


def pinned_request(
    http: httpx.AsyncClient, method: str, to: Destination, *, path: str = "", headers: Any = None, **sent: Any
) -> AbstractAsyncContextManager[httpx.Response]:
    """Return a request whose answer is read piece by piece, for `async with`.

    It connects to exactly the address that was checked, and sends the host's name. A second look-up of the name could
    give another address. `path` is added to the address; `sent` is `json` or `content`, as httpx takes it.
    """
    named = {"host": to.host, **(headers or {})}
    return http.stream(method, to.url + path, headers=named, extensions={"sni_hostname": to.sni}, **sent)


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """Return the body as it was sent, still packed if it is; raise TooLarge beyond `limit` bytes."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise TooLarge(bytes(body[:limit]))
    return bytes(body)
