import logging
import os
import pathlib

from taskiq_redis import ListQueueBroker

broker = ListQueueBroker(url=f"redis://127.0.0.1:{os.environ['REDIS_PORT']}")
logger = logging.getLogger("shop")


@broker.task
async def work(number: int) -> None:
    logger.warning("working on %s", number)
    pathlib.Path(f"done-{number}").touch()
