# SPDX-License-Identifier: Apache-2.0
"""What `doctor` and `instrumentations` take; what they do is imported when they are asked for."""

from __future__ import annotations

import argparse
from pathlib import Path


def of_doctor(parser: argparse.ArgumentParser) -> None:
    """Declare what the doctor takes."""
    parser.add_argument("--json", action="store_true", help="what was found, as JSON")
    parser.add_argument("--bundle", metavar="FILE", type=Path, help="also write what an issue needs, without secrets")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="for what must become visible")
    parser.add_argument("--service", metavar="HOST:PORT", help="the admin port of the running service")
    for store in ("loki", "prometheus", "tempo"):
        parser.add_argument(f"--{store}", metavar="URL", help=f"look there for what was sent ({store.capitalize()})")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="start this for some seconds")
    parser.set_defaults(run=_doctor)


def of_instrumentations(parser: argparse.ArgumentParser) -> None:
    """Declare what the table of libraries takes."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--install-line", action="store_true", help="one line that installs what is missing")
    parser.set_defaults(run=_instrumentations)


def _doctor(options: argparse.Namespace) -> int:
    from otel_distro.doctor.cli import doctor

    return doctor(options)


def _instrumentations(options: argparse.Namespace) -> int:
    from otel_distro.doctor.cli import instrumentations

    return instrumentations(options)
