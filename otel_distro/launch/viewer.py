# SPDX-License-Identifier: Apache-2.0
"""Find the viewer of this user, or start one: all that the launcher and the command line know of that process.

It says where it listens in a file that only this user can read; who can read it may ask.
"""

from __future__ import annotations

import fcntl
import http.client
import importlib.util
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PORT: Final = 4399
MODULE: Final = "otel_distro.view"
NEEDED: Final = ("starlette", "uvicorn")
_START_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.02
_FORBIDDEN: Final = ("production", "prod", "staging")


class Viewer(NamedTuple):
    """Where a viewer listens, and what it wants to hear from programs of this user."""

    pid: int
    port: int
    secret: str

    @property
    def url(self) -> str:
        """The address of the page, and of OTLP."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, timeout: float = 30.0) -> Any:
        """Ask, and return the answer's JSON.

        Raises:
            OSError: Nobody answers.
            ValueError: It is answered with a refusal; the text says why.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Authorization": f"Bearer {self.secret}"})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise OSError(f"{self.url}: {type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise ValueError(text.strip())
        return json.loads(text)


def folder() -> Path:
    """Return the folder of this user's viewer, which nobody else may enter.

    Raises:
        PermissionError: It is somebody else's.
    """
    place = Path(tempfile.gettempdir()) / f"otel-distro-view-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{place}: expected a folder of this user's own that nobody else may enter")
    return place


def running() -> Viewer | None:
    """Return the viewer that runs, if it answers."""
    try:
        viewer = Viewer(**json.loads((folder() / "viewer.json").read_text()))
        viewer.call("GET", "/api/status", timeout=5.0)
    except (OSError, TypeError, ValueError):
        return None
    return viewer


def start_or_join() -> Viewer:
    """Return the viewer that runs; if none does, start one, apart from this process's group and terminal.

    Raises:
        OSError: It does not begin to answer.
    """
    with _one_at_a_time():
        return running() or _start()


def _start() -> Viewer:
    alive, held = os.pipe()  # the viewer holds the other end until it ends
    os.set_blocking(alive, False)
    try:
        try:
            _launch(held)
        finally:
            os.close(held)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not _is_at_end(alive):
            if viewer := running():
                return viewer
            time.sleep(_POLL_SECONDS)
    finally:
        os.close(alive)
    raise OSError(f"the viewer did not start: see {folder() / 'viewer.log'}")


def _launch(held: int) -> None:
    """Start it as nobody's child: this process is about to become the application, which may wait for any of its own."""
    with (folder() / "viewer.log").open("wb") as log:
        subprocess.run(  # noqa: S603  this Python, and a module of ours
            [sys.executable, "-I", "-m", MODULE, "--detach", "--port", str(PORT)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            cwd="/",
            start_new_session=True,
            pass_fds=[held],
            check=False,  # the pipe tells
        )


def _is_at_end(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


def _environment() -> dict[str, str]:
    """Return an environment in which nothing observes the viewer itself."""
    from otel_distro.settings.environ import snapshot

    return {name: text for name, text in snapshot().items() if not name.startswith(("OTEL_", "PYTHON"))}


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refusal(environ: Mapping[str, str]) -> str | None:
    """Return why there shall be no viewer here: missing packages, or a place where users' data is; None if it may be."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return (
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: pip install 'otel-distro[view]'"
        )
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "KUBERNETES_SERVICE_HOST is set, and a viewer is for one's own machine; --anyway starts it nevertheless"
    environment = environ.get("ENVIRONMENT", "").strip().lower()
    if environment in _FORBIDDEN:
        return f"ENVIRONMENT={environment!r}, and a viewer is for development; --anyway starts it nevertheless"
    return None


def missing_packages(text: str | None) -> bool:
    """Whether a refusal is one that `--anyway` cannot overrule."""
    return text is not None and "pip install" in text


def flags_of(arguments: Sequence[str]) -> tuple[list[str], bool, bool]:
    """Take `--view` and `--anyway` out of the options that stand before the command."""
    rest, flags, place = list(arguments), {"--view": False, "--anyway": False}, 0
    while place < len(rest) and rest[place].startswith("-") and rest[place] != "--":
        if rest[place] in flags:
            flags[rest.pop(place)] = True
        else:
            place += 1 if "=" in rest[place] else 2
    return rest, flags["--view"], flags["--anyway"]
