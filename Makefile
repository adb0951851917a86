# The two commands: `make demo` shows the main job, `make test` runs everything. Both do all of their set-up.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV   := .venv
PYTHON := $(VENV)/bin/python
export PYTHONPATH :=
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo run test lint unit-everywhere suite docs soak soak-strangers clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' Makefile tools/*.mk | sed 's/:.*## /\t/' | sort | while IFS="$$(printf '\t')" read -r target text; do printf '  %-18s %s\n' "$$target" "$$text"; done

demo: $(VENV)/.demo ## Start two services, send requests, show logs, trace and metrics; stop again
	@cd tools && ../$(PYTHON) -m demo

run: $(VENV)/.demo ## The same with the viewer, left running until Ctrl-C
	@cd tools && ../$(PYTHON) -m demo --keep

test: lint unit-everywhere suite ## Everything CI runs: lint, types, the wheel on every Python, all tests

lint: $(VENV)/.test ## ruff and mypy
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

unit-everywhere: $(VENV)/.test ## The built wheel and the unit suite on every other Python from 3.10, without the source tree
	$(PYTHON) tools/unit_everywhere.py

# On a busy machine a test may fail beside others: it is shown as failed, and decided about by a second run, alone.
suite: $(VENV)/.test ## All tests, with the real programs (built once into the user's cache folder)
	$(PYTHON) -m pytest -q -n 3 --dist loadfile || { [ $$? -eq 1 ] && $(PYTHON) -m pytest -q --last-failed --last-failed-no-failures none; }

docs: $(VENV)/.test ## Write the generated references anew
	$(PYTHON) tools/reference.py

soak: $(VENV)/.test ## What takes longer: see docs/soak.md

soak-strangers: $(VENV)/.test ## 100,000 distinct values of each thing that a client chooses
	SOAK_STRANGERS=100000 $(PYTHON) -m pytest -q tests/service/test_strangers.py

clean: ## Remove the environments and build leftovers
	rm -rf $(VENV) .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.made:
	@echo "making the environment in $(VENV) …"
	@python3 -m venv $(VENV) && $(VENV)/bin/pip install -q --upgrade pip && touch $@

$(VENV)/.demo: pyproject.toml | $(VENV)/.made
	@echo "installing otel-distro and what the examples need …"
	@$(VENV)/bin/pip install -q -e . --group examples && touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.demo
	@echo "installing what the tests need …"
	@$(VENV)/bin/pip install -q -e . --group test && touch $@

include $(wildcard tools/*.mk)
