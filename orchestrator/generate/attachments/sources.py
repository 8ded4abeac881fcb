"""The bytes of a task's attachments: decoded from a data URI, or downloaded once."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

import httpx

from orchestrator.core.address import Unresolved, resolve_destination
from orchestrator.core.deadline import Deadline
from orchestrator.core.errors import UsageError
from orchestrator.core.http import pinned_request
from orchestrator.core.retry import FETCH, NO_ANSWER, Tries, classify_failure
from orchestrator.core.site import MAX_BYTES
from orchestrator.core.task import Attachment, decode_data_uri
from orchestrator.generate.attachments.unpacking import Unpacking, refuse_page

FETCH_S = 30.0
FETCH_BYTES = 25 * 1024**2
"""Seconds and bytes that the download of one attachment may take."""

REDIRECTS = 5
"""The most redirects."""

_REDIRECT = frozenset({301, 302, 303, 307, 308})


async def fetch_contents(
    attachments: Sequence[Attachment], deadline: Deadline, *, allow_private: bool
) -> dict[str, bytes]:
    """Return name -> bytes, in the order given, all before `deadline`.

    Raises UsageError that names an attachment by its position.
    """
    found: dict[str, bytes] = {}
    for position, attachment in enumerate(attachments):
        try:
            if attachment.is_remote:
                found[attachment.name] = await _fetch_url(attachment.url, deadline, allow_private=allow_private)
                refuse_page(attachment.name, found[attachment.name])
            else:
                found[attachment.name] = decode_data_uri(attachment.url)
        except (ValueError, TimeoutError, httpx.HTTPError) as error:
            reason = "its host does not answer" if isinstance(error, httpx.HTTPError | TimeoutError) else str(error)
            raise UsageError(
                f"Attachment {position} could not be downloaded: {reason}.",
                "Send it as a data URI, or from a public address.",
            ) from None
        if sum(map(len, found.values())) > MAX_BYTES:
            raise UsageError(
                f"The attachments have more than {MAX_BYTES // 1024**2} MB in total.", "Send smaller attachments."
            )
    return found


async def _fetch_url(url: str, deadline: Deadline, *, allow_private: bool) -> bytes:
    """Fetch `url`, again after an outage of its host. Raises ValueError, TimeoutError and httpx errors."""
    tries = Tries(FETCH, deadline.clock.now)
    async with asyncio.timeout(min(FETCH_S, deadline.remaining)):
        while True:
            try:
                return await _fetch_once(url, allow_private=allow_private)
            except httpx.HTTPStatusError as error:
                failed: Exception = ValueError(f"its host answered {error.response.status_code}")
                failure = classify_failure(error.response.status_code, error.response.headers)
            except (httpx.HTTPError, Unresolved) as error:
                failed, failure = error, classify_failure(NO_ANSWER, {})
            if (wait := tries.next_delay(failure)) is None:
                raise failed
            await deadline.clock.sleep(wait)


async def _fetch_once(url: str, *, allow_private: bool) -> bytes:
    """Fetch `url`, over redirects, each address checked as the first. Raises ValueError and httpx errors."""
    seen = {url}
    for _ in range(REDIRECTS + 1):
        got = await _fetch_hop(url, allow_private=allow_private)
        if isinstance(got, bytes):
            return got
        url = resolve_redirect(url, got)
        if url in seen:
            raise ValueError("its host redirects in a circle")
        seen.add(url)
    raise ValueError(f"its host redirects more than {REDIRECTS} times")


def resolve_redirect(url: str, location: str) -> str:
    """Return where a redirect leads. User names and passwords are not passed on.

    Raises ValueError for a redirect that must not be followed.
    """
    to = urlsplit(urljoin(url, location))
    if to.scheme not in {"http", "https"} or not to.hostname:
        raise ValueError("its host redirects to something that is not a web address")
    if to.username is not None or to.password is not None:
        raise ValueError("its host redirects to an address with a user name in it")
    if urlsplit(url).scheme == "https" and to.scheme == "http":
        raise ValueError("its host redirects from https to http")
    return to._replace(fragment="").geturl()


async def _fetch_hop(url: str, *, allow_private: bool) -> bytes | str:
    """Return the bytes that lie at `url`, or the address that it redirects to."""
    to = await resolve_destination(url, allow_private=allow_private)
    # Some hosts pack it all the same.
    headers = {"accept-encoding": "identity"}
    body = bytearray()
    async with (
        httpx.AsyncClient(timeout=FETCH_S, trust_env=False) as http,
        pinned_request(http, "GET", to, headers=headers) as response,
    ):
        if response.status_code in _REDIRECT and (location := response.headers.get("location")):
            return str(location)
        if response.status_code != 200:
            raise httpx.HTTPStatusError("", request=response.request, response=response)
        unpacking = Unpacking(response.headers.get("content-encoding", ""))
        async for chunk in response.aiter_raw():
            for step in unpacking.unpack_chunk(chunk):
                body += step
                if len(body) > FETCH_BYTES:
                    raise ValueError(f"it is larger than {FETCH_BYTES // 1024**2} MB")
    unpacking.require_end()
    return bytes(body)
