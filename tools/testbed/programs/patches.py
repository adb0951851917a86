# SPDX-License-Identifier: Apache-2.0
"""Change single lines of a dependency before a build: `python patches.py FOLDER`, run in a Go module's folder.

The dependency is copied to FOLDER, changed there, and go.mod is told to take it from there.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_STANZA: Final = "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza"
_OTLP_HTTP: Final = "go.opentelemetry.io/collector/exporter/otlphttpexporter"
_UNLESS_CANCELLED: Final = "if ctx.Err() != nil {\n\t\t\t\treturn\n\t\t\t}\n\t\t\t"

PATCHES: Final = {
    _STANZA: {
        # file_log waits while the exporter's queue is full. When the Collector is told to stop meanwhile, the wait ends with
        # an error that is only logged, and the offset moved past lines that nobody took (tests/stack/test_no_loss.py shows it
        # with the official sources). With these lines the offset stays, and the lines are read again after the start.
        "fileconsumer/internal/reader/reader.go": (
            (
                "r.Offset = s.Pos()\n\t\t\t}\n\t\t\treturn",
                f"{_UNLESS_CANCELLED}r.Offset = s.Pos()\n\t\t\t}}\n\t\t\treturn",
            ),
            ("numTokensBatched = 0\n\t\t\tr.Offset,", f"{_UNLESS_CANCELLED}numTokensBatched = 0\n\t\t\tr.Offset,"),
            # A poll takes every file's fingerprint first and reads afterwards, for as long as the queue makes it wait. A file
            # that is copied, truncated and written anew in between is then read at the place, and under the name, of its former
            # content: the copy is believed to be read so far, and those lines of it are lost (tests/stack/test_rotation.py).
            # With these lines nothing is taken from a file whose beginning has changed: the next poll finds the copy by the
            # fingerprint, and the new content without one.
            ("if numTokensBatched > 0 {", "if numTokensBatched > 0 && r.Validate() {"),
            (
                "numTokensBatched >= r.maxBatchSize {\n\t\t\t",
                "numTokensBatched >= r.maxBatchSize {\n\t\t\tif !r.Validate() {\n\t\t\t\treturn\n\t\t\t}\n\t\t\t",
            ),
        ),
        # Opening a FIFO waits for its writer, and all files of the node with it; of a device nobody can say where it ends.
        "fileconsumer/file.go": (
            (
                "\tfile, err := openFile(normalizedPath)",
                (
                    "\tif info, err := os.Stat(normalizedPath); err == nil && !info.Mode().IsRegular() {\n\t\treturn nil, nil\n\t}\n"
                    "\tfile, err := openFile(normalizedPath)"
                ),
            ),
        ),
        # Lines that are handed on, and so queued, together: each time the queue waits for the disk three times.
        "fileconsumer/internal/reader/factory.go": (("DefaultMaxBatchSize = 100\n", "DefaultMaxBatchSize = 1000\n"),),
    },
    # The exporter tries again after 429, 502, 503 and 504, and drops what any other status answers. But a token that is
    # wrong for a while, a route or a tenant that is missing, a proxy's limit or a store's fault say nothing about the
    # records: those wait, until somebody mends it (tests/stack/test_answers.py). What the store itself refuses, 400 and
    # 422, would be refused for ever.
    _OTLP_HTTP: {
        "otlp.go": (
            (
                "\tcase http.StatusTooManyRequests:\n",
                (
                    "\tcase http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,\n"
                    "\t\thttp.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge,\n"
                    "\t\thttp.StatusTooManyRequests:\n"
                ),
            ),
            ("\tdefault:\n\t\treturn false\n", "\tdefault:\n\t\treturn code >= http.StatusInternalServerError\n"),
        ),
    },
}


def main(folder: Path) -> None:
    """Copy, change and replace each module that has patches."""
    for number, (module, files) in enumerate(PATCHES.items()):
        copy = folder / f"patched-{number}"
        shutil.copytree(_directory(module), copy)
        for path in (copy, *copy.rglob("*")):  # the module cache is read-only
            path.chmod(path.stat().st_mode | 0o200)
        for file, changes in files.items():
            _change(copy / file, changes)
        subprocess.run(["go", "mod", "edit", f"-replace={module}={copy}"], check=True)


def _directory(module: str) -> str:
    command = ["go", "list", "-mod=mod", "-m", "-f", "{{.Dir}}", module]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _change(path: Path, changes: tuple[tuple[str, str], ...]) -> None:
    text = path.read_text()
    for before, after in changes:
        if text.count(before) != 1:
            sys.exit(f"{path} has changed: {before!r} is there {text.count(before)} times, not once")
        text = text.replace(before, after)
    path.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
