# SPDX-License-Identifier: Apache-2.0
"""What the demo runs: an OTLP receiver and the two example services, under the launcher."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import free_port
from testbed.services import LAUNCHER, Service

CHAT_DIRECTORY = Path(__file__).parents[2] / "examples" / "chat"
# The batches leave sooner than by default (5 s), because somebody is waiting to see them.
_VIEW = "view  "
_SCHEDULE_DELAY = {"OTEL_BSP_SCHEDULE_DELAY": "200"}


@dataclass(frozen=True)
class Stack:
    """The running parts."""

    receiver: OtlpReceiver
    chat_api: Service
    inference: Service

    @property
    def viewer(self) -> str | None:
        """The address of the viewer, if the services were started with one: the launcher has printed it."""
        said = [line for service in self.services.values() for line in service.stderr if line.startswith(_VIEW)]
        return said[-1].removeprefix(_VIEW) if said else None

    @property
    def services(self) -> dict[str, Service]:
        """The services by name, in the order in which a request meets them."""
        return {"chat_api": self.chat_api, "inference": self.inference}


@dataclass(frozen=True)
class Ports:
    receiver: int
    chat_api: int
    inference: int
    chat_api_admin: int
    inference_admin: int


def any_ports() -> Ports:
    return Ports(*(free_port() for _ in range(5)))


def usual_ports() -> Ports:
    """Return the ports that people expect, each replaced by a free one if it is taken."""
    return Ports(*(port if _is_free(port) else free_port() for port in (4318, 8000, 8001, 9464, 9465)))


@contextmanager
def running(
    ports: Ports,
    environment: Mapping[str, str],
    started: Callable[[str], None] = lambda _name: None,
    launcher: Sequence[str] = (LAUNCHER,),
) -> Iterator[Stack]:
    """Start everything, the callee before the caller; stop it in reverse at the end of the block.

    Args:
        ports: Where each part listens.
        environment: More variables for both services.
        started: Called with the name of each part when it is about to start.
        launcher: The command before that of each service.
    """
    with ExitStack() as parts:
        started("OTLP receiver")
        receiver = parts.enter_context(OtlpReceiver(ports.receiver))
        common = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **_SCHEDULE_DELAY, **environment}
        started("inference")
        own = {"OTEL_SERVICE_NAME": "inference", "OTEL_EXPORTER_PROMETHEUS_PORT": str(ports.inference_admin)}
        inference = parts.enter_context(_service("inference", ports.inference, common | own, launcher))
        started("chat_api")
        own = {"OTEL_SERVICE_NAME": "chat_api", "OTEL_EXPORTER_PROMETHEUS_PORT": str(ports.chat_api_admin)}
        own["INFERENCE_URL"] = inference.url.replace("127.0.0.1", "localhost")  # as services name each other
        chat_api = parts.enter_context(_service("chat_api", ports.chat_api, common | own, launcher))
        yield Stack(receiver, chat_api, inference)


def _service(name: str, port: int, environment: Mapping[str, str], launcher: Sequence[str]) -> Service:
    return Service(f"{name}:app", CHAT_DIRECTORY, environment, launcher=launcher, port=port)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
