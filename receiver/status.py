"""What the receiver says of itself: `/`, `/health` and `/openapi.json`."""

import asyncio
import contextlib
import time
from html import escape
from pathlib import Path

from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, JSONResponse, Response

from receiver.github import GitHub, NotTakenError
from receiver.settings import Settings

MODELS_S = 300.0
"""How long what is said of the models may be old: anyone may ask, and GitHub counts its calls."""

_DESCRIPTION = Path(__file__).with_name("openapi.json")


class Status:
    """Answers how the receiver is set up, and whether GitHub would take a task."""

    def __init__(self, settings: Settings, github: GitHub) -> None:
        self._settings = settings
        self._github = github
        self._models: list[str] | None = None
        self._models_until = 0.0

    async def health(self, _: HTTPRequest) -> Response:
        """Say how the receiver is set up, and whether GitHub would start the workflow."""
        try:
            workflow, problem = await self._github.workflow_state(), None
        except NotTakenError as error:
            workflow, problem = "unknown", str(error)
        healthy = workflow == "active"
        body = {
            "status": "ok" if healthy else "failing",
            "github": {"token_works": problem is None, "workflow": workflow, "problem": problem},
            "configuration": self._configuration(),
            "warnings": [*self._settings.warnings, *filter(None, [self._github.clock.problem])],
        }
        return JSONResponse(body, 200 if healthy else 503)

    async def description(self, _: HTTPRequest) -> Response:
        """Say what it takes and answers, as OpenAPI."""
        return Response(_DESCRIPTION.read_bytes(), media_type="application/json")

    async def status(self, http: HTTPRequest) -> Response:
        """Say what this is, and which models build the pages, as far as the token may know."""
        models = await self._known_models()
        if "text/html" in http.headers.get("accept", ""):
            named = "" if models is None else f"<p>Pages are built by {escape(', '.join(models) or 'a template')}.</p>"
            return HTMLResponse(_PAGE.replace("<!-- models -->", named))
        said = {"service": "pagewright", "status": "ok", "submit": "POST /api-endpoint", "models": models}
        return JSONResponse(said)

    async def _known_models(self) -> list[str] | None:
        if (now := time.monotonic()) >= self._models_until:
            self._models_until = now + MODELS_S
            with contextlib.suppress(NotTakenError, TimeoutError):
                async with asyncio.timeout(self._settings.look_s):
                    self._models = await self._github.models()
        return self._models

    def _configuration(self) -> dict[str, object]:
        settings = self._settings
        return {
            "pipeline_repository": settings.pipeline_repository,
            "target_owner": settings.target_owner,
            "emails_restricted": bool(settings.allowed_emails),
            "max_body_bytes": settings.max_body_bytes,
            "max_tasks_per_day": settings.max_tasks_per_day,
            "task_key": settings.task_key is not None,
            "secrets": len(settings.secrets),
        }


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Pagewright</title>
<h1>Pagewright</h1>
<p>The receiver is up. Tasks go to <code>POST /api-endpoint</code>; <a href="/health">health</a> says whether GitHub
takes them.</p>
<!-- models -->
</html>
"""
