# Adoption: four systems as people run them, see docs/adopt.md.

.PHONY: adoption
adoption: $(VENV)/.test ## Four systems × left in and removed × both launchers × 1 and 3 workers
	ADOPTION_ALL=1 $(PYTHON) -m pytest -q tests/adoption
