# Upstream's own test suites against our parts; writes docs/conformance.md. See tools/conformance/.
.PHONY: conformance
conformance:
	cd tools && $(abspath $(PYTHON)) -m conformance --write ../docs/conformance.md
