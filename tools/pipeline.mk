.PHONY: pipeline soak-pipeline soak-messages

pipeline: $(VENV)/.test ## The example pipeline with a real Kafka, PostgreSQL and Redis: one chunk's lines and trace, stages, lag, readiness
	@cd tools && ../$(PYTHON) -m pipeline

soak-pipeline: $(VENV)/.test ## 1,000 chunks while workers are killed, groups rebalance and the broker restarts
	@cd tools && ../$(PYTHON) -m pipeline.chaos

soak-messages: $(VENV)/.test ## 200,000 messages through aiokafka: resident memory is flat
	@cd tools && ../$(PYTHON) -m soak.messages
