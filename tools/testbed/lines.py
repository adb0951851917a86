# SPDX-License-Identifier: Apache-2.0
"""Lines of the logging contract, in the envelopes that container runtimes put around them."""

import json
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

POD = "chat_chat-api-7d9f_0f1e2d3c-1111-2222-3333-444455556666"


def timestamp(nanoseconds: int | None = None) -> str:
    """Return a point in time (default: now) as the contract writes it."""
    at = (time.time_ns() if nanoseconds is None else nanoseconds) // 1000
    moment = datetime.fromtimestamp(at // 1_000_000, tz=timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1_000_000:06d}Z"


def contract_line(message: str = "item read", **fields: Any) -> str:
    """Return one line of the contract; fields replace or extend the obligatory ones."""
    obligatory = {"timestamp": timestamp(), "level": "info", "service": "chat-api", "logger": "chat"}
    return json.dumps(obligatory | {"message": message} | fields, ensure_ascii=False)


def cri(line: str, tag: str = "F") -> str:
    """Return the line as containerd writes it; tag P marks a piece that goes on in the next line."""
    return f"{timestamp()[:-1]}123Z stdout {tag} {line}"


def docker(line: str, end: str = "\n") -> str:
    """Return the line as Docker's json-file driver writes it; an empty end marks a piece that goes on."""
    return json.dumps({"log": line + end, "stream": "stdout", "time": f"{timestamp()[:-1]}123Z"})


def pod_log(root: Path, container: str = "chat-api", pod: str = POD) -> Path:
    """Return the log file of a container as the kubelet lays it out below `root/log`, with the link that it makes.

    The link's name has no folder of the pod, and sorts before the file's (https://github.com/kubernetes/kubernetes,
    pkg/kubelet/kuberuntime/legacy.go): whoever reads both takes the link for the file.
    """
    path = root / "log" / "pods" / pod / container / "0.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    namespace, name, _ = pod.split("_")
    link = root / "log" / "containers" / f"{name}_{namespace}_{container}-{uuid5(NAMESPACE_OID, str(path)).hex * 2}.log"
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(path)
    return path


def append(path: Path, *lines: str) -> None:
    """Append whole lines to a file by one write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
