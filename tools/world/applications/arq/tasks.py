import logging
import os
import pathlib

from arq.connections import RedisSettings

settings = RedisSettings(port=int(os.environ["REDIS_PORT"]))
logger = logging.getLogger("shop")


async def work(context, number):
    logger.warning("working on %s", number)
    pathlib.Path(f"done-{number}").touch()


class WorkerSettings:
    functions = [work]
    redis_settings = settings
    max_jobs = 1
