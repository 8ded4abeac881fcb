"""Limits the number of connections to the receiver, and the time in which a request's headers must arrive."""

import asyncio
import json
import time

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_S = 10.0
"""Seconds in which the headers must be complete, from the beginning of the connection or the first byte after an
answer. An answer must be read within the same time.
"""

HEAD_BYTES = 16_384
MOST = 800
"""Fewer than the 1,024 files that a process may usually have open."""

_BUSY = json.dumps(
    {"error": "The receiver is busy with too many requests. Wait a few seconds and send this one again."}
).encode()
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_BUSY), _BUSY)
)


class Connection(H11Protocol):
    """HTTP/1.1 that closes a connection if the headers do not arrive, or if the answer is not read.

    uvicorn closes connections that are idle after an answer, but waits for headers without a limit.
    """

    transport: asyncio.Transport
    since: float = 0
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; if there are already MOST, close the one with the oldest unfinished request."""
        super().connection_made(transport)
        self.since = time.monotonic()
        self._start_timer()
        if len(self.connections) > MOST:
            self._make_room()

    def _make_room(self) -> None:
        """Close the connection with the oldest unfinished request, or this one if all requests are complete."""
        others = [other for other in self.connections if isinstance(other, Connection) and other is not self]
        staying = [other for other in others if not other.transport.is_closing()]
        if len(staying) < MOST:
            return
        slowest = min((one for one in staying if one.is_waiting), key=lambda one: one.since, default=None)
        if slowest is not None:
            slowest.transport.abort()
        else:
            self.transport.write(_REFUSAL)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Receive bytes; they do not start the time for the headers again."""
        super().data_received(data)
        if self._is_answering:
            self._stop_timer()
        elif self._timer is None:
            self.since = time.monotonic()
            self._start_timer()

    def pause_writing(self) -> None:
        """Give the client HEAD_S to read what it was answered."""
        super().pause_writing()
        self._unread = self.loop.call_later(HEAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    @property
    def is_waiting(self) -> bool:
        """Whether the request is not complete yet."""
        return not self._is_answering or self.cycle.more_body

    @property
    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(HEAD_S, self._close_if_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_if_late(self) -> None:
        self._timer = None
        if not self._is_answering:
            self.transport.close()
