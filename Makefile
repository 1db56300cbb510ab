# sos: the few commands that one needs. `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What servers of the bench run on; nginx, Varnish and wrk are unpacked and not installed.
BENCH_NEEDS := gcc:gcc libc6-dev npm:npm mariadb-server-core mariadb-client-core:mariadb \
	php-cli php-mysql php-gd php-xml php-mbstring php-curl php-intl php-zip ca-certificates xz-utils:xz

.PHONY: help demo dev test check bench fuzz docs clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## show a complete site; needs nothing but Python 3.11; ARGS="--from URL" shows yours
	@$(BIN)/sos demo $(ARGS)

dev: $(VENV)/.demo ## edit templates, and see each save in the browser; ARGS="--templates DIR --from URL"
	@$(BIN)/sos dev $(ARGS)

test: $(VENV)/.test ## everything that CI runs; installs the servers it needs where it may; ARGS for pytest
	@bash tests/servers/install.sh
	@$(MAKE) --no-print-directory check
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	@# Two at once; then, alone, those that count each answer later than 1 s. What is at fault fails
	@# twice; a machine that had other things to do for a second does not.
	$(BIN)/pytest -m "not promise" --numprocesses 2 --dist loadfile --reruns 1 --durations 40
	$(BIN)/pytest -m promise --reruns 1 --durations 40
endif

check: $(VENV)/.test ## lint, format, types, import layers
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.test ## measure sos beside nginx, Varnish, Koa …; results go to bench/results; ARGS="--quick" for 2 minutes
	@bash tests/servers/install.sh $(BENCH_NEEDS)
	$(BIN)/python -m bench $(ARGS)

fuzz: $(VENV)/.test ## send anything to the front, the documents and the bundles, for SOS_FUZZ_SECONDS (600)
	@# Guided by coverage where atheris can be had, which is not for every version of Python.
	@$(BIN)/pip install --quiet --disable-pip-version-check 'atheris>=3,<4' || true
	$(BIN)/python -m tests.fuzz.run $(ARGS)

docs: $(VENV)/.test ## write the generated documents anew
	$(BIN)/python -m sos.page.describe > docs/templates.md
	$(BIN)/python -m sos.describe_settings
	$(BIN)/python -m sos.describe_metrics > docs/metrics.md

clean: ## remove what the commands above made
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.venv: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "sos needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv $(VENV) || (echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 1)
	@touch $@

$(VENV)/.demo: $(VENV)/.venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[demo]'
	@touch $@

$(VENV)/.test: $(VENV)/.venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $(VENV)/.demo $@
