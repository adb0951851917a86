.PHONY: world

world: $(VENV)/.test ## Real applications from the index, run bare and with us, compared; WORLD="NAME…" for some; writes docs/world.md
	@cd tools && ../$(PYTHON) -m world $(WORLD) --write ../docs/world.md
