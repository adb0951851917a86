# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes cluster (kubelet, containerd, kube-proxy, CoreDNS) and a real Docker engine in namespaces of this machine."""
