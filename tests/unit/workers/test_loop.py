# SPDX-License-Identifier: Apache-2.0
"""The loop of the admin port, and its end."""

import socket
import threading

from otel_distro.workers.loop import READ, Loop


def test_a_loop_that_has_ended_takes_calls_and_closes_without_an_error():
    loop = Loop()
    loop.start()
    loop.close(20)
    loop.call_soon(lambda: None)
    loop.close(20)


def test_a_loop_that_is_awake_may_end_before_its_closer_has_woken_it():
    """Another socket wakes it between the closer's two steps: to leave the word, and to wake the loop."""
    loop, (watched, ready) = Loop(), socket.socketpair()
    waking, ended = loop._waker, threading.Event()

    class Late:
        def send(self, data):
            ready.send(b"x")
            assert ended.wait(20)
            return waking.send(data)

        def close(self):
            waking.close()
            ended.set()

    loop.watch(watched, READ, lambda: watched.recv(1))
    loop._waker = Late()
    loop.start()
    loop.close(20)
    assert not loop._thread.is_alive()
    ready.close()
