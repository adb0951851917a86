import logging

import bentoml

logger = logging.getLogger("bentoml")


@bentoml.service
class Echo:
    @bentoml.api
    def echo(self, text: str) -> str:
        logger.warning("echoing")
        return text
