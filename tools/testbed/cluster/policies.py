# SPDX-License-Identifier: Apache-2.0
"""Enforce NetworkPolicies (ingress) as they are now, by iptables rules of the node.

No network plugin that can be had here enforces them. Between pods only: what comes from the node itself, such as the kubelet's
probes and port-forward, passes, as everywhere. A snapshot: after a change of pods or policies it is taken again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from testbed.cluster.kubernetes import Cluster
from testbed.cluster.node import run

Object = dict[str, Any]
CHAIN = "POLICIES"


@dataclass(frozen=True)
class Opening:
    """A way to a pod.

    Attributes:
        source: an address or a range; empty for everybody.
        port: empty for every port.
    """

    source: str = ""
    port: str = ""


@dataclass(frozen=True)
class State:
    """What policies speak of."""

    policies: Sequence[Object]
    pods: Sequence[Object]
    namespaces: Mapping[str, Mapping[str, str]]

    def openings(self, pod: Object) -> list[Opening] | None:
        """Return the ways to a pod, or None if no policy selects it: then everybody may."""
        home = pod["metadata"]["namespace"]
        mine = [
            policy
            for policy in self.policies
            if policy["metadata"]["namespace"] == home
            and "Ingress" in policy["spec"]["policyTypes"]
            and matches(policy["spec"]["podSelector"], labels(pod))
        ]
        rules = [(policy, rule) for policy in mine for rule in policy["spec"].get("ingress", [])]
        found = [
            Opening(source, port)
            for policy, rule in rules
            for port in ports(rule, pod)
            for source in self._sources(rule, policy["metadata"]["namespace"])
        ]
        return found if mine else None

    def _sources(self, rule: Object, namespace: str) -> Iterator[str]:
        if not rule.get("from"):
            yield ""
        for peer in rule.get("from", []):
            if "ipBlock" in peer:
                yield peer["ipBlock"]["cidr"]
                continue
            for pod in self.pods:
                home = pod["metadata"]["namespace"]
                selector = peer.get("namespaceSelector")
                fits = home == namespace if selector is None else matches(selector, self.namespaces[home])
                if fits and matches(peer.get("podSelector", {}), labels(pod)):
                    yield pod["status"]["podIP"]


def enforce(cluster: Cluster) -> int:
    """Put the policies of the cluster into force on every node, and return to how many pods they apply."""
    pods = [
        pod
        for pod in cluster.objects("pods", "-A")
        if pod["status"].get("podIP") and not pod["spec"].get("hostNetwork") and pod["status"]["phase"] == "Running"
    ]
    namespaces = {item["metadata"]["name"]: labels(item) for item in cluster.objects("namespaces")}
    state = State(cluster.objects("networkpolicies", "-A"), pods, namespaces)
    lines = [line for pod in pods for line in chain(pod, state.openings(pod))]
    _restore(cluster, lines)
    return sum(line.endswith("REJECT") for line in lines)


def lift(cluster: Cluster) -> None:
    """Let everybody reach everything again."""
    _restore(cluster, [])


def _restore(cluster: Cluster, lines: Sequence[str]) -> None:
    tool = "iptables" if cluster.places.family == 4 else "ip6tables"
    text = "\n".join(["*filter", f":{CHAIN} - [0:0]", *lines, "COMMIT", ""])
    for node in cluster.nodes.values():
        run(node.network([f"{tool}-restore", "--noflush"]), text)
        if run(node.network([tool, "-C", "FORWARD", "-j", CHAIN]), check=False).returncode:
            run(node.network([tool, "-I", "FORWARD", "-j", CHAIN]))


def chain(pod: Object, openings: list[Opening] | None) -> Iterator[str]:
    """Yield the rules for one pod."""
    if openings is None:
        return
    to = f"-A {CHAIN} -d {pod['status']['podIP']}"
    yield f"{to} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
    for opening in openings:
        source = f" -s {opening.source}" if opening.source else ""
        port = f" -p tcp --dport {opening.port}" if opening.port else ""
        yield f"{to}{source}{port} -j ACCEPT"
    yield f"{to} -j REJECT"


def labels(thing: Object) -> Mapping[str, str]:
    """Return an object's labels."""
    found: Mapping[str, str] = thing["metadata"].get("labels", {})
    return found


def matches(selector: Object, having: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels."""
    if any(having.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_holds(expression, having) for expression in selector.get("matchExpressions", []))


def _holds(expression: Object, having: Mapping[str, str]) -> bool:
    value, values = having.get(expression["key"]), expression.get("values", [])
    found = {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return found[expression["operator"]]


def ports(rule: Object, pod: Object) -> list[str]:
    """Return the numbers of a rule's ports, by name where it names them."""
    if not rule.get("ports"):
        return [""]
    named = {
        p["name"]: p["containerPort"] for c in pod["spec"]["containers"] for p in c.get("ports", []) if "name" in p
    }
    wanted = [named.get(port["port"]) if isinstance(port["port"], str) else port["port"] for port in rule["ports"]]
    return [str(number) for number in wanted if number is not None]
