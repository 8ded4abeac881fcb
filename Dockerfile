# The receiver, and nothing else: neither litellm nor a browser, not as root.
FROM python:3.13-slim AS packages
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /usr/local/bin/uv
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --no-install-project --extra receiver --compile-bytecode

FROM python:3.13-slim
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY orchestrator/__init__.py orchestrator/__main__.py orchestrator/cli.py orchestrator/deadline.py \
  orchestrator/errors.py orchestrator/paths.py orchestrator/retry.py orchestrator/runner.py \
  orchestrator/settings.py orchestrator/task.py orchestrator/
COPY receiver receiver
RUN useradd --no-create-home --uid 1000 receiver
USER receiver
ENV HOST=0.0.0.0 PORT=7860 PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 7860
# Of the process alone: GitHub's state is what /health is for.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/', timeout=2)"]
CMD ["python", "-m", "orchestrator", "serve"]
