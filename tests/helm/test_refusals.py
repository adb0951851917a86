# SPDX-License-Identifier: Apache-2.0
"""Values that are wrong are refused with a message that names the key."""

import re
from pathlib import Path

import pytest
import yaml
from charts import CHARTS, helm, template

LOKI = "--set=destinations.loki.endpoint=http://loki:3100/otlp,token.value=a-token-of-forty-characters-for-the-test"
OAUTH = r"kube-prometheus-stack.grafana.grafana\.ini.auth\.{}.client_id"

COLLECTOR = {
    "typo": (["--set=agent.enabeld=true"], "at '/agent': additional properties 'enabeld' not allowed"),
    "unknown key": (["--set=replicas=2"], "additional properties 'replicas' not allowed"),
    "text for a number": (["--set-string=gateway.replicas=2"], "at '/gateway/replicas': got string, want integer"),
    "no replicas": (["--set=gateway.replicas=0"], "at '/gateway/replicas': minimum"),
    "number for a switch": (["--set=agent.enabled=1"], "at '/agent/enabled': got number, want boolean"),
    "not an address": (
        ["--set=destinations.loki.endpoint=loki:3100"],
        "at '/destinations/loki/endpoint': 'loki:3100' does not match",
    ),
    "slash at the end": (
        ["--set=destinations.loki.endpoint=http://loki:3100/otlp/"],
        "at '/destinations/loki/endpoint'",
    ),
    "memory without unit": (["--set=agent.resources.limits.memory=400"], "at '/agent/resources/limits/memory'"),
    "short token": (["--set=token.value=short"], "at '/token/value'"),
    "tag as digest": (["--set=image.digest=latest"], "at '/image/digest'"),
    "url for host:port": (["--set=agent.gatewayEndpoint=http://gateway:4317"], "at '/agent/gatewayEndpoint'"),
    "number as a variable": (
        ["--set=gateway.env.SAMPLING_PERCENT=5"],
        "at '/gateway/env/SAMPLING_PERCENT': got number, want string",
    ),
    "a part taken away": (["--set=gateway.resources=null"], "at '/gateway': missing property 'resources'"),
    "a value taken away": (["--set=gateway.replicas=null"], "at '/gateway': missing property 'replicas'"),
    "no destination": (["--set=destinations.loki.endpoint="], "destinations.loki.endpoint: empty"),
    "nothing to deploy": (
        ["--set=agent.enabled=false,gateway.enabled=false"],
        "agent.enabled: agent and gateway are both off",
    ),
    "gateway off": (["--set=gateway.enabled=false"], "agent.gatewayEndpoint: gateway.enabled is false"),
    "no token": (["--set=token.value="], "token: neither token.existingSecret nor token.value is set"),
    "two tokens": (
        ["--set=token.existingSecret=x"],
        "token.value: token.existingSecret is set too",
    ),
    "sampling for nothing": (
        ["--set=tailSampling.enabled=true"],
        "tailSampling.enabled: destinations.traces.endpoint is empty",
    ),
    "sampling elsewhere": (
        ["--set=tailSampling.enabled=true,agent.gatewayEndpoint=gateway:4318"],
        "tailSampling.enabled: agent.gatewayEndpoint is one address",
    ),
    "sampling under TLS": (
        ["--set=tailSampling.enabled=true,tls.secret=x,destinations.traces.endpoint=http://tempo:4318"],
        "tls.secret: with tailSampling.enabled",
    ),
    "more than most": (["--set=gateway.autoscaling.minReplicas=9"], "gateway.autoscaling.minReplicas: 9 is more than"),
}
SERVICE = {
    "no image": (["--set=image.repository="], "image.repository: the application's image is needed"),
    "same port": (["--set=port=9464"], "telemetry.adminPort: 9464 is the application's port too"),
    "own service name": (["--set=env.OTEL_SERVICE_NAME=x"], "env.OTEL_SERVICE_NAME: the chart sets it"),
    "port out of range": (["--set=port=70000"], "at '/port': maximum"),
    "typo": (["--set=replica=1"], "additional properties 'replica' not allowed"),
    "comma in an attribute": (["--set-string=environment=a\\,b"], "at '/environment'"),
    "capitals in a name": (["--set=name=Api"], "at '/name'"),
}
UMBRELLA = {
    "OAuth without id": (["production"], "client_id: empty while auth.github.enabled is true"),
    "OAuth without the other id": (
        ["production", f"--set={OAUTH.format('github')}=x"],
        "client_id: empty while auth.google.enabled is true",
    ),
    "nobody can log in": (
        [
            "production",
            *(
                rf"--set=kube-prometheus-stack.grafana.grafana\.ini.auth\.{name}.enabled=false"
                for name in ("github", "google")
            ),
        ],
        "disable_login_form: true while no OAuth provider is enabled",
    ),
    "traces nowhere": (
        ["local", "--set=tempo.enabled=true"],
        "otel-collector.destinations.traces.endpoint: empty while tempo.enabled is true",
    ),
    "logs nowhere": (
        ["local", "--set=loki.enabled=false"],
        "otel-collector.destinations.loki.endpoint: still http://loki:3100/otlp",
    ),
    "a canary that asks nobody": (
        ["local", "--set=loki.enabled=false,otel-collector.destinations.loki.endpoint=https://loki.example.com/otlp"],
        "otel-collector.canary.lokiUrl: still http://loki:3100 while loki.enabled is false",
    ),
    "typo": (["local", "--set=rules.enable=true"], "at '/rules': additional properties 'enable' not allowed"),
    "typo in the Collector's part": (
        ["local", "--set=otel-collector.agents.enabled=true"],
        "additional properties 'agents' not allowed",
    ),
    "no slash": (["local", "--set=runbookBase=https://example.com"], "at '/runbookBase'"),
}


