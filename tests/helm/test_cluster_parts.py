# SPDX-License-Identifier: Apache-2.0
"""What `make cluster` does as root, as far as it can be done without: who may reach what, images, the page's table."""

import tarfile

import pytest
from charts import CHARTS, objects, template
from testbed.cluster.__main__ import MARKS, write_table
from testbed.cluster.archive import Image
from testbed.cluster.policies import Opening, State, chain
from testbed.cluster.runs.reach import WAYS

ASKERS = {"default": "10.0.0.1", "stranger": "10.0.0.2", "monitoring": "10.0.0.3"}
COLLECTOR = ("--set=destinations.loki.endpoint=http://loki:3100/otlp", "--set=token.value=the-token-of-the-runs")


@pytest.fixture(scope="module")
def state() -> State:
    """The charts' policies, and a pod of each workload with an address of its own."""
    rendered = [
        (item, "monitoring") for item in objects(template(CHARTS / "otel-collector", *COLLECTOR, release="otel"))
    ]
    for name in ("chat-api", "inference"):
        values = CHARTS / "fastapi-service" / "examples" / f"{name}.yaml"
        rendered += [
            (i, "default") for i in objects(template(CHARTS / "fastapi-service", values=[values], release=name))
        ]
    policies = [i | {"metadata": i["metadata"] | {"namespace": n}} for i, n in rendered if i["kind"] == "NetworkPolicy"]
    workloads = [(i, n) for i, n in rendered if i["kind"] in {"Deployment", "DaemonSet", "StatefulSet"}]
    pods = [
        {
            "metadata": {"name": item["metadata"]["name"], "namespace": namespace, **_labels(item)},
            "spec": item["spec"]["template"]["spec"],
            "status": {"podIP": f"10.0.1.{number}"},
        }
        for number, (item, namespace) in enumerate(workloads)
    ]
    for namespace, address in ASKERS.items():
        metadata = {"name": "asker", "namespace": namespace}
        pods.append({"metadata": metadata, "spec": {"containers": []}, "status": {"podIP": address}})
    return State(policies, pods, {name: {"kubernetes.io/metadata.name": name} for name in ASKERS})


def _labels(workload):
    return {"labels": workload["spec"]["template"]["metadata"]["labels"]}


def test_there_are_four_policies_and_four_workloads(state):
    assert (len(state.policies), len(state.pods)) == (4, 4 + len(ASKERS))


@pytest.mark.parametrize(("namespace", "host", "port", "found"), WAYS)
def test_who_may_reach_a_port_does_and_who_may_not_does_not(state, namespace, host, port, found):
    """The very ways that `make cluster` tries with the policies in force."""
    service, _, home = host.partition(".")
    name = service.removesuffix("-admin")
    (pod,) = [p for p in state.pods if (p["metadata"]["name"], p["metadata"]["namespace"]) == (name, home)]
    openings = state.openings(pod)
    assert openings
    wanted = {Opening(source, str(port)) for source in ("", ASKERS[namespace])}
    assert bool(wanted & set(openings)) == (found == "open")


def test_a_pod_without_a_policy_is_open_and_one_with_an_empty_policy_is_shut(state):
    asker = next(pod for pod in state.pods if pod["metadata"]["name"] == "asker")
    assert list(chain(asker, state.openings(asker))) == []
    home = {"name": "shut", "namespace": asker["metadata"]["namespace"]}
    shut = State([{"metadata": home, "spec": {"policyTypes": ["Ingress"], "podSelector": {}}}], state.pods, {})
    assert [line.split()[-1] for line in chain(asker, shut.openings(asker))] == ["ACCEPT", "REJECT"]


def test_an_image_is_the_same_whenever_it_is_made(tmp_path):
    (tmp_path / "root" / "etc").mkdir(parents=True)
    (tmp_path / "root" / "etc" / "name").write_text("one")
    image = Image("a/b:1", roots=[tmp_path / "root"], folders={"tmp": (0o1777, 0)}, user="1:1", command=["x"])
    first, second = (image.write(tmp_path / f"{number}.tar") for number in (1, 2))
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        (layer,) = [name for name in archive.getnames() if name.endswith("layer.tar")]
        with tarfile.open(fileobj=archive.extractfile(layer)) as content:
            assert {(member.name, oct(member.mode)) for member in content} >= {("etc/name", "0o644"), ("tmp", "0o1777")}


def test_a_run_alone_leaves_the_other_rows_of_the_page(tmp_path):
    (page := tmp_path / "page.md").write_text(
        f"before\n{MARKS[0]}| run | seconds | found |\n|---|---|---|\n{MARKS[1]}after\n"
    )
    write_table(page, [("one", 1.4, "a"), ("two", 2.0, "b")])
    write_table(page, [("two", 3.0, "c")])
    text = page.read_text()
    assert "| one | 1 | a |\n| two | 3 | c |\n" in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
