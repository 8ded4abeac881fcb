"""The least that a receiver can be: parse, compare the secret, dispatch. What ours is measured against."""

import hmac
import json
import os

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SECRET = os.environ["SHARED_SECRET"].encode()
URL = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['PIPELINE_REPOSITORY']}/dispatches"
HEADERS = {"authorization": f"Bearer {os.environ['DISPATCH_TOKEN']}"}
github = httpx.AsyncClient(headers=HEADERS)


async def accept(http: Request) -> Response:
    task = json.loads(await http.body())
    if not hmac.compare_digest(task.pop("secret").encode(), SECRET):
        return JSONResponse({"error": "wrong secret"}, 401)
    answer = await github.post(URL, json={"event_type": "task", "client_payload": task})
    return JSONResponse({"status": "accepted"}, 200 if answer.status_code == 204 else 503)


if __name__ == "__main__":
    app = Starlette(routes=[Route("/api-endpoint", accept, methods=["POST"])])
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False, server_header=False, timeout_graceful_shutdown=10)
