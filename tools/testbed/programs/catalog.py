# SPDX-License-Identifier: Apache-2.0
"""Name every real program that tests and tools run, its pinned version and the commands that build it."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MODULES: Final = Path(__file__).parent / "modules"
PATCHES: Final = Path(__file__).with_name("patches.py")
GRAMMAR: Final = Path(__file__).parents[1] / "loki_door" / "grammar"
MANIFEST: Final = Path(__file__).parents[3] / "collector" / "builder.yaml"
Step = tuple[list[str], Path]
"""A command and the folder that it runs in."""


@dataclass(frozen=True)
class GoProgram:
    """A program built from a Go module that pins it.

    Attributes:
        name: what `program(name)` is asked for; also the name of the binary.
        package: what `go build` builds, seen from the module's folder.
        pinned: the module path whose version in go.mod is the program's version.
        module: the folder below `modules/` that holds go.mod and go.sum.
        tags: Go build tags, comma separated.
        stamp: the variable that holds the program's version, for programs whose clients ask for it.
    """

    name: str
    package: str
    pinned: str
    module: str
    tags: str = ""
    stamp: str = ""

    @property
    def version(self) -> str:
        """Read the version from go.mod, the only place that states it."""
        return _only_match(MODULES / self.module / "go.mod", rf"^(?:require\s+|\t){re.escape(self.pinned)} v(\S+)")

    @property
    def recipe(self) -> tuple[Path, ...]:
        """List the files that decide what is built: another content, another build."""
        return tuple(sorted(path for path in (MODULES / self.module).rglob("*") if path.is_file()))

    @property
    def _link_flags(self) -> str:
        return f"-X {self.stamp}=v{self.version}" if self.stamp else ""

    def steps(self, scratch: Path, output: Path) -> list[Step]:  # noqa: ARG002 -- the Collector's needs the folder
        """Return what has to be run, in order, so that the binary lies at `output`."""
        return [(_go_build(self.package, output, self.tags, self._link_flags), MODULES / self.module)]


@dataclass(frozen=True)
class Collector:
    """Our Collector, generated from `collector/builder.yaml` by the project's own builder (ocb)."""

    name: str = "collector"

    @property
    def version(self) -> str:
        """Read the version of the Collector's components from the manifest."""
        return _only_match(MANIFEST, r"otlpreceiver v(\S+)")

    @property
    def recipe(self) -> tuple[Path, ...]:
        """List the files that decide what is built: another content, another build."""
        return MANIFEST, MODULES / "ocb" / "go.mod", PATCHES

    def steps(self, scratch: Path, output: Path) -> list[Step]:
        """Build ocb, let it generate the sources below `scratch`, compile them with our patches."""
        ocb = scratch / "ocb"
        return [
            (_go_build("go.opentelemetry.io/collector/cmd/builder", ocb, ""), MODULES / "ocb"),
            ([str(ocb), "--skip-compilation", "--config", str(MANIFEST)], scratch),
            ([sys.executable, str(PATCHES), str(scratch)], scratch / "_build"),
            (_go_build(".", output, "grpcnotrace"), scratch / "_build"),
        ]


@dataclass(frozen=True)
class NodeScript:
    """The grammar of LogQL: a script beside the packages that it needs, installed from their lock file."""

    name: str = "logql-grammar"

    @property
    def version(self) -> str:
        """Read the grammar's version from what asks for it."""
        return _only_match(GRAMMAR / "package.json", r'"@grafana/lezer-logql": "(.+)"')

    @property
    def recipe(self) -> tuple[Path, ...]:
        """List the files that decide what is installed: another content, another folder."""
        return GRAMMAR / "package.json", GRAMMAR / "package-lock.json", GRAMMAR / "tree.mjs"

    def steps(self, scratch: Path, output: Path) -> list[Step]:  # noqa: ARG002 -- the Collector's needs the folder
        """Put the script, under its own name, beside the packages."""
        files = [str(path) for path in self.recipe]
        install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        return [
            (["mkdir", "-p", str(output.parent)], GRAMMAR),
            (["cp", *files, str(output.parent)], GRAMMAR),
            (install, output.parent),
            (["mv", "tree.mjs", output.name], output.parent),
        ]


