.PHONY: soak-logs bench-logs

soak: soak-logs

soak-logs: $(VENV)/.test ## 200,000 log lines of 8 threads in 4 processes through one pipe, with a ready and a lagging reader
	$(PYTHON) tools/soak_logs.py
	$(PYTHON) tools/soak_logs.py --lines 40000 --lag 0.05

bench-logs: $(VENV)/.test ## What one log line costs beside structlog set up as fast as it can be
	@cd tools && ../$(PYTHON) -m bench.log_lines
