.PHONY: stack bench-collector soak-collector

stack: $(VENV)/.demo ## The chat example with real Collector, VictoriaLogs, Prometheus and Alertmanager, until Ctrl-C
	@cd tools && ../$(PYTHON) -m stack

bench-collector: $(VENV)/.test ## What the Collector costs per line, beside the official preset; writes docs/benchmarks-collector.md
	@cd tools && ../$(PYTHON) -m collector_bench

soak: soak-collector

soak-collector: $(VENV)/.test ## 1,000,000 lines through minutes of faults, every one found in the store
	@cd tools && ../$(PYTHON) -m stack.soak
