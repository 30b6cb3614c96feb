# What one does with this house. Needs git, make and Python 3.11+ with venv; everything else is installed into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
# Most integration tests wait for servers: one worker more than processors, at most 4, uses what they leave idle. Each
# worker has servers and ports of its own.
WORKERS := $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -lt 4 ] && echo $$((n + 1)) || echo 4)
SIDE_BY_SIDE ?= --numprocesses $(WORKERS) --dist worksteal
ARGS   ?=
# Without bytecode each of the hundreds of processes that the tests start would compile our modules again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install test test-unit soak lint format docs demo bench clean
.DELETE_ON_ERROR:

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The stamp is newer than pyproject.toml as long as nothing has to be installed: a repeated `make test` starts at once.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Hải Đăng needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "This Python has no venv. On Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[site,test,bench]'
	@touch $@

install: $(STAMP) ## Python packages into .venv

test: $(STAMP) ## Unit, integration and browser tests (ARGS="-k word" chooses)
	$(PYTEST) $(SIDE_BY_SIDE) tests/unit tests/integration tests/browser $(ARGS)

test-unit: $(STAMP) ## Unit tests: one to two minutes
	$(PYTEST) $(SIDE_BY_SIDE) tests/unit $(ARGS)

soak: $(STAMP) ## Tests that take long
	$(PYTEST) tests/soak --timeout 7200 $(ARGS)

lint: $(STAMP) ## Style, types and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Put the code into its form
	$(BIN)/ruff check --fix --quiet || true
	$(BIN)/ruff format

docs: $(STAMP) ## Write the generated pages again
	$(BIN)/python -m docs.generate

demo: $(STAMP) ## A simulated city on this machine
	$(BIN)/haidang demo $(ARGS)

bench: $(STAMP) ## The promised figures beside their peers, about ten minutes (ARGS="packs" for one)
	$(BIN)/python -m bench $(ARGS)

clean: ## Remove what was installed and cached here
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info build dist
