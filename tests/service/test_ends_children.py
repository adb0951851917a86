# SPDX-License-Identifier: Apache-2.0
"""Children that an application starts itself: however they end, what they have buffered is at the collector."""

import pytest
from support.ending import Script
from testbed.otlp_receiver import Hang

PARENT = """
import concurrent.futures, multiprocessing, os, sys, time
def work(count):
    spans(count)
    return os.getpid()
def wait(ready):
    spans(5)
    ready.set()
    time.sleep(60)
def process(context):
    children = [context.Process(target=work, args=(5,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return [child.exitcode for child in children]
def terminated(context):
    ready = context.Event()
    child = context.Process(target=wait, args=(ready,))
    child.start()
    ready.wait(30)
    child.terminate()
    child.join()
    return [child.exitcode]
def pool(context):
    with context.Pool(2) as running:  # whose exit terminates its processes
        running.map(work, [5, 5], chunksize=1)
    return []
def executor(context):
    with concurrent.futures.ProcessPoolExecutor(2, context) as running:
        list(running.map(work, [5, 5]))
    return []
if __name__ == "__main__":
    spans(1)
    print({kind}(multiprocessing.get_context("{method}")))
"""
KINDS = {"process": ("[0, 0]", 10), "terminated": ("[-15]", 5), "pool": ("[]", 10), "executor": ("[]", 10)}


def parent(kind, method):
    return PARENT.replace("{kind}", kind).replace("{method}", method)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        *[("process", method) for method in ("fork", "spawn", "forkserver")],
        ("terminated", "fork"),
        ("pool", "forkserver"),
        ("executor", "spawn"),
    ],
)
def test_children_of_multiprocessing_lose_nothing(kind, method, receiver, tmp_path):
    said, spans = KINDS[kind]
    with Script(tmp_path, parent(kind, method), receiver) as script:
        assert script.wait(timeout=40) == 0, script.output
    assert script.stdout == [said]
    assert len(receiver.spans("work")) == spans + 1


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_children_say_what_they_lose(method, receiver, tmp_path):
    receiver.fail_with(Hang())
    limit = {"OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS": "0.5"}
    with Script(tmp_path, parent("process", method), receiver, environment=limit) as script:
        assert script.wait(timeout=40) == 0
        receiver.recover()
    lost = sorted(int(line.split('"message":"')[1].split()[0]) for line in script.stderr if "not delivered" in line)
    assert lost == [1, 5, 5], script.output


FORKED = """
import os, sys
spans(3)
child = os.fork()
spans(4)
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_child_that_runs_to_its_end_sends_its_own(receiver, tmp_path):
    with Script(tmp_path, FORKED, receiver) as script:
        assert script.wait() == 0, script.output
    assert len(receiver.spans("work")) == 3 + 4 + 4


def test_threads_that_outlive_the_main_one_lose_nothing(receiver, tmp_path):
    code = "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.5), spans(5))).start()\nspans(5)"
    with Script(tmp_path, code, receiver) as script:
        assert script.wait() == 0
    assert len(receiver.spans("work")) == 10
    assert script.stderr == []
