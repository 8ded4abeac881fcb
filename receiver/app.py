"""The receiver as an ASGI application: its routes. It keeps no state: a task is accepted once GitHub has it."""

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from receiver.answers import REFUSALS, answer_error
from receiver.github.budget import CallBudget
from receiver.github.client import GitHub
from receiver.pacing import Paced
from receiver.results import Results
from receiver.settings import Settings
from receiver.status import Status
from receiver.tasks.accepting import Door
from receiver.tasks.throttle import Throttle


def create_app(
    settings: Settings,
    github: GitHub,
    throttle: Throttle | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """Return the receiver as an ASGI application; the caller, who made `github`, closes it."""
    budget = CallBudget(clock)  # one for all routes that need no secret
    results, status = Results(settings, github, budget, clock), Status(settings, github, budget)
    door = Door(settings, github, throttle or Throttle(), results)
    routes = [
        # With a slash at the end as well: a redirect would lose the body of a POST with many clients.
        *(Route(path, door.accept, methods=["POST"]) for path in ("/api-endpoint", "/api-endpoint/")),
        *(Route(path, results.answer_result) for path in ("/result", "/result/")),
        *(Route(path, status.answer_health) for path in ("/health", "/health/")),
        Route("/openapi.json", status.answer_description),
        Route("/", status.answer_status),
    ]
    handlers = dict.fromkeys(REFUSALS, answer_error)
    return Starlette(routes=routes, exception_handlers=handlers, middleware=[Middleware(Paced)])
