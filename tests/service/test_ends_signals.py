# SPDX-License-Identifier: Apache-2.0
"""Signals end a program, or do not, exactly as without us; and what was buffered is at the collector."""

import os
import signal
import time
from pathlib import Path

import pytest
from support.ending import Script
from testbed.otlp_receiver import Hang, OtlpReceiver
from testbed.waiting import wait_until

SLEEPS = """
import time
spans(5)
print("up")
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_script_is_ended_by_the_signal_and_loses_nothing(number, receiver, tmp_path):
    with Script(tmp_path, SLEEPS, receiver) as script:
        assert script.up().stop(number) == -number
    assert len(receiver.spans("work")) == 5


def test_an_asyncio_script_is_ended_by_the_signal_and_loses_nothing(receiver, tmp_path):
    code = 'import asyncio\nspans(5)\nprint("up")\nasyncio.run(asyncio.sleep(60))'
    with Script(tmp_path, code, receiver) as script:
        assert script.up().stop() == -signal.SIGTERM
    assert len(receiver.spans("work")) == 5


def test_two_signals_in_a_row_cut_nothing_short(receiver, tmp_path):
    with OtlpReceiver() as slow:
        slow.fail_with(Hang())
        with Script(tmp_path, SLEEPS, slow) as script:
            script.up().send_signal(signal.SIGTERM)
            slow.wait_for(lambda found: found.requests())
            script.send_signal(signal.SIGTERM)
            with pytest.raises(TimeoutError):
                script.wait_for(lambda _: script.exit_code is not None, timeout=0.5)
            slow.recover()
            assert script.wait() == -signal.SIGTERM
        assert len(slow.spans("work")) == 5


def test_a_hangup_that_is_ignored_stays_ignored(receiver, tmp_path):
    with Script(tmp_path, SLEEPS, receiver, before=["nohup"]) as script:
        script.up().send_signal(signal.SIGHUP)
        with pytest.raises(TimeoutError):
            script.wait_for(lambda _: script.exit_code is not None, timeout=0.5)
        assert script.stop() == -signal.SIGTERM


SEEN = """
import signal
def handler(*_):
    print("mine")
found = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
found += [signal.signal(signal.SIGTERM, handler), signal.getsignal(signal.SIGTERM) is handler]
found += [signal.signal(signal.SIGTERM, signal.SIG_DFL) is handler, signal.signal(signal.SIGTERM, 0)]
print(found)
"""


def test_nobody_sees_that_the_default_is_not_there(receiver, tmp_path):
    lines = []
    for receives in (None, receiver):
        with Script(tmp_path, SEEN, receives) as script:
            assert script.wait() == 0
            lines.append(script.stdout)
    assert lines[0] == lines[1]
    assert len(lines[0]) == 1


CHAINS = """
import signal, time
def handler(number, frame):
    time.sleep(0.2)
    if callable(before):
        before(number, frame)
    ended.append(number)
ended = []
before = signal.signal(signal.SIGTERM, handler)
spans(5)
print("up")
while not ended:
    time.sleep(0.01)
spans(5)
print("drained")
"""
PUTS_BACK = """
import os, signal, time
def handler(number, frame):
    print("cleaned up")
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
signal.signal(signal.SIGTERM, handler)
spans(10)
print("up")
while True:
    signal.pause()
"""
LOOP_HANDLER = """
import asyncio, signal
async def main():
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    print("up")
    await stop.wait()
    loop.remove_signal_handler(signal.SIGTERM)
    spans(10)
    signal.raise_signal(signal.SIGTERM)
asyncio.run(main())
"""
NATIVE = """
import ctypes, signal, time
libc, FUNCTION = ctypes.CDLL(None), ctypes.CFUNCTYPE(None, ctypes.c_int)
libc.signal.restype, libc.signal.argtypes = ctypes.c_void_p, [ctypes.c_int, FUNCTION]
def native(number):
    asked.append(number)
    if before:
        FUNCTION(before)(number)
asked, handler = [], FUNCTION(native)
before = libc.signal(signal.SIGTERM, handler)
spans(5)
print("up")
while not asked:
    time.sleep(0.02)
