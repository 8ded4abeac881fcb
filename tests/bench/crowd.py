"""Many who have no secret and ask for results that nobody has, all at once: a process of its own.

Prints as JSON when they began and ended (seconds of the system's monotonic clock), and how many got which status; 0
where the connection was ended, or never came about.
"""

import asyncio
import json
import sys
import time
from collections import Counter

from tests.bench.load import connected, status


async def main(port: int, count: int) -> None:
    """Ask, and print."""

    async def look(number: int) -> int:
        query = f"email=visitor@example.com&task=made-up-{number}&nonce=1"
        try:
            async with connected(port) as connection:
                return await status(connection, f"GET /result?{query} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
        except (OSError, EOFError, TimeoutError):
            return 0

    began = time.monotonic()
    answered = Counter(await asyncio.gather(*(look(number) for number in range(count))))
    sys.stdout.write(json.dumps({"began": began, "ended": time.monotonic(), "answered": answered}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
