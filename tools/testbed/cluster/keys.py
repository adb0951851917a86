# SPDX-License-Identifier: Apache-2.0
"""The cluster's authority, the API server's certificate, and a token and a kubeconfig for everyone else."""

import json
import secrets
import subprocess
from pathlib import Path
from typing import Final

from testbed.cluster.places import Places

NODES: Final = 3
USERS: Final = {
    "admin": ("admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
    **{f"kubelet{index}": (f"system:node:node{index}", "system:nodes") for index in range(1, NODES + 1)},
}
"""File of the kubeconfig -> name and group."""


def write_keys(places: Places) -> None:
    """Make all of it once."""
    if (places.conf / "tokens.csv").exists():
        return
    _certificates(places)
    lines = []
    for file, (user, group) in USERS.items():
        token = secrets.token_hex(16)
        lines.append(f'{token},{user},{user},"{group}"\n')
        (places.conf / f"{file}.kubeconfig").write_text(_kubeconfig(places, token))
    (places.conf / "tokens.csv").write_text("".join(lines))


def _certificates(places: Places) -> None:
    conf, service = places.conf, f"{places.services.rpartition('0/')[0]}1" if places.family == 4 else "fd00:125::1"
    names = [f"DNS:kubernetes{rest}" for rest in ("", ".default", ".default.svc", ".default.svc.cluster.local")]
    names += ["DNS:localhost", "IP:127.0.0.1", f"IP:{places.address(1)}", f"IP:{service}"]
    _openssl(conf, "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=cluster-ca -keyout ca.key -out ca.crt")
    subject = "/O=system:masters/CN=kube-apiserver"
    _openssl(conf, f"req -newkey rsa:2048 -nodes -subj {subject} -keyout api.key -out api.csr")
    (conf / "api.ext").write_text(f"subjectAltName={','.join(names)}\n")
    signed = "x509 -req -in api.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile api.ext -out api.crt"
    _openssl(conf, signed)


def _openssl(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)


def _kubeconfig(places: Places, token: str) -> str:
    cluster = {"server": places.api, "certificate-authority": str(places.conf / "ca.crt")}
    return json.dumps(  # JSON is YAML
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": cluster}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "context", "context": {"cluster": "cluster", "user": "user"}}],
            "current-context": "context",
        }
    )
