# `make bench` takes about a quarter of an hour; `make bench BENCH="--rounds 1 --paced-rounds 1"` shows that it works.
.PHONY: bench

bench: $(VENV)/.test ## Compare with bare, the metrics-only stack, upstream and vendors; writes docs/benchmarks.md
	@command -v wrk >/dev/null || { echo "bench needs wrk (Debian: apt-get install wrk)"; exit 1; }
	$(PYTHON) tools/bench/report.py $(BENCH)
