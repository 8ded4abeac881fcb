"""Asks one model once, as a build does: writes the CPU that takes, and when its pieces, files and end came."""

import asyncio
import json
import sys
import time

from orchestrator.core.events import Event, FileEvent, HeardEvent
from orchestrator.generate.models.budget import Allowance
from orchestrator.generate.models.call import ask
from orchestrator.generate.models.follow import Following
from orchestrator.generate.models.presets import Model, Price, import_litellm

SECONDS = 170


async def main(provider: str, base: str, *, streams: bool) -> None:
    """Ask twice: the first call to a provider makes litellm import and build what it needs."""
    litellm, moments = import_litellm(), dict[str, float]()
    params = {"model": f"{provider}/one", "api_base": base, "api_key": "k"}
    price = Price(input=1, output=1)
    model = Model("one", params, 100_000, 16_000, price, sees_images=False, edits=True, caches=False, streams=streams)

    def tell(event: Event) -> None:
        if isinstance(event, HeardEvent) and event.chars:
            moments.setdefault("piece", time.perf_counter())
        elif isinstance(event, FileEvent) and event.state == "whole":
            moments.setdefault("file", time.perf_counter())

    messages = [{"role": "system", "content": "Be good."}, {"role": "user", "content": "Build."}]
    for _ in range(2):
        moments.clear()
        cpu = time.process_time()
        answer = await ask(litellm, model, messages, Allowance(SECONDS, 16_000), following=Following(tell))
        cpu = time.process_time() - cpu
        moments["end"] = time.perf_counter()
    if answer.problem:
        raise SystemExit(answer.problem)
    sys.stdout.write(json.dumps({**moments, "cpu": cpu, "chars": len(answer.text)}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], streams=sys.argv[3] == "streams"))
