# SPDX-License-Identifier: Apache-2.0
"""All dashboards, and their JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.application import application
from dashboards.board import Board
from dashboards.collector import collector
from dashboards.logs import logs
from dashboards.node import node
from dashboards.services import inference, pipeline

DESTINATION: Final = Path(__file__).parents[2] / "helm" / "observability" / "dashboards"
_BOARDS: Final[tuple[Board, ...]] = (application, collector, inference, logs, node, pipeline)


def render() -> Mapping[str, str]:
    """Return the JSON text of each dashboard by its file name."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {f"{board.uid.removeprefix('otel-')}.json": encoder.encode(board.build()) + "\n" for board in _BOARDS}
