# SPDX-License-Identifier: Apache-2.0
"""One line, one write, to whatever standard output is."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from pathlib import Path

from otel_distro.logs.stdout import Stdout


@contextlib.contextmanager
def stdout_is(stream):
    """Make a stream the real standard output inside the test: pytest has its own in place only then."""
    before, sys.__stdout__ = sys.__stdout__, stream
    try:
        yield Stdout("stdout")
    finally:
        sys.__stdout__ = before


def test_lines_go_straight_to_the_descriptor(tmp_path: Path):
    path = tmp_path / "out"
    with path.open("w") as stream, stdout_is(stream) as stdout:
        stdout.write(b"one\n")
        assert path.read_bytes() == b"one\n"


def test_a_replaced_stream_gets_the_text():
    stream = io.StringIO()
    with stdout_is(stream) as stdout:
        stdout.write("ü\n".encode())
    assert stream.getvalue() == "ü\n"


def test_a_stream_that_replaces_it_for_a_while_gets_nothing():
    first, second = io.StringIO(), io.StringIO()
    with stdout_is(first) as stdout, contextlib.redirect_stdout(second):
        stdout.write(b"one\n")
    assert (first.getvalue(), second.getvalue()) == ("one\n", "")


def test_a_buffer_that_was_detached_is_found_again(tmp_path: Path, monkeypatch):
    """`sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="utf-8")`, as in many a program's first lines."""
    monkeypatch.setattr("otel_distro.logs.stdout._STANDARD", range(1 << 20))
    stream = (tmp_path / "out").open("w")
    with stdout_is(stream) as stdout:
        stdout.write(b"one\n")
        with io.TextIOWrapper(stream.detach()) as new, contextlib.redirect_stdout(new):
            stdout.write(b"two\n")
        assert (stdout.lost, (tmp_path / "out").read_text()) == (0, "one\ntwo\n")


def test_a_closed_stream_loses_lines_and_never_writes_to_a_descriptor_that_is_anothers_now(tmp_path: Path, capsys):
    stream = (tmp_path / "out").open("w")
    with stdout_is(stream) as stdout:
        stdout.write(b"one\n")
        number = stream.fileno()
        stream.close()
        with (tmp_path / "other").open("w") as other:
            assert other.fileno() == number
            stdout.write(b"two\n")
        assert stdout.lost == 1
    assert (tmp_path / "other").read_text() == ""


def test_no_standard_output_at_all_is_no_error(capsys):
    with stdout_is(None) as stdout:
        stdout.write(b"one\n")
    assert stdout.lost == 1


def test_a_reader_that_went_away_is_no_error(capsys):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream, stdout_is(stream) as stdout:
        stdout.write(b"one\n")
        assert stdout.lost == 1


def test_a_full_pipe_that_does_not_block_is_waited_for(capsys):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with (
        os.fdopen(writing, "w") as stream,
        os.fdopen(reading, "rb", buffering=0) as source,
        stdout_is(stream) as stdout,
    ):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        reader = threading.Timer(0.05, lambda: source.read(1 << 20))
        reader.start()
        stdout.write(b"y" * 100 + b"\n")
        reader.join()
        assert stdout.lost == 0
        os.set_blocking(reading, False)
        assert source.read(1 << 20) == b"y" * 100 + b"\n"


def test_lines_of_threads_do_not_mix(tmp_path: Path):
    path = tmp_path / "out"
    with path.open("w") as stream, stdout_is(stream) as stdout:

        def write(letter: bytes) -> None:
            for _ in range(200):
                stdout.write(letter * 9000 + b"\n")

        threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = path.read_bytes().splitlines()
    assert len(lines) == 600
    assert {len(set(line)) for line in lines} == {1}
    assert {len(line) for line in lines} == {9000}


def test_a_long_line_is_shortened_when_nobody_reads_the_pipe():
    reading, writing = os.pipe()
    with (
        os.fdopen(writing, "w") as stream,
        os.fdopen(reading, "rb", buffering=0) as source,
        stdout_is(stream) as stdout,
    ):
        stdout.write(b"x" * 15_000 + b"\n", lambda: b"not needed\n")
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        source.read(8192)
        stdout.write(b"y" * 15_000 + b"\n", lambda: b"shorter\n")
        assert source.read(2 << 20).endswith(b"xshorter\n")


def test_a_long_line_waits_for_room_that_comes_in_time():
    reading, writing = os.pipe()
    with (
        os.fdopen(writing, "w") as stream,
        os.fdopen(reading, "rb", buffering=0) as source,
        stdout_is(stream) as stdout,
    ):
        stdout.write(b"x" * 15_000 + b"\n")
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        read: list[bytes] = []
        reader = threading.Timer(0.05, lambda: read.append(source.read(1 << 20)))
        reader.start()
        stdout.write(b"y" * 15_000 + b"\n", lambda: b"shorter\n")
        reader.join()
        assert source.read(1 << 20).endswith(b"y" * 15_000 + b"\n")


def test_a_forked_child_can_log_although_another_thread_held_the_lock(tmp_path: Path):
    path = tmp_path / "out"
    with path.open("w") as stream, stdout_is(stream) as stdout:
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with stdout._lock:
                held.set()
                release.wait(10)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(10)
        pid = _fork_quietly()
        if pid == 0:
            stdout.write(b"child\n")
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        release.set()
        holder.join()
    assert (status, path.read_bytes()) == (0, b"child\n")


def _fork_quietly() -> int:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside a thread is what is tested
        return os.fork()
