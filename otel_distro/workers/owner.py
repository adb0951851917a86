# SPDX-License-Identifier: Apache-2.0
"""The owner's side: accept members, ask them, add up what they and their predecessors have counted."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count

from otel_distro import diagnostics
from otel_distro.admin.loop import READ, Loop
from otel_distro.metrics import exposition, legacy
from otel_distro.metrics.families import CUMULATIVE, Families, Family, Number, merge
from otel_distro.metrics.local import LocalMetrics
from otel_distro.variables import MetricSettings
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.peer import Peer
from otel_distro.workers.wire import frame, pack

# A member that is killed loses at most this much of what only it can tell.
ASK_EVERY_SECONDS = 1.0
MAX_PEERS = 1024
STATES = ("serving", "idle", "stuck")

Deliver = Callable[[Iterable[Family]], None]


def _told_by_workers(family: Family, total: Families) -> bool:
    return family.kind in ("gauge", "unknown") and family.policy == "worker" and family.name in total


class _Round:
    """One scrape: who has been asked and has not answered yet."""

    def __init__(self, number: int, deliver: Deliver) -> None:
        self.number = number
        self.deliver: Deliver | None = deliver

    def finish(self, families: Iterable[Family]) -> None:
        """Deliver, once."""
        deliver, self.deliver = self.deliver, None
        if deliver is not None:
            deliver(families)


class Owner:
    """All members of the service. Lives in the admin thread; nothing here is called from another one."""

    def __init__(self, loop: Loop, handshake: Handshake, metrics: LocalMetrics, settings: MetricSettings) -> None:
        """Listen for members.

        Raises:
            OSError: another process has the socket's name.
        """
        self._loop = loop
        self._handshake = handshake
        self._metrics = metrics
        self._timeout_seconds = settings.worker_timeout_seconds
        self._legacy_names, self._prefix = settings.legacy_http_names, settings.prefix
        self._peers: list[Peer] = []
        self._rounds: list[_Round] = []
        self._numbers = count(1)
        self._ended: Families = {}
        if sys.platform == "linux":  # elsewhere there are no abstract sockets, and this process serves its own metrics
            self._listen()

    def _listen(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind("\0" + self._handshake.socket)
        self._socket.listen(128)
        self._socket.setblocking(False)
        self._loop.watch(self._socket, READ, self._accept)
        self._loop.call_later(ASK_EVERY_SECONDS, self._ask_all)

    @property
    def members(self) -> list[Peer]:
        """The members that are there."""
        return [peer for peer in self._peers if peer.member]

    def gather(self, deliver: Deliver) -> None:
        """Ask every member, and deliver the sum when all have answered or the time limit is over."""
        number = next(self._numbers)
        for peer in self.members:
            # Who has let a question lie for longer than the limit is not waited for again: its last samples stand.
            if peer.silent_seconds() < self._timeout_seconds:
                peer.ask(number)
        this = _Round(number, deliver)
        self._rounds.append(this)
        self._loop.call_later(self._timeout_seconds, lambda: self._finish(this))
        self._finish_answered()

    def _ask_all(self) -> None:
        self._loop.call_later(ASK_EVERY_SECONDS, self._ask_all)
        for peer in self.members:
            if not peer.silent_seconds():
                peer.ask(next(self._numbers))

    def _accept(self) -> None:
        with suppress(OSError):
            sock, _ = self._socket.accept()
            peer = Peer(self._loop, sock, self._handshake.token, self._changed)
            if peer.uid != os.getuid() or len(self._peers) >= MAX_PEERS:
                peer.close()
            else:
                self._peers.append(peer)

    def _changed(self, peer: Peer) -> None:
        """A member has come, answered, or gone."""
        if peer.closed:
            self._part_with(peer)
        elif peer.wants is not None:
            self._send_page(peer, exposition.choose(peer.wants))
        elif not peer.slot:
            self._welcome(peer)
        self._finish_answered()

    def _welcome(self, peer: Peer) -> None:
        """Give a new member its slot, and what ended before it came: it may be the one to go on from there."""
        taken = {known.slot for known in self._peers}
        peer.slot = next(slot for slot in map(str, count(1)) if slot not in taken)
        if self._ended:
            peer.send(self._bequest())

    def _send_page(self, peer: Peer, form: exposition.Format) -> None:
        def deliver(families: Iterable[Family]) -> None:
            body = exposition.render(families, form).decode()
            peer.send(frame({"content_type": form.content_type, "body": body}))

        self.gather(deliver)

    def _part_with(self, peer: Peer) -> None:
        if peer in self._peers:
            self._peers.remove(peer)
        if peer.member:
            kept = [family for family in self._families_of(peer) if family.kind in CUMULATIVE]
            merge(self._ended, kept, peer.slot)
            self.bequeath()

    def bequeath(self) -> None:
        """Tell every member what ended workers have counted: one of them may have to go on from there."""
        data = self._bequest()
        for peer in self.members:
            peer.send(data)

    def _bequest(self) -> bytes:
        return frame({"type": "bequest", "families": pack(self._ended.values())})

    def inherit(self, families: Iterable[Family]) -> None:
        """Go on from what the owner before has bequeathed."""
        merge(self._ended, families)

    def close(self) -> None:
        """Bequeath everything, this process's own counts included."""
        merge(self._ended, [family for family in self._metrics.families().values() if family.kind in CUMULATIVE])
        self.bequeath()

    def _finish_answered(self) -> None:
        for this in list(self._rounds):
            if not any(peer.awaits(this.number) for peer in self._peers):
                self._finish(this)

    def _finish(self, this: _Round) -> None:
        if this in self._rounds:
            self._rounds.remove(this)
            this.finish(self.total().values())

    def total(self) -> Families:
        """Return the sum over this process, the members as far as they have answered, and those that have ended."""
        total: Families = {}
        members = self.members
        merge(total, self._ended.values())
        for peer in members:
            merge(total, self._families_of(peer), peer.slot)
        own = self._metrics.families().values()
        # The gauges of a supervisor that has imported the application say nothing: its workers have the real ones.
        merge(total, own if not members else (family for family in own if not _told_by_workers(family, total)))
        merge(total, self._states())
        return legacy.add(total, self._prefix) if self._legacy_names else total

    def _families_of(self, peer: Peer) -> list[Family]:
        try:
            return peer.families()
        except ValueError as error:
            diagnostics.fault("reading a worker's samples", error)
            return []

    def _states(self) -> Iterator[Family]:
        states = Counter(peer.state for peer in self.members)
        points = {f'state="{state}"': Number(float(states[state])) for state in STATES}
        text = "Processes that have registered with the owner of the admin port, by state."
        yield Family("otel_distro_workers", "gauge", text, policy="sum", points=dict(points))
