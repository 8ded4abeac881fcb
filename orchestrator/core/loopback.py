"""Apps on loopback sockets, as many as wanted in one process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class _Connection(H11Protocol):
    """HTTP/1.1 that gives the app its transport, so that a simulated fault can close the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _AnyForm:
    """An ASGI app in front of another one. It also accepts requests that name the whole URL in their first line.

    A client that was told to use this server as its proxy sends them; a server must understand them:
    https://www.rfc-editor.org/rfc/rfc9112.html#section-3.2.2. So `gh` comes to a GitHub on this
    machine: with HTTP_PROXY, and GH_HOST=github.localhost, the one host that it asks without TLS.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, without scheme and host in its path."""
        path: str = scope.get("path", "")
        if path.startswith("http://"):
            path = f"/{path.removeprefix('http://').partition('/')[2]}"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


class _LoopbackServer(uvicorn.Server):
    """A server that leaves signals to the program: several of them run in one process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket that listens on an IPv4 address; port 0 is any free one. Raises OSError."""
    # With the protocol named asyncio switches Nagle's algorithm off; without, every answer takes 40 ms longer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:  # ports end at 65535
        listener.close()
        raise OSError(str(error)) from None
    return listener


def listener_url(listener: socket.socket) -> str:
    """Return the base URL of what is served there, without a slash at the end."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[str]:
    """Serve `app` on `listener` for as long as the block runs; yields the base URL."""
    config = uvicorn.Config(
        _AnyForm(app),
        http=_Connection,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = _LoopbackServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        # The socket listens already: a client that connects before the server is up waits in its backlog.
        yield listener_url(listener)
    finally:
        server.should_exit = True
        await task
