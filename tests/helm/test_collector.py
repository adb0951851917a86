# SPDX-License-Identifier: Apache-2.0
"""The Collectors that the chart deploys run: rendered configuration, real binary, Loki's door, real Kubernetes API."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from charts import CHARTS, Object, helm, objects, template
from support.deployed import DeployedCollector
from testbed.kubernetes import Api, api_server, namespace, write_kubeconfig
from testbed.lines import append, contract_line, cri, pod_log
from testbed.loki import Loki, await_rows, loki_for_tests
from testbed.otlp_receiver import OtlpReceiver

AGENT_TOKEN = "agent-token"
ACCOUNT = "system:serviceaccount:monitoring:otel-collector-agent"
NODE = "node-1"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CASES = sorted(path.stem for path in (CHARTS / "otel-collector" / "ci").glob("*.yaml"))


@pytest.mark.parametrize("name", CASES)
def test_rendered_configuration_is_valid(name, tmp_path):
    """`otelcol validate` with the arguments and variables of each rendered pod."""
    chart = CHARTS / "otel-collector"
    rendered = objects(template(chart, values=[chart / "ci" / f"{name}.yaml"]))
    workloads = [item for item in rendered if item["kind"] in {"DaemonSet", "StatefulSet"}]
    assert workloads
    for workload in workloads:
        deployed = DeployedCollector(tmp_path / workload["kind"], workload, rendered, {"K8S_NODE_NAME": NODE})
        assert deployed.validate() == ""


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[Api]:
    """A cluster with the chart installed and one pod, whose log the agent finds on its node."""
    with api_server(tmp_path_factory.mktemp("kubernetes"), {AGENT_TOKEN: ACCOUNT}) as running:
        for name in ("monitoring", "chat"):
            namespace(running, name)
        values = [
            "--set=destinations.loki.endpoint=http://loki:3100/otlp,destinations.traces.endpoint=http://tempo:4318,token.value=a-token-for-the-test"
        ]
        values += ["--set=agent.resources.limits.memory=1Gi,gateway.resources.limits.memory=1Gi"]
        done = helm(
            "install", "otel-collector", CHARTS / "otel-collector", "--namespace=monitoring", *values,
            f"--kubeconfig={running.kubeconfig}",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        yield running


def create_pod(api: Api) -> Object:
    """Create a Deployment's pod as the controllers would, on the agent's node and running."""
    labels = {"app.kubernetes.io/name": "chat-api"}
    template_ = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "chat"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template_}
    owner: list[Object] = []
    for kind, plural, name in (
        ("Deployment", "deployments", "chat-api"),
        ("ReplicaSet", "replicasets", "chat-api-7d9f"),
    ):
        item = {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name, "ownerReferences": owner},
            "spec": spec,
        }
        made = api.create(f"/apis/apps/v1/namespaces/chat/{plural}", item)
        owner = [
            {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": made["metadata"]["uid"], "controller": True}
        ]
    hashed = labels | {"pod-template-hash": "7d9f"}
    pod = {"metadata": {"name": "chat-api-7d9f-x1", "labels": hashed, "ownerReferences": owner}}
    made = api.create("/api/v1/namespaces/chat/pods", pod | {"spec": template_["spec"] | {"nodeName": NODE}})
    status = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}
    api.set_status("/api/v1/namespaces/chat/pods/chat-api-7d9f-x1", status)
    return made


@pytest.fixture(scope="module")
def loki(tmp_path_factory) -> Iterator[Loki]:
    with loki_for_tests(tmp_path_factory.mktemp("loki")) as running:
        yield running


def post_span(collector: DeployedCollector, **fields: object) -> None:
    """Send one span by OTLP/HTTP, as an application of the node would."""
    now = time.time_ns()
    span = {"traceId": TRACE, "spanId": "b7ad6b7169203331", "name": "GET /", "kind": 2}
    span |= {"startTimeUnixNano": str(now - 10**6), "endTimeUnixNano": str(now)} | fields
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "chat-api"}}]}
    body = json.dumps({"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": [span]}]}]}).encode()
    request = urllib.request.Request(f"{collector.otlp_http}/v1/traces", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def test_a_log_line_and_a_span_travel_through_agent_and_gateway(api, loki, tmp_path):
    """A pod's line reaches Loki with the labels that Kubernetes knows; its span reaches the trace store with the same."""
    made = create_pod(api)
    apps, core = "/apis/apps/v1/namespaces/monitoring", "/api/v1/namespaces/monitoring"
    mounted = [
        api.get(f"{core}/configmaps/otel-collector-{role}") | {"kind": "ConfigMap"} for role in ("agent", "gateway")
    ]
    mounted.append(api.get(f"{core}/secrets/otel-collector-token") | {"kind": "Secret"})
    agent, gateway = (
        api.get(f"{apps}/daemonsets/otel-collector-agent"),
        api.get(f"{apps}/statefulsets/otel-collector-gateway"),
    )
    # The agent's own rights: nothing beyond its ClusterRole.
    kubeconfig = write_kubeconfig(tmp_path / "agent", api.kubeconfig.parent, str(api.http.base_url), AGENT_TOKEN)

    with OtlpReceiver() as store:
        to = {**loki.variables, "TRACES_OTLP_ENDPOINT": store.endpoint}
        with DeployedCollector(tmp_path / "gateway", gateway, mounted, to) as central:
            cluster = {"COLLECTOR_K8S_AUTH": "kubeConfig", "KUBECONFIG": str(kubeconfig), "K8S_NODE_NAME": NODE}
            here = {"COLLECTOR_LOG_ROOT": f"{tmp_path}/log", "GATEWAY_ENDPOINT": central.otlp_http}
            with DeployedCollector(tmp_path / "agent-state", agent, mounted, cluster | here) as local:
                log = pod_log(tmp_path, "main", f"chat_chat-api-7d9f-x1_{made['metadata']['uid']}")
                append(log, cri(contract_line("hello", service="chat-api", environment="test", trace_id=TRACE)))
                append(log, cri("a plain line of somebody else's program"))
                append(log, cri(contract_line("of another", service="payments")))
                rows = await_rows(loki, '{k8s_namespace_name="chat"}', 3)
                post_span(local)
                (span,) = store.wait_for(lambda received: received.spans("GET /"))
                assert "forbidden" not in local.process.output

    by_line = {row.line: row for row in rows}
    assert by_line.keys() == {"hello", "a plain line of somebody else's program", "of another"}
    common = {
        "service_name": "chat-api",
        "k8s_namespace_name": "chat",
        "k8s_container_name": "main",
        "k8s_deployment_name": "chat-api",
    }
    assert by_line["hello"].labels == common | {"deployment_environment_name": "test"}
    assert by_line["hello"].metadata["trace_id"] == TRACE
    assert by_line["hello"].metadata["k8s_pod_name"] == "chat-api-7d9f-x1"
    assert by_line["a plain line of somebody else's program"].labels == common
    # A pod cannot write into another service's stream; what its line says stays with the line.
    assert by_line["of another"].labels["service_name"] == "chat-api"
    assert by_line["of another"].metadata["service"] == "payments"
    assert not {name for row in rows for name in row.metadata if name.startswith("app")}
    assert not {name for name in span.origin.resource if name.startswith("app.")}
    assert span.origin.resource["k8s.deployment.name"] == "chat-api"
    assert span.origin.resource["k8s.namespace.name"] == "chat"


