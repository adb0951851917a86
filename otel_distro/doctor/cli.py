# SPDX-License-Identifier: Apache-2.0
"""The commands `doctor` and `instrumentations`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from otel_distro.doctor.command import command
from otel_distro.doctor.environment import environment
from otel_distro.doctor.findings import Finding, note, ok, problem
from otel_distro.doctor.instrumentations import look_alikes, rows, table
from otel_distro.doctor.port import running
from otel_distro.doctor.reading_back import Stores, read_back
from otel_distro.doctor.report import Section, as_json, examine, is_ill, text, verdict, write_bundle
from otel_distro.doctor.sample import Sample
from otel_distro.doctor.sending import sent
from otel_distro.settings.environ import read
from otel_distro.settings.reading import Reading

CANNOT = 2


def doctor(options: argparse.Namespace) -> int:
    """Examine everything; return 0 if nothing is wrong, 1 if something is, 2 if the file cannot be written."""
    sections = []
    for section in _examined(options):
        sections.append(section)
        if not options.json:
            print("\n".join(text(section)), flush=True)
    if options.json:
        print(json.dumps(as_json(sections), indent=1, ensure_ascii=False))
    else:
        print(verdict(sections))
    if options.bundle is not None:
        try:
            write_bundle(options.bundle, sections, read())
        except OSError as error:
            print(f"otel-distro doctor: {options.bundle}: {error.strerror}", file=sys.stderr)
            return CANNOT
    return 1 if is_ill(sections) else 0


def _examined(options: argparse.Namespace) -> Iterator[Section]:
    reading = read()
    sample = Sample(reading.settings)
    stores = Stores(options.loki, options.prometheus, options.tempo, options.timeout)
    yield examine("environment", lambda: environment(reading))
    yield examine("instrumentations", _instrumented)
    arguments = options.command[1:] if options.command[:1] == ["--"] else options.command
    with ThreadPoolExecutor(1) as meanwhile:  # what is silent is waited for but once
        service = None if arguments else meanwhile.submit(_service, reading, options.service)
        yield examine("send", lambda: sent(reading, sample))
    yield examine("command", lambda: command(arguments)) if service is None else service.result()
    if stores.loki or stores.prometheus or stores.tempo:
        yield examine("read back", lambda: read_back(reading.settings, sample, stores))


def _service(reading: Reading, service: str | None) -> Section:
    return examine("service", lambda: running(reading.settings, service))


def _instrumented() -> Iterator[Finding]:
    listed = list(rows())
    missing = [row.library.partition(" ")[0] for row in listed if row.by is None]
    yield ok("libraries", f"{len(listed) - len(missing)} of {len(listed)} that can be instrumented here are")
    if missing:
        yield note(
            "missing", f"{', '.join(missing)}: `otel-distro instrumentations` tells what to install if you use them"
        )
    for name in look_alikes():
        yield problem("OD109", name, "looks like a package of OpenTelemetry's, which has none of this name")


def instrumentations(options: argparse.Namespace) -> int:
    """Print the table; return 1 if a look-alike is installed."""
    listed, strange = list(rows()), look_alikes()
    if options.json:
        print(json.dumps({"libraries": [row._asdict() for row in listed], "look_alikes": strange}, indent=1))
    elif options.install_line:
        missing = sorted({row.install.removeprefix("pip install ") for row in listed if row.install})
        print("pip install " + " ".join(missing) if missing else "nothing is missing")
    else:
        print("\n".join(table(listed)) or "nothing here can be instrumented")
        for name in strange:
            print(f"  ! {name} looks like a package of OpenTelemetry's, which has none of this name")
    return 1 if strange else 0
