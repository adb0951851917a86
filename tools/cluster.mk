.PHONY: cluster

cluster: $(VENV)/.test ## A real Kubernetes cluster and Docker engine with charts and compose.yaml in them (root); writes docs/cluster.md; CLUSTER="RUN…" for some
	@cd tools && ../$(PYTHON) -m testbed.cluster $(CLUSTER) --write ../docs/cluster.md
