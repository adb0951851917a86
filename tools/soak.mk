.PHONY: soak-memory soak-fuzz soak-workers

soak: soak-memory soak-fuzz soak-workers

soak-memory: $(VENV)/.test ## 1,000,000 requests and log lines, 300,000 httpx calls: resident memory stays within 2 %
	@cd tools && ../$(PYTHON) -m soak.memory

soak-fuzz: $(VENV)/.test ## Arbitrary spans, log records and headers, each property for 30 seconds
	@cd tools && PYTHONPATH=../tests ../$(PYTHON) -m soak.fuzz

soak-workers: $(VENV)/.test ## Two minutes of Prometheus watching four workers that are recycled and killed
	SOAK_SECONDS=120 $(PYTHON) -m pytest -q -s tests/service/test_workers_soak.py
