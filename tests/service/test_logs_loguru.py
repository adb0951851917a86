# SPDX-License-Identifier: Apache-2.0
"""loguru: the contract where nobody chose a format, ids for those who did, and nothing else changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import json_objects, run

from otel_distro.logs.contract import check_event

QUIET = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_SERVICE_NAME": "shop"}
RUN = ["otel-distro", "run"]
INSIDE = "import sys\nfrom opentelemetry import trace\nfrom loguru import logger\nspan = trace.get_tracer('t').start_as_current_span('s')\n"
INTERCEPT = """
import inspect, logging
from loguru import logger
class Intercept(logging.Handler):
    def emit(self, record):
        frame, depth = inspect.currentframe(), 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(record.levelname, record.getMessage())
logging.basicConfig(handlers=[Intercept()], level=0, force=True)
def business(): logging.getLogger("shop").info("placed")
"""


def test_where_nobody_chose_a_format_lines_keep_the_contract() -> None:
    program = INSIDE + (
        "with span:\n    logger.bind(userId=3, password='hunter22').info('hello {}', 1)\n"
        "    try: 1 / 0\n    except Exception: logger.exception('failed')\n"
        "logger.remove(); logger.add(sys.stdout, level='INFO'); logger.success('again'); logger.debug('hidden')"
    )
    done = run([*RUN, sys.executable, "-c", program], QUIET)
    first, second = json_objects(done.stderr.splitlines())
    (third,) = json_objects(done.stdout.splitlines())
    assert [list(check_event(line)) for line in (first, second, third)] == [[], [], []]
    assert (first["message"], first["user_id"], first["password"]) == ("hello 1", 3, "[REDACTED]")
    assert (second["level"], second["error"]) == ("error", "ZeroDivisionError: division by zero")
    assert first["trace_id"] == second["trace_id"]
    assert (third["message"], "trace_id" in third) == ("again", False)


def test_formats_of_its_own_get_the_ids_on_the_console_and_in_json(tmp_path: Path) -> None:
    program = INSIDE + (
        "logger.remove()\n"
        "logger.add(sys.stdout, format='own {message}', enqueue=True)\n"
        "logger.add(sys.stderr, serialize=True, enqueue=True)\n"
        "logger.add('own.log', format='{message} {extra}')\n"
        "got = []; logger.add(got.append, format='{message}')\n"
        "with span: logger.info('token=hunter2222', n=1)\n"
        "logger.complete()\nassert got == ['token=hunter2222\\n'], got"
    )
    done = run([*RUN, sys.executable, "-c", program], QUIET, tmp_path)
    serialized = json.loads(done.stderr)
    trace_id, span_id = serialized["trace_id"], serialized["span_id"]
    assert done.stdout == f"own token=[REDACTED] trace_id={trace_id} span_id={span_id}\n"
    assert serialized["record"]["message"] == "token=[REDACTED]"
    assert (tmp_path / "own.log").read_text() == "token=hunter2222 {'n': 1}\n"


def test_what_logging_sends_to_loguru_names_its_caller_and_is_written_once() -> None:
    own = (
        INTERCEPT
        + "import sys\nlogger.remove(); logger.add(sys.stderr, format='{name}:{function} {message}')\nbusiness()"
    )
    done = run([*RUN, sys.executable, "-c", own], QUIET)
    assert (done.stdout, done.stderr) == ("", "__main__:business placed\n")
    served = run([*RUN, sys.executable, "-c", INTERCEPT + "business()"], {**QUIET, "OTEL_DISTRO_LOG_STREAM": "stdout"})
    assert [(line["message"], line["logger"]) for line in json_objects(served.stdout.splitlines())] == [
        ("placed", "__main__")
    ]


def test_each_event_is_exported_once_whichever_way_it_takes(receiver: OtlpReceiver) -> None:
    exporting = {"OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    program = (
        INTERCEPT + "business()\nlogger.add('/dev/null')\nlogger.add(logging.NullHandler())\nlogger.info('two sinks')"
    )
    done = run([*RUN, sys.executable, "-c", program], {**QUIET, **exporting})
    assert [line["otlp"] for line in json_objects(done.stderr.splitlines())] == [True, True]
    assert sorted(record.body for record in receiver.logs()) == ["placed", "two sinks"]
