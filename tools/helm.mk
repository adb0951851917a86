.PHONY: dashboards chart-readmes chart-goldens chart-real

dashboards: $(VENV)/.test ## Write helm/observability/dashboards anew from tools/dashboards
	@cd tools && ../$(PYTHON) -m dashboards

chart-readmes: $(VENV)/.test ## Write the README of each chart anew from its values
	@cd tools && ../$(PYTHON) -m charts.readme

chart-goldens: $(VENV)/.test ## Render every case of helm/*/ci into tests/helm/goldens
	@cd tools && ../$(PYTHON) -m charts.goldens

chart-real: $(VENV)/.test ## Render and check the whole stack with the real dependency charts in CHARTS=folder
	@cd tools && ../$(PYTHON) -m charts.real $(abspath $(CHARTS))
