.PHONY: dashboards chart-readmes chart-real

dashboards: ## Generate helm/observability/dashboards from tools/dashboards
	cd tools && $(PYTHON) -m dashboards

chart-readmes: ## Generate the README of each chart from its values
	cd tools && $(PYTHON) -m charts.readme

chart-real: ## Render the whole stack with the real dependency charts in CHARTS=<folder>
	cd tools && $(PYTHON) -m charts.real $(abspath $(CHARTS))

.PHONY: chart-goldens
chart-goldens: ## Render every case of helm/*/ci into tests/helm/goldens
	cd tools && $(PYTHON) -m charts.goldens
