"""llama.cpp's server as it answers, with a context of a given size: https://github.com/ggml-org/llama.cpp/tree/master/tools/server.

It lists one model whatever its name, refuses a prompt that is longer than its context with its own 400, and ends an
answer where the context is full.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from orchestrator.generate.models.counting import count_tokens
from tests.doubles.server import Asked, answering, response

NAME = "smollm2-1.7b-instruct"
LONGER = 1.14
"""A small vocabulary needs so many times as many tokens: measured with SmolLM's on the prompts of this project."""

AROUND = 10
"""Tokens of a chat template around each message."""

PIECE = 16
"""Characters of one piece of a stream."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Café sales</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 40rem; padding: 0 1rem; color: #1a1a1a; }
.box { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem .6rem; text-align: left; border-bottom: 1px solid #999; }
</style>
</head>
<body>
<main>
<h1>Café sales</h1>
<p id="state" role="status">Loading the sales.</p>
<div class="box" tabindex="0" role="region" aria-label="Sales"><table>
<thead><tr id="head"></tr></thead><tbody id="rows"></tbody>
</table></div>
</main>
<script>
const row = (cells, kind) => {
  const line = document.createElement("tr");
  for (const cell of cells) line.append(Object.assign(document.createElement(kind), { textContent: cell }));
  return line;
};
fetch("sales.csv").then((answer) => answer.text()).then((text) => {
  const [head, ...lines] = text.trim().split(/\\r?\\n/).map((line) => line.split(","));
  document.getElementById("head").replaceWith(row(head, "th"));
  document.getElementById("rows").append(...lines.map((line) => row(line, "td")));
  const sum = (name) => lines.reduce((total, line) => total + Number(line[head.indexOf(name)]), 0);
  document.getElementById("state").textContent = `${sum("units")} units, ${sum("revenue").toFixed(2)} in all.`;
}).catch(() => { document.getElementById("state").textContent = "The sales could not be loaded."; });
</script>
</body>
</html>
"""
FIRST = f'<file path="index.html">\n{PAGE}</file>\n<file path="README.md">\n# Café sales\n\nShows sales.csv.\n</file>\n'
SECOND = """\
<edit path="index.html">
<<<<<<< SEARCH
</main>
=======
<h2>Suppliers</h2>
<div class="box" tabindex="0" role="region" aria-label="Suppliers"><table>
<thead><tr><th>Supplier</th><th>Delivers</th><th>Every</th></tr></thead><tbody id="suppliers"></tbody>
</table></div>
</main>
>>>>>>> REPLACE
<<<<<<< SEARCH
</script>
=======
fetch("suppliers.json").then((answer) => answer.json()).then((all) => {
  document.getElementById("suppliers").append(...all.map((one) => row(Object.values(one), "td")));
});
</script>
>>>>>>> REPLACE
</edit>
<file path="README.md">
# Café sales

Shows sales.csv and suppliers.json.
</file>
"""


@dataclass
class Llama:
    """The server, and the tokens of each prompt in its own count. `url`: as LLAMA_API_BASE has it."""

    context: int
    url: str = ""
    prompts: list[int] = field(default_factory=list)

    @property
    def too_long(self) -> int:
        """How many prompts left no room for an answer."""
        return sum(prompt >= self.context for prompt in self.prompts)

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if (asked.method, asked.target) == ("GET", "/v1/models"):
            meta = {"n_ctx_train": 8_192, "n_ctx": self.context}
            writer.write(_json(200, {"object": "list", "data": [{"id": NAME, "object": "model", "meta": meta}]}))
        elif (asked.method, asked.target) == ("POST", "/v1/chat/completions"):
            writer.write(self._answered(json.loads(asked.body)))
        else:
            writer.write(_json(404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}))

    def _answered(self, wanted: dict[str, Any]) -> bytes:
        said = [message["content"] for message in wanted["messages"]]
        prompt = sum(_tokens(text) + AROUND for text in said)
        self.prompts.append(prompt)
        if prompt >= self.context:
            told = "the request exceeds the available context size, try increasing it"
            error = {"code": 400, "message": told, "type": "exceed_context_size_error"}
            return _json(400, {"error": error | {"n_prompt_tokens": prompt, "n_ctx": self.context}})
        text = SECOND if "<h1>Café sales</h1>" in said[-1] else FIRST
        room = min(wanted.get("max_tokens") or self.context, self.context - prompt)
        written, reason = _tokens(text), "stop"
        if written > room:
            text, written, reason = text[: len(text) * room // written], room, "length"
        usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
        if wanted.get("stream"):
            return _events(text, reason, usage)
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": reason}]
        return _json(200, {**_named("chat.completion"), "choices": choices, "usage": usage})


@asynccontextmanager
async def llama(context: int) -> AsyncIterator[Llama]:
    """Run a server whose model reads and writes `context` tokens at once."""
    double = Llama(context)
    async with answering(double.answer) as url:
        double.url = f"{url}/v1"
        yield double


def _tokens(text: str) -> int:
    return int(count_tokens(text) * LONGER) + 1


def _named(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-x", "object": kind, "created": 1, "model": NAME}


def _events(text: str, reason: str, usage: dict[str, int]) -> bytes:
    """Return a stream as the server sends it: the reason in a chunk of its own, and the count behind it."""
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    deltas: list[tuple[dict[str, Any], str | None]] = [({"content": piece}, None) for piece in pieces]
    choices = [[{"index": 0, "delta": delta, "finish_reason": end}] for delta, end in [*deltas, ({}, reason)]]
    named = _named("chat.completion.chunk")
    chunks = [*({**named, "choices": one} for one in choices), {**named, "choices": [], "usage": usage}]
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return response(200, body.encode(), content_type="text/event-stream")


def _json(status: int, said: object) -> bytes:
    return response(status, json.dumps(said).encode(), content_type="application/json")