def refusal(chart: Path, arguments: list[str]) -> str:
    done = helm("template", "r", chart, *arguments)
    assert done.returncode != 0, "rendered"
    return done.stderr


@pytest.mark.parametrize("name", COLLECTOR)
def test_otel_collector(name):
    arguments, message = COLLECTOR[name]
    assert message in refusal(CHARTS / "otel-collector", [LOKI, *arguments])


@pytest.mark.parametrize("name", SERVICE)
def test_fastapi_service(name):
    arguments, message = SERVICE[name]
    assert message in refusal(CHARTS / "fastapi-service", ["--set=image.repository=api", *arguments])


@pytest.mark.parametrize("name", UMBRELLA)
def test_observability(name, umbrella):
    (values, *arguments), message = UMBRELLA[name]
    assert message in refusal(umbrella, [f"--values={umbrella / f'values-{values}.yaml'}", *arguments])


def wrong(value: object) -> object:
    """Return a value of another type."""
    return {"not": "this"} if not isinstance(value, dict) else ["not this"]


def leaves(values: dict[str, object], *path: str):
    for key, value in values.items():
        yield (*path, key), value
        if isinstance(value, dict):
            yield from leaves(value, *path, key)


def own_keys(chart: str) -> list[tuple[str, ...]]:
    values = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
    dependencies = {"kube-prometheus-stack", "loki", "tempo", "otel-collector"} if chart == "observability" else set()
    return [path for path, _ in leaves(values) if path[0] not in dependencies]


@pytest.mark.parametrize("chart", ["otel-collector", "fastapi-service", "observability"])
def test_each_value_of_the_wrong_type_is_refused_by_name(chart, umbrella, tmp_path):
    """Every key of values.yaml gets a value of a wrong type in one run; the message names each of them."""
    folder = umbrella if chart == "observability" else CHARTS / chart
    defaults = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
    keys = own_keys(chart)
    assert len(keys) >= 15
    missed = set()
    # A wrong parent hides its children, so each depth has its own run.
    for depth in {len(path) for path in keys}:
        broken = {}
        for path in (path for path in keys if len(path) == depth):
            at, value = broken, defaults
            for key in path[:-1]:
                at, value = at.setdefault(key, {}), value[key]
            at[path[-1]] = wrong(value[path[-1]])
        (tmp_path / "values.yaml").write_text(yaml.safe_dump(broken))
        message = refusal(folder, [f"--values={tmp_path / 'values.yaml'}"])
        missed |= {
            path for path in keys if len(path) == depth and not re.search(f"at '/{'/'.join(path)}(/|')", message)
        }
    assert missed == set()


def test_default_values_need_a_destination_only():
    """What the README promises: one value is enough."""
    assert "kind: DaemonSet" in template(CHARTS / "otel-collector", LOKI)