def test_spans_reach_a_sampling_gateway_by_trace_id_and_a_failed_one_is_kept(api, loki, tmp_path):
    """With tailSampling the agent finds the gateway's pods by their headless Service, and knows the token there too."""
    chart = CHARTS / "otel-collector"
    rendered = objects(template(chart, values=[chart / "ci" / "tail-sampling.yaml"]))
    agent, gateway = (next(item for item in rendered if item["kind"] == kind) for kind in ("DaemonSet", "StatefulSet"))
    sampling = {"SAMPLING_DECISION_WAIT": "1s", "SAMPLING_PERCENT": "0", **loki.variables}
    cluster = {"COLLECTOR_K8S_AUTH": "kubeConfig", "KUBECONFIG": str(api.kubeconfig), "K8S_NODE_NAME": NODE}
    with OtlpReceiver() as store:
        to = sampling | {"TRACES_OTLP_ENDPOINT": store.endpoint}
        with DeployedCollector(tmp_path / "gateway", gateway, rendered, to) as central:
            host, _, port = central.otlp_grpc.partition(":")
            here = {
                "GATEWAY_HEADLESS_HOST": host,
                "GATEWAY_HEADLESS_PORT": port,
                "COLLECTOR_LOG_ROOT": f"{tmp_path}/none",
            }
            with DeployedCollector(tmp_path / "agent", agent, rendered, cluster | here) as local:
                post_span(local, traceId="1" * 32, name="fast and well")
                post_span(local, name="failed", status={"code": 2})
                (span,) = store.wait_for(lambda received: received.spans("failed"), 20)
        assert store.spans("fast and well") == []
    assert span.trace_id == TRACE


def test_the_gateway_refuses_who_does_not_know_the_token(api, loki, tmp_path):
    apps, core = "/apis/apps/v1/namespaces/monitoring", "/api/v1/namespaces/monitoring"
    mounted = [api.get(f"{core}/configmaps/otel-collector-gateway") | {"kind": "ConfigMap"}]
    mounted.append(api.get(f"{core}/secrets/otel-collector-token") | {"kind": "Secret"})
    workload = api.get(f"{apps}/statefulsets/otel-collector-gateway")
    with (
        DeployedCollector(tmp_path, workload, mounted, loki.variables) as central,
        pytest.raises(urllib.error.HTTPError, match="401"),
    ):
        post_span(central)


def test_the_agents_account_may_read_pods_and_nothing_else(api):
    """Least rights, asked from the API server's own authorizer."""
    review = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

    def allowed(verb: str, group: str, resource: str) -> bool:
        attributes = {"verb": verb, "group": group, "resource": resource, "namespace": "chat"}
        return bool(
            api.create(review, {"spec": {"user": ACCOUNT, "resourceAttributes": attributes}})["status"]["allowed"]
        )

    wanted = {("", "pods")}
    everything = wanted | {
        ("", "secrets"),
        ("", "configmaps"),
        ("", "namespaces"),
        ("apps", "replicasets"),
        ("", "nodes"),
        ("apps", "deployments"),
        ("batch", "jobs"),
    }
    for verb in ("get", "list", "watch"):
        assert {kind for kind in everything if allowed(verb, *kind)} == wanted
    for verb in ("create", "update", "patch", "delete"):
        assert {kind for kind in everything if allowed(verb, *kind)} == set()
