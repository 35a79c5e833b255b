# Everything here wraps a plain command; nothing can be done only through make.
PYTHON ?= python3
PORT ?= 7071
HOST ?= 127.0.0.1
DATA ?=
VENV := .venv
BIN := $(VENV)/bin
# More than there are processors: tests wait as well, for servers that start or are away.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 2)')
TEMPLATES := infra/bicep/main.bicep infra/azd/main.bicep
# uv installs in seconds what takes pip a minute; where it cannot be had, or fails, pip does.
define install
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv && \
	  $(BIN)/python -m uv pip install -q --system-certs --python $(BIN)/python -e $(1) 2>/dev/null || \
	  { echo "Without uv, which takes a minute…"; $(BIN)/python -m pip install -q --disable-pip-version-check -e $(1); }
endef

# Where it is set, each of the hundreds of processes that the tests start would compile all of mlflow again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve test check format endpoints picture bench clean

help:  ## Show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

serve: $(VENV)/.installed  ## Run Genesis-Flow here (PORT=7071 DATA=.genesis HOST=127.0.0.1)
	@exec $(BIN)/python -m genesis serve --host $(HOST) --port $(PORT) $(if $(DATA),--data "$(DATA)")

test: check $(VENV)/.dev  ## Install what the tests need, then run every check and test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder  # tests/conftest.py puts what is slow first

check: $(VENV)/.dev  ## ruff, mypy --strict and bandit; bicep build and lint where there is a bicep command
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/bandit -q -ll -c pyproject.toml -r genesis function_app.py  # what is of low severity, ruff's S rules judge line by line
	@if command -v bicep >/dev/null; then for file in $(TEMPLATES); do \
	  echo "bicep lint and build $$file" && bicep lint "$$file" && bicep build --stdout "$$file" >/dev/null || exit 1; done; fi

format: $(VENV)/.dev  ## Format the code and sort the imports
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

endpoints: $(VENV)/.dev  ## MLflow's RPCs, served or not
	@$(BIN)/python -m genesis endpoints

picture: $(VENV)/.dev  ## Draw docs/architecture.svg and the table of docs/deployment.md from the Bicep files
	$(BIN)/python -m infra.picture
	$(BIN)/python -m infra.table

bench: $(VENV)/.dev  ## The same load on ours, stock servers and FastTrackML, into docs/bench.md (BENCH="--help")
	@$(BIN)/python -m bench $(or $(BENCH),--docs docs)

clean:  ## Remove what make installed and the caches, never data
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Genesis-Flow needs Python 3.11 or newer; name one: make serve PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) (once)…"
	$(call install,.)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) (once)…"
	$(call install,'.[dev]')
	@touch $@ $(VENV)/.installed
