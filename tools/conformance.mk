.PHONY: conformance
conformance: $(VENV)/.test ## Upstream's own test suites against our parts; writes docs/conformance.md
	@cd tools && $(abspath $(PYTHON)) -m conformance --write ../docs/conformance.md
