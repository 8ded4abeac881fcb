"""`make clients`: Netlify's and Vercel's own clients deploy to our stand-ins, so that others prove what we play.

They need a newer Node than many machines have: the one in Playwright's wheel runs them.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import playwright

from orchestrator.core.loopback import bind, listener_url, serving
from orchestrator.local.hosts.netlify import create_netlify_app
from orchestrator.local.hosts.shelf import Shelf
from orchestrator.local.hosts.vercel import create_vercel_app

NODE = Path(playwright.__file__).parent / "driver" / "node"
CLIENTS = Path(".clients/node_modules").resolve()
TOKEN = "tokenOfTheClient"
FILES = {"index.html": b"<!doctype html><h1>one</h1>\n", "data/sales.csv": b"a,b\n1,2\n", "a b.txt": b"\0\xff"}
LIMIT_S = 300.0


async def run_client(script: str, arguments: list[str], folder: Path, env: Mapping[str, str]) -> str:
    """Run a client with an environment of its own; return what it says. Raises AssertionError if it fails."""
    home = {"PATH": os.environ["PATH"], "HOME": f"{folder}-home", "CI": "1", "NO_COLOR": "1"}
    clean = {**home, "VERCEL_TELEMETRY_DISABLED": "1", **env}
    started = await asyncio.create_subprocess_exec(
        NODE,
        CLIENTS / script,
        *arguments,
        cwd=folder,
        env=clean,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, errors = await asyncio.wait_for(started.communicate(), LIMIT_S)
    except TimeoutError:
        started.kill()
        await started.wait()
        raise
    assert started.returncode == 0, out.decode() + errors.decode()
    return out.decode()


def write_site(folder: Path) -> None:
    """Put the files of the site into a folder."""
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


async def check_served(url: str) -> None:
    """Compare every byte of what is served with the files."""
    async with httpx.AsyncClient(trust_env=False) as http:
        for path, data in FILES.items():
            answer = await http.get(f"{url.rstrip('/')}/{path}")
            assert (answer.status_code, answer.content) == (200, data), (path, answer)


async def deploy_to_netlify(folder: Path) -> None:
    """Make a site and deploy it twice: the second time there is nothing to upload."""
    listener = bind()
    shelf = Shelf(folder / "host", listener_url(listener), TOKEN, 0.2)
    write_site(folder / "site")
    async with serving(create_netlify_app(shelf), listener) as url:
        site = shelf.keep({"kind": "site", "id": str(uuid4()), "name": "ours"})
        env = {"NETLIFY_API_URL": f"{url}/api/v1", "NETLIFY_AUTH_TOKEN": TOKEN}
        script = "netlify-cli/bin/run.js"
        arguments = ["deploy", "--no-build", "--dir", "site", "--prod", "--json", "--site", site["name"]]
        for _ in range(2):
            said = json.loads(await run_client(script, arguments, folder, env))
            assert said["site_id"] == site["id"]
            await check_served(f"{url}/live/ours")
        first, second = shelf.list_entries("deploy")[::-1]
        # The client adds a netlify.toml of its own, where it says how to build: not at all.
        assert (len(first["required"]), second["required"]) == (len(FILES) + 1, [])


async def deploy_to_vercel(folder: Path) -> None:
    """Deploy the prebuilt form; the client makes the project."""
    listener = bind()
    shelf = Shelf(folder / "host", listener_url(listener), TOKEN, 0.2)
    write_site(folder / "ours/.vercel/output/static")
    (folder / "ours/.vercel/output/config.json").write_text('{"version": 3}')
    async with serving(create_vercel_app(shelf), listener) as url:
        script = "vercel/dist/vc.js"
        arguments = ["deploy", "--prebuilt", "--yes", "--prod", "--token", TOKEN, "--api", url]
        await run_client(script, arguments, folder / "ours", {})
        (project,) = shelf.list_entries("project")
        await check_served(f"{url}/live/{project['name']}.vercel.app")


async def deploy_with_clients() -> None:
    """Deploy with each client, and say so."""
    for name, deploy in {"netlify": deploy_to_netlify, "vercel": deploy_to_vercel}.items():
        with tempfile.TemporaryDirectory() as folder:
            await deploy(Path(folder))
        sys.stdout.write(f"{name}'s own client deployed to the stand-in, and every byte is served\n")


if __name__ == "__main__":
    asyncio.run(deploy_with_clients())
