# `make bench` takes about half an hour; `make bench BENCH="--rounds 1 --paced-rounds 1"` shows that it works.
.PHONY: bench bench-messages bench-view

bench: $(VENV)/.test ## Compare with bare, the metrics-only stack, upstream and vendors; writes docs/benchmarks.md
	@command -v wrk >/dev/null || { echo "bench needs wrk (Debian: apt-get install wrk)"; exit 1; }
	@cd tools && ../$(PYTHON) -m bench $(BENCH)

bench-messages: $(VENV)/.test ## What observing a message costs beside contrib and FastStream, over the clients' own classes
	@cd tools && ../$(PYTHON) -m bench.messages $(BENCH)


bench-view: $(VENV)/.test ## What the viewer costs and how soon it shows; writes a table of docs/view.md
	@command -v wrk >/dev/null || { echo "bench-view needs wrk (Debian: apt-get install wrk)"; exit 1; }
	@cd tools && ../$(PYTHON) -m bench.viewing
