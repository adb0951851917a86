# SPDX-License-Identifier: Apache-2.0
"""The helpers that start programs and read metrics for all other tests."""

import math
import signal

import pytest
from testbed.processes import Process, free_port, json_objects, run
from testbed.scrape import TEXT, histogram_quantile, parse

SLEEP = "import signal, sys; print('ready', flush=True); signal.pause()"


def python(code, **options):
    return Process(["python", "-c", code], **options)


def test_reads_both_streams_and_the_exit_code():
    with python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)") as program:
        assert program.wait() == 3
    assert (program.stdout, program.stderr) == (["out"], ["err"])


def test_waits_for_a_line_and_stops_by_signal():
    with python(SLEEP) as program:
        assert program.wait_for_line("^read") == "ready"
        assert program.stop() == -signal.SIGTERM


def test_a_line_that_cannot_come_any_more_is_not_waited_for():
    with python("print('something else')") as program, pytest.raises(TimeoutError, match="something else"):
        program.wait_for_line("ready", timeout=60)


def test_kills_what_ignores_the_signal_and_says_so():
    program = python("import signal; signal.signal(15, signal.SIG_IGN); " + SLEEP)
    program.wait_for_line("ready")
    with pytest.raises(TimeoutError, match="did not end"):
        program.stop(timeout=0.2)
    assert program.exit_code == -signal.SIGKILL


def test_a_program_that_ends_before_it_serves_is_reported_at_once():
    with python("print('no such module')") as program, pytest.raises(RuntimeError, match="no such module"):
        program.wait_for_port(free_port(), timeout=60)


def test_the_environment_is_clean(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "leaked")
    code = "import os; print(*sorted(name for name in os.environ if name.startswith(('OTEL', 'MINE'))))"
    assert run(["python", "-c", code], {"MINE": "1"}).stdout == "MINE\n"


def test_json_objects_skips_other_lines():
    assert json_objects(['{"a": 1}', "plain", ""]) == [{"a": 1}]


PAGE = """# TYPE took histogram
took_bucket{route="/a",le="1.0"} 5
took_bucket{route="/a",le="2.0"} 9
took_bucket{route="/a",le="+Inf"} 10
took_sum{route="/a"} 12
took_count{route="/a"} 10
took_bucket{route="/b",le="1.0"} 0
took_bucket{route="/b",le="2.0"} 0
took_bucket{route="/b",le="+Inf"} 0
"""


def test_reads_values_and_quantiles_from_a_page():
    page = parse(PAGE, TEXT)
    assert page.value("took_count", route="/a") == 10
    assert page.value("took_count", route="/c") == 0
    assert histogram_quantile(0.5, page.samples("took_bucket")) == pytest.approx(1.0)
    assert histogram_quantile(0.7, page.samples("took_bucket")) == pytest.approx(1.5)
    assert histogram_quantile(0.99, page.samples("took_bucket")) == 2.0
    assert math.isnan(histogram_quantile(0.5, page.samples("took_bucket", route="/b")))


def test_a_family_that_comes_twice_is_an_error():
    with pytest.raises(ValueError, match="twice"):
        parse("# TYPE a counter\na 1\n# TYPE b counter\nb 1\n# TYPE a counter\na 2\n", TEXT)
