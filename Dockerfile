# The receiver, and nothing else: neither litellm nor a browser, not as root.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS packages
WORKDIR /app
COPY .ci/uv.txt pyproject.toml uv.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement uv.txt
RUN uv sync --locked --no-default-groups --no-install-project --extra receiver --compile-bytecode

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY orchestrator/__init__.py orchestrator/__main__.py orchestrator/cli.py orchestrator/
COPY orchestrator/core/__init__.py orchestrator/core/deadline.py orchestrator/core/errors.py \
  orchestrator/core/order.py orchestrator/core/paths.py orchestrator/core/retry.py \
  orchestrator/core/scaffold.py orchestrator/core/settings.py orchestrator/core/task.py orchestrator/core/values.py \
  orchestrator/core/
COPY orchestrator/jobs/__init__.py orchestrator/jobs/hiding.py orchestrator/jobs/runner.py orchestrator/jobs/
COPY receiver receiver
RUN useradd --no-create-home --uid 1000 receiver
USER receiver
ENV HOST=0.0.0.0 PORT=7860 PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 7860
# Of the process alone: GitHub's state is what /health is for.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/', timeout=2)"]
CMD ["python", "-m", "orchestrator", "serve"]
