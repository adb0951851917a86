# SPDX-License-Identifier: Apache-2.0
"""The process and its interpreter, under the names that `prometheus_client` made common.

Over workers the counters and sizes are added up, so `process_cpu_seconds_total` is the CPU of the whole service; the
limit of descriptors is the smallest, the start the earliest.
"""

from __future__ import annotations

import gc
import os
import platform
import resource
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from otel_distro.metrics.families import Family, Kind, Number, Policy
from otel_distro.metrics.names import join_labels

_PROC = Path("/proc/self")
# Fields of /proc/self/stat after the command's name: proc_pid_stat(5), whose numbers begin three higher.
_UTIME, _STIME, _START, _VSIZE, _RSS = 11, 12, 19, 20, 21


def families() -> Iterator[Family]:
    """Yield what is known of this process now; where there is no /proc, only what the interpreter knows."""
    with suppress(OSError):
        yield from _memory_and_time()
        yield from _descriptors()
    yield from garbage()
    yield Family("python_info", "gauge", "Python platform information", policy="last", points={_python(): Number(1.0)})


def _one(name: str, kind: Kind, text: str, value: float, policy: Policy = "sum") -> Family:
    return Family(name, kind, text, policy=policy, points={"": Number(value)})


def _memory_and_time() -> Iterator[Family]:
    fields = (_PROC / "stat").read_bytes().rpartition(b")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    cpu = (int(fields[_UTIME]) + int(fields[_STIME])) / ticks
    yield _one("process_cpu_seconds", "counter", "Total user and system CPU time spent in seconds.", cpu)
    yield _one("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", float(fields[_VSIZE]))
    resident = int(fields[_RSS]) * float(resource.getpagesize())
    yield _one("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", resident)
    start = int(fields[_START]) / ticks + _boot_time()
    text = "Start time of the process since unix epoch in seconds."
    yield _one("process_start_time_seconds", "gauge", text, start, "min")


@cache
def _boot_time() -> float:
    for line in Path("/proc/stat").read_bytes().splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    raise OSError("/proc/stat has no btime")


def _descriptors() -> Iterator[Family]:
    limit = float(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield _one("process_max_fds", "gauge", "Maximum number of open file descriptors.", limit, "min")
    count = float(sum(1 for _ in (_PROC / "fd").iterdir()))
    yield _one("process_open_fds", "gauge", "Number of open file descriptors.", count)


def garbage() -> Iterator[Family]:
    """Yield what the garbage collector has done."""
    texts = {
        "collected": ("python_gc_objects_collected", "Objects collected during gc"),
        "uncollectable": ("python_gc_objects_uncollectable", "Uncollectable objects found during GC"),
        "collections": ("python_gc_collections", "Number of times this generation was collected"),
    }
    stats = gc.get_stats()
    for key, (name, text) in texts.items():
        family = Family(name, "counter", text, policy="sum")
        for generation, stat in enumerate(stats):
            family.points[f'generation="{generation}"'] = Number(float(stat[key]))
        yield family


@cache
def _python() -> str:
    major, minor, patchlevel = platform.python_version_tuple()
    return join_labels(
        {
            "implementation": platform.python_implementation(),
            "version": platform.python_version(),
            "major": major,
            "minor": minor,
            "patchlevel": patchlevel,
        }
    )
