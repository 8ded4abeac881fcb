"""What the receiver says of itself: `/`, `/health` and `/openapi.json`."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, JSONResponse, Response

from receiver.github.budget import CallBudget, Purse, SpentError
from receiver.github.client import GitHub, NotTakenError
from receiver.github.looks import Terms
from receiver.settings import Settings

WORKFLOW_S, MODELS_S = 30.0, 300.0
"""How old may be what is said of the workflow and of the models: anyone may ask, and GitHub counts its calls."""

_DESCRIPTION = Path(__file__).with_name("openapi.json")


@dataclass(frozen=True)
class _Health:
    status: int
    body: dict[str, object]
    at: datetime


class Status:
    """Answers how the receiver is set up, and whether GitHub would take a task."""

    def __init__(self, settings: Settings, github: GitHub, budget: CallBudget) -> None:
        self._settings = settings
        self._github = github
        self._purse = Purse(budget, is_refunded=True)
        self._models: list[str] | None = None
        self._health: _Health | None = None
        self._description = _DESCRIPTION.read_bytes()

    async def answer_health(self, _: HTTPRequest) -> Response:
        """Say how the receiver is set up, and whether GitHub would start the workflow.

        Where GitHub takes its time, or the budget is spent, the last answer is given, with its time: a platform that
        asks whether to restart the receiver must not hear of a failure that did not happen.
        """
        last = self._health
        try:
            async with asyncio.timeout(self._settings.look_s if last else None):
                health = await self._check_health()
        except (SpentError, TimeoutError):
            if last is None:
                raise
            return JSONResponse(last.body | {"as_of": last.at.isoformat(timespec="seconds")}, last.status)
        self._health = health
        return JSONResponse(health.body, health.status)

    async def answer_description(self, _: HTTPRequest) -> Response:
        """Say what it takes and answers, as OpenAPI."""
        return Response(self._description, media_type="application/json")

    async def answer_status(self, http: HTTPRequest) -> Response:
        """Say what this is, and which models build the pages, as far as the token may know."""
        models = await self._refresh_models()
        if "text/html" in http.headers.get("accept", ""):
            named = "" if models is None else f"<p>Pages are built by {escape(', '.join(models) or 'a template')}.</p>"
            return HTMLResponse(_PAGE.replace("<!-- models -->", named))
        said = {"service": "pagewright", "status": "ok", "submit": "POST /api-endpoint", "models": models}
        return JSONResponse(said)

    async def _check_health(self) -> _Health:
        try:
            workflow, problem = await self._github.fetch_workflow_state(Terms(WORKFLOW_S, self._purse)), None
        except NotTakenError as error:
            workflow, problem = "unknown", str(error)
        healthy = workflow == "active"
        body: dict[str, object] = {
            "status": "ok" if healthy else "failing",
            "github": {"token_works": problem is None, "workflow": workflow, "problem": problem},
            "configuration": self._configuration(),
            "warnings": [*self._settings.warnings, *filter(None, [self._github.clock.problem])],
        }
        return _Health(200 if healthy else 503, body, datetime.now(UTC))

    async def _refresh_models(self) -> list[str] | None:
        with contextlib.suppress(NotTakenError, SpentError, TimeoutError):
            async with asyncio.timeout(self._settings.look_s):
                self._models = await self._github.fetch_models(Terms(MODELS_S, self._purse))
        return self._models

    def _configuration(self) -> dict[str, object]:
        settings = self._settings
        return {
            "pipeline_repository": settings.pipeline_repository,
            "target_owner": settings.target_owner,
            "emails_restricted": bool(settings.allowed_emails),
            "max_body_bytes": settings.max_body_bytes,
            "max_tasks_per_day": settings.max_tasks_per_day,
            "targets": list(settings.targets),
            "task_key": settings.task_key is not None,
            "secrets": len(settings.secrets),
        }


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Pagewright</title>
<h1>Pagewright</h1>
<p>The receiver is running. Send tasks to <code>POST /api-endpoint</code>. <a href="/health">Health</a> says whether
GitHub accepts them.</p>
<!-- models -->
</html>
"""
