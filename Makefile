# Verbs only. `make up` runs the lab, `make test` passes the tests; both set up first what is missing.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STATE ?= state
PORT ?= 8000
BENCH ?=
PYTEST := $(BIN)/python -m pytest
EXTENSION := extensions/kontor-lab
SOURCES := $(shell find $(EXTENSION)/src $(EXTENSION)/style $(EXTENSION)/schema -type f 2>/dev/null) \
           $(EXTENSION)/package.json $(EXTENSION)/tsconfig.json
PACKAGING := pyproject.toml $(shell find $(EXTENSION)/jupyter-config -type f 2>/dev/null)

.PHONY: help up setup test test-quick lint format messages bench wheel lock clean

help:  ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' Makefile | expand -t 14

up: setup  ## run the whole lab on this machine until Ctrl-C
	@exec $(BIN)/kontor up --state $(STATE) --port $(PORT)

setup: $(VENV)/.kontor  ## install what is needed into .venv and build the lab extension

$(VENV)/.packages: requirements.lock .ci/uv.lock
	@.ci/install python $(VENV)
	@touch $@

hub/node_modules/.kontor: hub/package-lock.json $(VENV)/.packages
	@.ci/install npm $(VENV) hub
	@mkdir -p hub/kontor/web/static/vendor
	@cp hub/node_modules/htmx.org/dist/htmx.min.js hub/kontor/web/static/vendor/
	@touch $@

$(EXTENSION)/node_modules/.kontor: $(EXTENSION)/package-lock.json $(VENV)/.packages
	@.ci/install npm $(VENV) $(EXTENSION)
	@touch $@

$(EXTENSION)/.built: $(EXTENSION)/node_modules/.kontor $(SOURCES)
	@echo "setup: building the lab extension" >&2
	@.ci/install run $(VENV) $(EXTENSION) build:prod
	@find $(EXTENSION)/kontor_lab/labextension -name '*.orig' -delete
	@touch $@

$(VENV)/.kontor: hub/node_modules/.kontor $(EXTENSION)/.built $(PACKAGING)
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --reinstall-package kontorhub -e .
	@touch $@

test: setup lint  ## everything: unit, integration, browser, extension
	@.ci/install chromium
	@.ci/install run $(VENV) $(EXTENSION) test
	@$(PYTEST)

test-quick: setup  ## the daily loop, under three minutes: rules and the main pages, no part of the house
	@$(PYTEST) -m "not tree and not part and not page and not browser"

lint: setup  ## ruff, mypy, eslint
	@$(BIN)/ruff check hub extensions/kontor-lab/kontor_lab tests
	@$(BIN)/ruff format --check hub extensions/kontor-lab/kontor_lab tests
	@$(BIN)/mypy hub/kontor extensions/kontor-lab/kontor_lab
	@.ci/install run $(VENV) $(EXTENSION) lint:check

format: setup  ## put the sources in the house's form
	@$(BIN)/ruff check --fix-only -q hub extensions/kontor-lab/kontor_lab tests
	@$(BIN)/ruff format -q hub extensions/kontor-lab/kontor_lab tests

messages: setup  ## bring the catalogues of the languages up to date with the sentences in the sources
	@$(BIN)/python -m tests.catalogues

bench: setup  ## run the benchmarks, or one: make bench BENCH=start
	@$(BIN)/python -m tests.benchmarks $(BENCH)

wheel: setup  ## build the wheel into dist/
	@rm -rf dist
	@$(BIN)/uv build -q --wheel --no-build-isolation --python $(BIN)/python .

lock:  ## resolve the Python packages anew
	@$(BIN)/uv pip compile -q --no-header --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --all-extras --group test --group lint --group build pyproject.toml -o requirements.lock
	@echo "uv" | $(BIN)/uv pip compile -q --no-header --universal --generate-hashes --no-emit-index-url --python-version 3.11 - -o .ci/uv.lock

clean:  ## remove what was built; keeps the state folder
	@rm -rf $(VENV) dist hub/node_modules hub/kontor/web/static/vendor $(EXTENSION)/node_modules $(EXTENSION)/lib \
	  $(EXTENSION)/kontor_lab/labextension $(EXTENSION)/.built
