# SPDX-License-Identifier: Apache-2.0
"""The command lines of what runs on a node."""

from testbed.cluster.places import Places
from testbed.programs import program


def control_plane(places: Places) -> dict[str, list[str]]:
    """Return the programs of the first node that make up the cluster's control plane."""
    conf = places.conf
    own = ["--leader-elect=false", "--authorization-always-allow-paths=*"]
    return {
        "etcd": [
            str(program("etcd")),
            f"--data-dir={places.home / 'etcd'}",
            "--unsafe-no-fsync",
            "--listen-client-urls=http://127.0.0.1:2379",
            "--advertise-client-urls=http://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--log-level=warn",
        ],
        "kube-apiserver": _api_server(places),
        "kube-controller-manager": [
            places.part("kube-controller-manager"),
            f"--kubeconfig={conf / 'controllers.kubeconfig'}",
            *own,
            "--use-service-account-credentials=true",
            f"--root-ca-file={conf / 'ca.crt'}",
            f"--service-account-private-key-file={conf / 'ca.key'}",
            f"--cluster-signing-cert-file={conf / 'ca.crt'}",
            f"--cluster-signing-key-file={conf / 'ca.key'}",
            # Fast, so that a dead node is noticed within a run.
            "--node-monitor-grace-period=20s",
        ],
        "kube-scheduler": [places.part("kube-scheduler"), f"--kubeconfig={conf / 'scheduler.kubeconfig'}", *own],
    }


def _api_server(places: Places) -> list[str]:
    conf = places.conf
    return [
        places.part("kube-apiserver"),
        "--etcd-servers=http://127.0.0.1:2379",
        f"--bind-address={places.everywhere}",
        f"--advertise-address={places.address(1)}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={places.services}",
        "--allow-privileged=true",
        f"--tls-cert-file={conf / 'api.crt'}",
        f"--tls-private-key-file={conf / 'api.key'}",
        f"--client-ca-file={conf / 'ca.crt'}",
        f"--token-auth-file={conf / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-account-key-file={conf / 'ca.key'}",
        f"--service-account-signing-key-file={conf / 'ca.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--kubelet-client-certificate={conf / 'api.crt'}",
        f"--kubelet-client-key={conf / 'api.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--event-ttl=1h",
    ]


def runtime(places: Places, index: int) -> dict[str, list[str]]:
    """Return the container runtime of a node."""
    return {"containerd": ["containerd", f"--config={places.node(index) / 'containerd.toml'}"]}


def worker(places: Places, index: int) -> dict[str, list[str]]:
    """Return what every node runs once its images are there."""
    home, name = places.node(index), f"node{index}"
    return {
        "kubelet": [
            places.part("kubelet"),
            f"--config={home / 'kubelet.yaml'}",
            f"--kubeconfig={places.conf / f'kubelet{index}.kubeconfig'}",
            f"--node-ip={places.address(index)}",
            f"--hostname-override={name}",
            "--v=2",
        ],
        "kube-proxy": [places.part("kube-proxy"), f"--config={home / 'kube-proxy.yaml'}"],
    }
