# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes API server with etcd behind it: everything of a cluster but nodes and controllers."""

import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml
from charts import Object
from charts.schemas import YamlLoader, prometheus_operator_crds

from testbed.processes import Process, free_port
from testbed.programs import program
from testbed.server import eventually

ADMIN = "admin-token"
_JSON_PATCH = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True)
class Api:
    """The API server, asked as one user.

    Attributes:
        kubeconfig: a file that lets Helm and the Collector in.
        http: a client with the server's address and the user's token.
    """

    kubeconfig: Path
    http: httpx.Client

    def get(self, path: str) -> Object:
        """Return the object at a path of the API."""
        answer = self.http.get(path)
        if answer.is_error:
            raise LookupError(f"{path}: {answer.status_code} {answer.text}")
        return dict(answer.json())

    def names(self, path: str) -> set[str]:
        """Return the names of the objects of a collection."""
        return {item["metadata"]["name"] for item in self.get(path)["items"]}

    def create(self, path: str, item: Mapping[str, Any]) -> Object:
        """Create an object in a collection; the answer of a refusal is in the error."""
        answer = self.http.post(path, json=item)
        if answer.is_error:
            raise ValueError(answer.json()["message"])
        return dict(answer.json())

    def set_status(self, path: str, status: Mapping[str, Any]) -> None:
        """Say what a kubelet would say of an object."""
        self.http.patch(f"{path}/status", json={"status": status}, headers=_JSON_PATCH).raise_for_status()


@contextmanager
def api_server(directory: Path, users: Mapping[str, str]) -> Iterator[Api]:
    """Run etcd and the API server with RBAC, Pod Security and the operator's CRDs.

    Args:
        directory: for their state and keys.
        users: token to user name, beside the administrator; users with a service account's name have its rights.
    """
    etcd_port, peer_port, port = free_port(), free_port(), free_port()
    with _etcd(directory, etcd_port, peer_port) as etcd:
        etcd.wait_for_port(etcd_port, timeout=60)
        with Process(_command(directory, etcd_port, port, users)) as server:
            server.wait_for_port(port, timeout=120)
            url = f"https://127.0.0.1:{port}"
            with httpx.Client(
                base_url=url, verify=_ssl(directory), headers={"Authorization": f"Bearer {ADMIN}"}, timeout=60
            ) as http:
                eventually(lambda: _is_ready(http), 240, "API server ready")
                api = Api(write_kubeconfig(directory / "admin", directory, url, ADMIN), http)
                _install_crds(api)
                yield api


def _is_ready(http: httpx.Client) -> bool:
    """A server that starts on a busy machine may take its time for a handshake."""
    try:
        return http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def write_kubeconfig(path: Path, directory: Path, url: str, token: str) -> Path:
    """Write a kubeconfig for one user and return its path."""
    cluster = {"server": url, "certificate-authority": str(directory / "apiserver.crt")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o600)
    return path


def namespace(api: Api, name: str, enforce: str = "privileged") -> None:
    """Create a namespace under a Pod Security Standard."""
    labels = {"pod-security.kubernetes.io/enforce": enforce}
    api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})


def _etcd(directory: Path, port: int, peer_port: int) -> Process:
    own, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    addresses = [f"--listen-client-urls={own}", f"--advertise-client-urls={own}", f"--listen-peer-urls={peer}"]
    names = [f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"]
    # Nothing here has to survive a power cut.
    return Process([str(program("etcd")), f"--data-dir={directory / 'etcd'}", "--unsafe-no-fsync", *addresses, *names])


def _command(directory: Path, etcd_port: int, port: int, users: Mapping[str, str]) -> list[str]:
    key = directory / "service-account.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    lines = [f"{ADMIN},admin,admin,system:masters"]
    lines += [f"{token},{user},{token},system:authenticated" for token, user in users.items()]
    (directory / "tokens.csv").write_text("\n".join(lines) + "\n")
    return [
        str(program("kube-apiserver")),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={directory}",
        f"--token-auth-file={directory / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        # It would wait for a controller that makes the default account of each namespace.
        "--disable-admission-plugins=ServiceAccount",
        "--service-cluster-ip-range=10.0.0.0/24",
    ]


def _ssl(directory: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(directory / "apiserver.crt"))


def _install_crds(api: Api) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    kinds = ("podmonitors", "prometheusrules", "servicemonitors")
    for kind in kinds:
        text = (prometheus_operator_crds() / f"monitoring.coreos.com_{kind}.yaml").read_text()
        api.create(path, yaml.load(text, YamlLoader))
    for kind in kinds:
        collection = f"/apis/monitoring.coreos.com/v1/{kind}"
        eventually(partial(_is_served, api, collection), 120, f"{kind} to be served")


def _is_served(api: Api, collection: str) -> bool:
    return api.http.get(collection).status_code == 200
