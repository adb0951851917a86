# SPDX-License-Identifier: Apache-2.0
"""The configuration files of a node: containerd, the network of its pods, kubelet, kube-proxy.

What is unusual in them is what a machine without CAP_SYS_RESOURCE and with cgroup v1 asks for.
"""

import json
from pathlib import Path
from typing import Final

import yaml

from testbed.cluster.places import Places

_CONTAINERD: Final = """\
version = 2
root = "{home}/containerd"
state = "/run/containerd"
disabled_plugins = [{disabled}]
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  # Without CAP_SYS_RESOURCE no process may get a lower oom_score_adj than its parent's.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{home}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""


def write_files(places: Places, index: int) -> None:
    """Write the files of a node into its folder."""
    home = places.node(index)
    for folder in ("cni", "logs"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    disabled = ", ".join(f'"io.containerd.snapshotter.v1.{name}"' for name in ("aufs", "btrfs", "devmapper", "zfs"))
    (home / "containerd.toml").write_text(_CONTAINERD.format(home=home, disabled=disabled))
    (home / "cni" / "10-bridge.conflist").write_text(json.dumps(_network(places, index)))
    (home / "resolv.conf").write_text("")
    _write(home / "kubelet.yaml", _kubelet(places, index))
    _write(home / "kube-proxy.yaml", _proxy(places, index))


def _write(path: Path, content: dict[str, object]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def _network(places: Places, index: int) -> dict[str, object]:
    everywhere = f"{places.everywhere}/0"
    addresses = {"type": "host-local", "ranges": [[{"subnet": places.pods(index)}]], "routes": [{"dst": everywhere}]}
    bridge = {"type": "bridge", "bridge": "pods0", "isGateway": True, "hairpinMode": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, ports]}


def _kubelet(places: Places, index: int) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{places.cgroup(index)}",
        # Forgives what needs CAP_SYS_RESOURCE: oom_score_adj, sysctls, /dev/kmsg.
        "featureGates": {"KubeletInUserNamespace": True},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "address": places.everywhere,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(places.conf / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDomain": "cluster.local",
        "clusterDNS": [places.dns],
        "resolvConf": str(places.node(index) / "resolv.conf"),
        # The disk is the machine's.
        "evictionHard": {
            "memory.available": "200Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "failSwapOn": False,
        "nodeStatusUpdateFrequency": "5s",
        # Small, so that a run sees the kubelet rotate and compress.
        "containerLogMaxSize": "1Mi",
        "containerLogMaxFiles": 5,
        "containerLogMonitorInterval": "3s",
    }


def _proxy(places: Places, index: int) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(places.conf / "proxy.kubeconfig")},
        "mode": "iptables",
        "bindAddress": places.everywhere,
        "hostnameOverride": f"node{index}",
        "clusterCIDR": places.all_pods,
        # Not changeable inside a network namespace.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
