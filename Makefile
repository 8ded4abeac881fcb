# Everything a newcomer types. Each target brings what it needs: uv, the locked packages, a browser.
UV := $(or $(shell command -v uv),.uv/bin/uv)
PYTHON := .venv/bin/python
# Half as many again as there are cores: tests wait for browsers half of their time.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 3 // 2)')

# Where a shell keeps Python from storing what it compiled, thousands of processes would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench faults fuzz clients serve browser bundler setup

demo: browser
	@$(PYTHON) -m orchestrator demo $(ARGS)

test: browser bundler
	@$(PYTHON) -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

check: setup
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	.venv/bin/zizmor --quiet --offline --persona=pedantic .
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml orchestrator/local/actions/composites/*/action.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(PYTHON) -m pytest -q tests/test_walls.py tests/test_packaging.py tests/test_words.py tests/test_docs.py

bench: browser bundler
	@$(PYTHON) tests/bench $(ARGS)

faults: browser bundler
	@$(PYTHON) -m tests.faults $(ARGS)

fuzz: setup
	@$(PYTHON) -m tests.fuzz $(ARGS)

clients: setup
	@sh .ci/clients
	@$(PYTHON) -m tests.clients $(ARGS)

serve: setup
	@$(PYTHON) -m orchestrator serve

browser: setup
	@sh .ci/browser

bundler: setup
	@sh .ci/bundler

setup: .venv/.installed

.venv/.installed: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --quiet --locked --all-extras
	@touch $@

# Into a folder of its own: the system's Python stays as it is.
.uv/bin/uv:
	@python3 -m pip --version >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y python3-pip >/dev/null; }
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .uv \
		--require-hashes --requirement .ci/uv.txt
