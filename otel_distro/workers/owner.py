# SPDX-License-Identifier: Apache-2.0
"""The owner's side: accept members, ask them, add up what they and their predecessors have counted."""

from __future__ import annotations

import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple

from otel_distro import diagnostics
from otel_distro.metrics import exposition
from otel_distro.metrics.exposition import Page
from otel_distro.metrics.families import CUMULATIVE, Families, Family, Number, merge
from otel_distro.metrics.legacy import LegacyNames
from otel_distro.metrics.local import LocalMetrics
from otel_distro.settings.model import MetricSettings
from otel_distro.workers.credentials import is_kin
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.loop import READ, Loop
from otel_distro.workers.pace import Pace
from otel_distro.workers.peer import Peer
from otel_distro.workers.wire import frame, pack

# A member that is killed loses at most this much of what only it can tell.
ASK_EVERY_SECONDS = 1.0
MAX_PEERS = 1024
MAX_STRANGERS = 64  # those that have not said hello yet: the oldest has to go
MAX_WANTS = 64
STATES = ("serving", "idle", "stuck")

Deliver = Callable[[Page], None]


def _told_by_workers(family: Family, total: Families) -> bool:
    return family.kind not in CUMULATIVE and family.policy == "worker" and family.name in total


class _Round(NamedTuple):
    """What is collected at one time: the number of the question to the members, and who gets the page."""

    number: int
    waiting: list[Deliver]


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
        self._legacy = LegacyNames(settings.legacy_http_names) if settings.legacy_http_names else None
        self._prefix = settings.prefix
        self._peers: list[Peer] = []
        self._round: _Round | None = None
        self._waiting: list[Deliver] = []
        self._pace = Pace()
        self._numbers = count(1)
        self._ended: Families = {}
        self.readiness: Callable[[], Mapping[str, Any]] | None = None
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
        """Ask every member, and deliver the sum when all have answered or the time limit is over.

        One question is out at a time, and not more often than the pace allows: who asks meanwhile shares the next one.
        So what was counted before somebody asked is on the page, and many readers cost no more than one.
        """
        self._waiting.append(deliver)
        if len(self._waiting) == 1 and self._round is None:
            self._begin_when_due()

    def _begin_when_due(self) -> None:
        seconds = self._pace.seconds_to_wait()
        if seconds > 0:
            self._loop.call_later(seconds, self._begin_when_due)
        elif self._waiting and self._round is None:
            self._begin()

    def _begin(self) -> None:
        self._pace.step()
        number = next(self._numbers)
        for peer in self.members:
            # Who has let a question lie for longer than the limit is not waited for again: its last samples stand.
            if peer.silent_seconds() < self._timeout_seconds:
                peer.ask(number)
        this = _Round(number, self._waiting)
        self._round, self._waiting = this, []
        self._loop.call_later(self._timeout_seconds, lambda: self._finish(this))
        self._finish_answered()

    def _ask_all(self) -> None:
        self._loop.call_later(ASK_EVERY_SECONDS, self._ask_all)
        news = {} if self.readiness is None else {"readiness": self.readiness()}
        for peer in self.members:
            if not peer.silent_seconds():
                peer.ask(next(self._numbers), news)

    def _accept(self) -> None:
        with suppress(OSError):
            sock, _ = self._socket.accept()
            peer = Peer(self._loop, sock, self._handshake, self._changed)
            if not is_kin(peer.pid, peer.uid) or len(self._peers) >= MAX_PEERS:
                peer.close()
                return
            self._peers.append(peer)
            strangers = [known for known in self._peers if not known.member]
            if len(strangers) > MAX_STRANGERS:
                strangers[0].close()

    def _changed(self, peer: Peer) -> None:
        """A member has come, answered, asked for the page, or gone."""
        if peer.closed:
            self._part_with(peer)
        elif not peer.slot:
            self._welcome(peer)
        wants, peer.wants = peer.wants, []
        for number, accept in wants[-MAX_WANTS:]:
            self._send_page(peer, number, exposition.choose(accept))
        self._finish_answered()

    def _welcome(self, peer: Peer) -> None:
        """Give a new member its slot, and what ended before it came: it may be the one to go on from there."""
        taken = {known.slot for known in self._peers}
        peer.slot = next(slot for slot in map(str, count(1)) if slot not in taken)
        if self._ended:
            peer.send(self._bequest())

    def _send_page(self, peer: Peer, number: int, form: exposition.Format) -> None:
        def deliver(page: Page) -> None:
            answer = {"type": "page", "number": number, "content_type": form.content_type}
            peer.send(frame({**answer, "body": page.text(form).decode()}))

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
        if self._round is not None and not any(peer.awaits(self._round.number) for peer in self._peers):
            self._finish(self._round)

    def _finish(self, this: _Round) -> None:
        if this is not self._round:
            return
        self._round = None
        page = Page(self.total().values())
        for deliver in this.waiting:
            deliver(page)
        if self._waiting:
            self._begin_when_due()

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
        return self._legacy.add(total, self._prefix) if self._legacy is not None else total

    def _families_of(self, peer: Peer) -> list[Family]:
        try:
            return peer.families()
        except Exception as error:  # noqa: BLE001 - the boundary: what one process sends must not end the page of all
            diagnostics.fault("reading a worker's samples", error)
            return []

    def _states(self) -> Iterator[Family]:
        states = Counter(peer.state for peer in self.members)
        points = {f'state="{state}"': Number(float(states[state])) for state in STATES}
        text = "Processes that have registered with the owner of the admin port, by state."
        yield Family("otel_distro_workers", "gauge", text, policy="sum", points=dict(points))
