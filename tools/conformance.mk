.PHONY: conformance
conformance: $(VENV)/.test ## Upstream's own test suites against our parts; writes docs/conformance.md
	@cd tools && $(abspath $(PYTHON)) -m conformance --write ../docs/conformance.md

.PHONY: fuzz
fuzz: $(VENV)/.test ## 20,000 random spans through our encoder and upstream's
	@cd tools && $(abspath $(PYTHON)) -m conformance.fuzz