time.sleep(0.3)
spans(5)
print("drained")
"""
IN_A_THREAD = """
import threading, sys, time
def work():
    spans(10)
    print("up")
    sys.exit(5)
threading.Thread(target=work).start()
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        pytest.param(CHAINS, 0, ["drained"], id="chains to the handler before"),
        pytest.param(PUTS_BACK, -signal.SIGTERM, ["cleaned up"], id="puts the default back and kills itself"),
        pytest.param(LOOP_HANDLER, -signal.SIGTERM, [], id="asyncio's handlers"),
        pytest.param(NATIVE, 0, ["drained"], id="a handler in native code"),
        pytest.param(IN_A_THREAD, -signal.SIGTERM, [], id="sys.exit in a thread"),
    ],
)
def test_handlers_of_the_application_end_as_without_us(code, status, said, receiver, tmp_path):
    for receives in (None, receiver):
        with Script(tmp_path, code, receives) as script:
            assert (script.up().stop(), script.stdout[1:]) == (status, said), script.output
    assert len(receiver.spans("work")) == 10


TICKS = """
import time
spans(1)
print("up")
while True:
    spans(1)
    time.sleep(0.05)
"""


def test_the_first_process_of_a_container_goes_on_and_so_does_its_telemetry(receiver, tmp_path):
    namespace = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--pid", "--fork", "--kill-child"]
    delay = {"OTEL_BSP_SCHEDULE_DELAY": "60000"}
    with Script(tmp_path, TICKS, receiver, before=[*namespace, "--mount-proc"], environment=delay) as script:
        script.up()
        (first,) = children(script.pid)
        os.kill(first, signal.SIGTERM)
        receiver.wait_for(lambda found: found.spans("work"))
        before = len(receiver.spans("work"))
        wait_until(lambda: os.kill(first, signal.SIGTERM) is None and len(receiver.spans("work")) > before + 10)
        assert script.exit_code is None
        script.kill()
    assert "not delivered" not in script.output


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


AT_EXIT = """
import atexit
atexit.register(lambda: spans(5, "late"))
spans(5)
print("up")
"""


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", 0),
        ("import sys; sys.exit(3)", 3),
        ("raise SystemExit('gone')", 1),
        ("1 / 0", 1),
        ("raise KeyboardInterrupt", -2),
    ],
)
def test_spans_of_the_applications_own_exit_handlers_arrive(ending, status, receiver, tmp_path):
    with Script(tmp_path, AT_EXIT + ending, receiver) as script:
        assert script.wait() == status
    assert len(receiver.spans("work")) == len(receiver.spans("late")) == 5


def test_a_second_interrupt_ends_the_wait_for_a_collector_that_hangs(receiver, tmp_path):
    receiver.fail_with(Hang())
    with Script(tmp_path, SLEEPS, receiver, environment={"OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS": "20"}) as script:
        script.up().send_signal(signal.SIGINT)
        receiver.wait_for(lambda found: found.requests())
        since = time.monotonic()
        assert script.stop(signal.SIGINT) == -signal.SIGINT
        assert time.monotonic() - since < 10
    assert sum("Traceback" in line for line in script.stdout + script.stderr) == 1
    assert not any("Exception ignored" in line for line in script.stderr)


def test_a_signal_while_the_interpreter_ends_waits_for_the_flush(receiver, tmp_path):
    receiver.fail_with(Hang())
    with Script(tmp_path, "spans(5)", receiver) as script:
        receiver.wait_for(lambda found: found.requests())
        script.send_signal(signal.SIGTERM)
        receiver.recover()
        assert script.wait() in {0, -signal.SIGTERM}
    assert len(receiver.spans("work")) == 5
    assert script.printed() == []


def test_a_handler_that_exits_while_the_interpreter_ends_cuts_nothing_short(receiver, tmp_path):
    receiver.fail_with(Hang())
    code = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\nspans(5)"
    with Script(tmp_path, code, receiver) as script:
        receiver.wait_for(lambda found: found.requests())
        script.send_signal(signal.SIGTERM)
        receiver.recover()
        assert script.wait() == 0
    assert len(receiver.spans("work")) == 5
    assert script.printed() == []
