.PHONY: soak-memory soak-fuzz soak-workers soak-ends fuzz

soak: soak-memory soak-fuzz soak-workers soak-ends

soak-memory: $(VENV)/.test ## 1,000,000 requests, log lines and httpx calls: resident memory stays within 2 %
	@cd tools && ../$(PYTHON) -m soak.memory

soak-fuzz: $(VENV)/.test ## Arbitrary spans, log records, headers and httpx calls, each property for 30 seconds
	@cd tools && ../$(PYTHON) -m soak.fuzz

fuzz: $(VENV)/.test ## The same for 20,000 examples of each property, however long they take
	@cd tools && ../$(PYTHON) -m soak.fuzz --examples 20000

soak-workers: $(VENV)/.test ## Two minutes of Prometheus watching four workers that are recycled and killed
	SOAK_SECONDS=120 $(PYTHON) -m pytest -q -s tests/service/test_workers_soak.py

soak-ends: $(VENV)/.test ## Every server × application × ending × collector × exporter: writes the table of docs/ends.md
	@cd tools && ../$(PYTHON) -m soak.ends