@dataclass(frozen=True)
class Kafka:
    """Kafka: its own jars from Maven Central beside the script that runs one of their main classes."""

    name: str = "kafka"

    @property
    def version(self) -> str:
        """Read the version from what asks for it."""
        return _only_match(MODULES / self.name / "pom.xml", r"kafka_2.13</artifactId>\s*<version>(.+)</version>")

    @property
    def recipe(self) -> tuple[Path, ...]:
        """List the files that decide what is fetched: another content, another folder."""
        return MODULES / self.name / "pom.xml", MODULES / self.name / "kafka"

    def steps(self, scratch: Path, output: Path) -> list[Step]:
        """Put the script beside the jars."""
        pom, script = self.recipe
        libraries = output.parent / "libs"
        fetch = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={libraries}"]
        return [(fetch, scratch), (["cp", str(script), str(output)], scratch)]


def _only_match(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{path} has no line that matches {pattern}")
    return found.group(1)


def _go_build(package: str, output: Path, tags: str, link_flags: str = "") -> list[str]:
    flags = ["-buildvcs=false", "-trimpath", f"-tags={tags}", f"-ldflags=-s -w {link_flags}".rstrip()]
    return ["go", "build", *flags, "-o", str(output), package]


def _go(  # noqa: PLR0913 -- the columns of the table below
    name: str, pinned: str, package: str, *, module: str = "", tags: str = "", stamp: str = ""
) -> GoProgram:
    return GoProgram(name, f"{pinned}/{package}", pinned, module or name, tags, stamp)


_PROMETHEUS: Final = "github.com/prometheus/prometheus"
_ALERTMANAGER: Final = "github.com/prometheus/alertmanager"
_OPERATOR: Final = "github.com/prometheus-operator/prometheus-operator"
_COMPOSE: Final = "github.com/docker/compose/v2"
# Without these tags Prometheus links the SDK of every cloud that it can discover targets in.
_DISCOVERY: Final = "remove_all_sd,enable_kubernetes_sd,enable_dns_sd"

PROGRAMS: Final[Mapping[str, GoProgram | Collector | NodeScript | Kafka]] = {
    entry.name: entry
    for entry in (
        _go("prometheus", _PROMETHEUS, "cmd/prometheus", tags=_DISCOVERY),
        _go("promtool", _PROMETHEUS, "cmd/promtool", module="prometheus", tags=_DISCOVERY),
        _go("helm", "helm.sh/helm/v4", "cmd/helm"),
        _go("kubeconform", "github.com/yannh/kubeconform", "cmd/kubeconform"),
        _go("helm-unittest", "github.com/helm-unittest/helm-unittest", "cmd/helm-unittest"),
        _go("victoria-logs", "github.com/VictoriaMetrics/VictoriaLogs", "app/victoria-logs"),
        NodeScript(),
        Collector(),
        Kafka(),
        GoProgram("etcd", ".", "go.etcd.io/etcd/server/v3", "etcd"),
        # Helm compares a chart's kubeVersion with what the server says of itself.
        _go(
            "kube-apiserver",
            "k8s.io/kubernetes",
            "cmd/kube-apiserver",
            stamp="k8s.io/component-base/version.gitVersion",
        ),
        _go("alertmanager", _ALERTMANAGER, "cmd/alertmanager"),
        _go("amtool", _ALERTMANAGER, "cmd/amtool"),
        # What `make cluster` runs besides: all of Kubernetes in one program, and the engine's client.
        GoProgram("kube", ".", "k8s.io/kubernetes", "kube", stamp="k8s.io/component-base/version.gitVersion"),
        GoProgram("pause", "./pause", "k8s.io/kubernetes", "kube"),
        GoProgram("coredns", ".", "github.com/coredns/coredns", "coredns"),
        _go("operator", _OPERATOR, "cmd/operator", module="prometheus-operator"),
        _go("prometheus-config-reloader", _OPERATOR, "cmd/prometheus-config-reloader", module="prometheus-operator"),
        _go("docker-compose", _COMPOSE, "cmd", stamp=f"{_COMPOSE}/internal.Version"),
    )
}
