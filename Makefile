# One virtual environment in .venv, made when it is missing: with uv where it is, else with venv and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := docs

.DEFAULT_GOAL := help
.PHONY: demo test check fix integration bench help

$(VENV)/.ready: pyproject.toml constraints.txt
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --seed --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt --group dev -e '.[$(EXTRAS)]'; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' && \
	  $(BIN)/python -m pip install --quiet -c constraints.txt --group dev -e '.[$(EXTRAS)]'; \
	fi
	@touch $@

demo: $(VENV)/.ready  ## Ask the sample documents eight questions in eight languages
	@$(BIN)/xagent demo

# Bytecode is kept, whatever the environment says: each worker, and each program that tests start, needs it.
test: $(VENV)/.ready  ## Run the default tests: fast, offline
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal --quiet

check: $(VENV)/.ready  ## Look for faults without changing anything
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fix: $(VENV)/.ready  ## Put right what can be put right by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

$(VENV)/.serving: $(VENV)/.ready
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt --group serve --group browser; \
	else \
	  $(BIN)/python -m pip install --quiet -c constraints.txt --group serve --group browser; \
	fi
	@touch $@

integration: $(VENV)/.serving  ## Run the tests that need more: model servers, a browser, many kills, time
	@$(BIN)/python -m pytest -m integration --timeout=600 --quiet

bench: $(VENV)/.ready  ## Measure: make bench XQUAD=... NOMIRACL=... LINGUA=...
	@[ -z "$(LINGUA)" ] || $(BIN)/python benchmarks/languages.py --data $(LINGUA)
	@[ -z "$(XQUAD)" ] || $(BIN)/python benchmarks/retrieval.py --data $(XQUAD)
	@[ -z "$(NOMIRACL)" ] || $(BIN)/python benchmarks/ingest.py --data $(NOMIRACL)
	@$(BIN)/xagent eval sample --json

help:  ## Show this
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
