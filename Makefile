# tensorgrade. `make` lists what it can do.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Where a bare torch would bring CUDA along, name an index of CPU builds here.
PIP_OPTIONS ?=

.DEFAULT_GOAL := help
.PHONY: help setup grade serve samples test check lint types layers fix bench test-composed test-docker test-hostile images compose-test chaos load lock schema clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make grade ASSIGNMENT=vu_dl_a3 FILE=path/conv.py"

setup: $(VENV)/.ready  ## make .venv with the pinned dependencies

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tensorgrade needs Python 3.11 or newer; name one with make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

grade: $(VENV)/.ready  ## grade FILE for ASSIGNMENT and print the score
	@test -n "$(ASSIGNMENT)" -a -n "$(FILE)" || { echo "usage: make grade ASSIGNMENT=vu_dl_a3 FILE=path/conv.py"; exit 2; }
	@$(BIN)/tensorgrade grade "$(ASSIGNMENT)" "$(FILE)" $(OPTIONS)

serve: $(VENV)/.ready  ## run the whole service here: http://127.0.0.1:8000
	@$(BIN)/tensorgrade serve $(OPTIONS)

samples: $(VENV)/.ready  ## check every assignment: reference, template and samples
	$(BIN)/tensorgrade check --all

test: $(VENV)/.ready  ## run the tests, two files at a time
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: lint types layers  ## lint, types and layers

lint: $(VENV)/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.ready
	$(BIN)/mypy

layers: $(VENV)/.ready
	$(BIN)/lint-imports --no-cache

fix: $(VENV)/.ready  ## format, and mend what the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/.ready  ## measure speed and memory on this machine
	$(BIN)/python -m tests.bench

test-composed: $(VENV)/.ready  ## the service's tests once more, on PostgreSQL and Redis
	SERVICE_TESTS=composed $(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/api

test-docker: $(VENV)/.ready  ## the sandboxes' tests in containers (needs an engine, and `make images`)
	SANDBOX_TESTS=docker $(BIN)/python -m pytest tests/sandbox_docker tests/engine/test_docker_grading.py

test-hostile: $(VENV)/.ready  ## the attacks, in containers (a quarter of an hour)
	SANDBOX_TESTS=docker $(BIN)/python -m pytest tests/hostile

chaos: $(VENV)/.ready  ## kill, lose and cut what the service is made of; 200 uploads on each database
	CHAOS_SUBMISSIONS=$(or $(SUBMISSIONS),200) CHAOS_ROUNDS=3 $(BIN)/python -m pytest -q tests/chaos

load: $(VENV)/.ready  ## measure the service under load
	$(BIN)/python -m pytest -q --capture=no tests/load/load_*.py

compose-test: $(VENV)/.ready  ## start the compose stack for real, grade, kill its parts, take it down
	$(BIN)/python docker/compose-test

schema: $(VENV)/.ready  ## write the JSON Schema of a score to docs/
	$(BIN)/tensorgrade schema > docs/score.schema.json

lock: $(VENV)/.ready  ## pin what is installed now
	$(BIN)/python -m pip freeze --all --exclude pip --exclude-editable | sed 's/+cpu$$//' > requirements.lock

images:  ## build the images of the sandbox and the service (docker/build says with which options)
	docker/build

clean:  ## remove what was built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
