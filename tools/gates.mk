# What says how strong the tests are: docs/testing.md has the figures. Each takes longer than `make test` may.
.PHONY: mutants mutants-sampled coverage oldest

mutants: $(VENV)/.test ## Faults that once went unnoticed, put in one by one: each must fail its test (minutes)
	@cd tools && ../$(PYTHON) -m mutants

mutants-sampled: $(VENV)/.test ## Faults drawn over the package: 95 % must be noticed; SAMPLE="--seed 0" draws a fresh set
	@cd tools && ../$(PYTHON) -m mutants.sampled $(SAMPLE)

coverage: $(VENV)/.coverage ## Branches that the unit and service tests reach together, child processes included; fails below the gate
	$(VENV)/bin/coverage erase
	$(VENV)/bin/coverage run -m pytest -q -n 2 --dist loadfile tests/unit tests/service
	$(VENV)/bin/coverage combine -q
	$(VENV)/bin/coverage report

oldest: ## The unit suite with the oldest version of everything that it is to work with, in an environment of its own
	python3 tools/oldest.py

$(VENV)/.coverage: $(VENV)/.test
	@$(VENV)/bin/pip install -q --group coverage && touch $@
