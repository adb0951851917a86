# SPDX-License-Identifier: Apache-2.0
"""Each chart installs into a real Kubernetes API server and upgrades there, and what it stored is read back."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from charts import CHARTS, Object, helm
from testbed.kubernetes import Api, api_server, namespace

LOKI = "--set=destinations.loki.endpoint=http://loki:3100/otlp,token.value=a-token-of-forty-characters-for-the-test"
GATEWAY = "/apis/apps/v1/namespaces/{}/statefulsets/otel-collector-gateway"
AGENT = "/apis/apps/v1/namespaces/{}/daemonsets/otel-collector-agent"


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[Api]:
    with api_server(tmp_path_factory.mktemp("kubernetes"), {}) as running:
        yield running


def run_helm(api: Api, *arguments: str | Path) -> str:
    done = helm(*arguments, f"--kubeconfig={api.kubeconfig}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def pod_of(workload: Object) -> Object:
    template = workload["spec"]["template"]
    # Volumes of a claim template come from a controller, which is not here.
    spec = template["spec"] | {"serviceAccountName": "default"}
    claims = [claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", ())]
    spec["volumes"] = [*spec.get("volumes", []), *({"name": name, "emptyDir": {}} for name in claims)]
    return {"metadata": {"generateName": "pod-", "labels": template["metadata"]["labels"]}, "spec": spec}


def test_otel_collector_upgrades_from_the_version_before_and_keeps_queue_offsets_and_token(api, tmp_path):
    namespace(api, "collector")
    chart = CHARTS / "otel-collector"
    # The previous release, as a package: with links replaced by the files behind them.
    packaged = helm("package", chart, "--version=0.1.0", "--app-version=0.158.0", f"--destination={tmp_path}")
    assert packaged.returncode == 0, packaged.stderr
    old = ["install", "otel-collector", tmp_path / "otel-collector-0.1.0.tgz", "--namespace=collector", LOKI]
    assert "otel-collector-agent.collector.svc:4318" in run_helm(api, *old, "--set=gateway.replicas=1")
    before = {path: api.get(path.format("collector"))["spec"] for path in (GATEWAY, AGENT)}
    secret = api.get("/api/v1/namespaces/collector/secrets/otel-collector-token")["data"]["token"]
    assert base64.b64decode(secret).startswith(b"a-token-of-forty")

    monitors = "--set=serviceMonitor.enabled=true,gateway.autoscaling.enabled=true,tailSampling.enabled=true"
    traces = "--set=destinations.traces.endpoint=http://tempo:4318"
    run_helm(
        api, "upgrade", "otel-collector", CHARTS / "otel-collector", "--namespace=collector", LOKI, monitors, traces
    )

    after = {path: api.get(path.format("collector"))["spec"] for path in (GATEWAY, AGENT)}
    for path in (GATEWAY, AGENT):
        assert before[path]["template"]["spec"]["containers"][0]["image"].endswith(":0.158.0")
        assert after[path]["selector"] == before[path]["selector"]
        assert after[path]["template"]["spec"]["containers"][0]["image"].endswith(":0.159.0")
    # The queue's volumes belong to the StatefulSet by the names of these templates; the offsets lie in this folder.
    for key in ("volumeClaimTemplates", "serviceName", "persistentVolumeClaimRetentionPolicy"):
        assert after[GATEWAY][key] == before[GATEWAY][key]
    own = "/var/lib/otel-collector/collector/otel-collector"
    state = {"name": "state", "hostPath": {"path": own, "type": "DirectoryOrCreate"}}
    assert state in before[AGENT]["template"]["spec"]["volumes"]
    assert state in after[AGENT]["template"]["spec"]["volumes"]
    assert api.get("/api/v1/namespaces/collector/secrets/otel-collector-token")["data"]["token"] == secret

    scaler = api.get("/apis/autoscaling/v2/namespaces/collector/horizontalpodautoscalers/otel-collector-gateway")
    assert scaler["spec"]["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"
    monitored = "/apis/monitoring.coreos.com/v1/namespaces/collector"
    assert api.names(f"{monitored}/podmonitors") == {"otel-collector-agent"}
    assert api.names(f"{monitored}/servicemonitors") == {"otel-collector-gateway"}
    assert api.names("/apis/networking.k8s.io/v1/namespaces/collector/networkpolicies") == {
        "otel-collector-agent",
        "otel-collector-gateway",
    }


def test_an_upgrade_that_would_strand_the_queue_is_refused_by_the_api_server(api):
    """Why the test above means something: other claim templates are a different StatefulSet."""
    namespace(api, "stranded")
    run_helm(api, "install", "otel-collector", CHARTS / "otel-collector", "--namespace=stranded", LOKI)
    off = "--set=gateway.persistence.enabled=false"
    done = helm(
        "upgrade",
        "otel-collector",
        CHARTS / "otel-collector",
        "--namespace=stranded",
        LOKI,
        off,
        f"--kubeconfig={api.kubeconfig}",
    )
    assert done.returncode != 0
    assert "Forbidden: updates to statefulset spec" in done.stderr


def test_pods_of_gateway_and_application_are_admitted_under_the_restricted_standard(api):
    namespace(api, "restricted", enforce="restricted")
    run_helm(api, "install", "otel-collector", CHARTS / "otel-collector", "--namespace=restricted", LOKI)
    values = f"--values={CHARTS / 'fastapi-service' / 'examples' / 'chat-api.yaml'}"
    run_helm(api, "install", "chat-api", CHARTS / "fastapi-service", "--namespace=restricted", values)
    pods = "/api/v1/namespaces/restricted/pods"
    api.create(pods, pod_of(api.get(GATEWAY.format("restricted"))))
    api.create(pods, pod_of(api.get("/apis/apps/v1/namespaces/restricted/deployments/chat-api")))
    assert len(api.names(pods)) == 2
    # The exception: an agent mounts the node's folders, and its first container makes one writable for the second.
    with pytest.raises(ValueError, match='use restricted volume type "hostPath"') as refused:
        api.create(pods, pod_of(api.get(AGENT.format("restricted"))))
    assert 'container "prepare"' in str(refused.value)
    assert "otc-container" not in str(refused.value)


def test_fastapi_service_installs_and_upgrades(api):
    namespace(api, "chat")
    chart = CHARTS / "fastapi-service"
    for name in ("inference", "chat-api"):
        values = f"--values={chart / 'examples' / f'{name}.yaml'}"
        run_helm(api, "install", name, chart, "--namespace=chat", values)
        run_helm(api, "upgrade", name, chart, "--namespace=chat", values, "--set=image.tag=0.2.0")
    assert api.names("/api/v1/namespaces/chat/services") == {
        "inference",
        "inference-admin",
        "chat-api",
        "chat-api-admin",
    }
    container = api.get("/apis/apps/v1/namespaces/chat/deployments/chat-api")["spec"]["template"]["spec"]["containers"][
        0
    ]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert environment["OTEL_SERVICE_NAME"] == "chat-api"
    assert (
        "service.version=0.2.0,k8s.namespace.name=chat"  # the environment is the ConfigMap's
        in environment["OTEL_RESOURCE_ATTRIBUTES"]
    )
    assert container["command"][:2] == ["opentelemetry-instrument", "uvicorn"]
    monitor = api.get("/apis/monitoring.coreos.com/v1/namespaces/chat/servicemonitors/chat-api")
    assert monitor["metadata"]["labels"]["app.kubernetes.io/part-of"] == "otel-distro"
    (endpoint,) = monitor["spec"]["endpoints"]
    assert (endpoint["interval"], endpoint["port"]) == ("15s", "admin")
    assert endpoint["relabelings"] == [{"action": "replace", "targetLabel": "app", "replacement": "chat-api"}]
    policy = api.get("/apis/networking.k8s.io/v1/namespaces/chat/networkpolicies/chat-api")
    (admin,) = [rule for rule in policy["spec"]["ingress"] if rule["ports"][0]["port"] == "admin"]
    assert admin["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_observability_installs_and_upgrades(api, umbrella):
    namespace(api, "monitoring")
    local = f"--values={umbrella / 'values-local.yaml'}"
    run_helm(api, "install", "observability", umbrella, "--namespace=monitoring", local)
    traces = ["--set=tempo.enabled=true,otel-collector.destinations.traces.endpoint=http://tempo:4318"]
    notes = run_helm(api, "upgrade", "observability", umbrella, "--namespace=monitoring", local, *traces)
    assert "part-of: otel-distro" in notes
    rules = api.names("/apis/monitoring.coreos.com/v1/namespaces/monitoring/prometheusrules")
    assert rules == {f"otel-{path.stem}" for path in (CHARTS / "observability" / "rules").glob("*.yaml")}
    maps = api.names("/api/v1/namespaces/monitoring/configmaps")
    assert {f"otel-dashboard-{path.stem}" for path in (CHARTS / "observability" / "dashboards").glob("*.json")} <= maps
    environment = api.get("/api/v1/namespaces/default/configmaps/otel-environment")["data"]
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://observability-otel-collector-agent.monitoring.svc:4318"
    assert "observability-otel-collector-agent" in api.names("/api/v1/namespaces/monitoring/services")
