import logging
import pathlib

from celery import Celery
from celery.utils.log import get_task_logger

app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": "queue",
    "data_folder_out": "queue",
    "control_folder": "work/control",
    "processed_folder": "processed",
}
app.conf.update(worker_send_task_events=False, broker_connection_retry_on_startup=True)
logger = logging.getLogger("shop")
task_logger = get_task_logger(__name__)


@app.task
def work(number):
    logger.warning("working on %s", number)
    task_logger.warning("still working on %s", number)
    print("printed", number)
    pathlib.Path(f"work/{number}").write_text(str(number))
    if len(list(pathlib.Path("work").glob("[0-9]*"))) == 5:
        pathlib.Path("work/done-5").touch()
