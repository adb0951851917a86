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
MANIFEST: Final = Path(__file__).parents[2] / "collector" / "builder.yaml"
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
        return tuple(sorted(path for path in (MODULES / self.module).iterdir() if path.is_file()))

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
# Without these tags Prometheus links the SDK of every cloud that it can discover targets in.
_DISCOVERY: Final = "remove_all_sd,enable_kubernetes_sd,enable_dns_sd"

PROGRAMS: Final[Mapping[str, GoProgram | Collector]] = {
    entry.name: entry
    for entry in (
        _go("prometheus", _PROMETHEUS, "cmd/prometheus", tags=_DISCOVERY),
        _go("promtool", _PROMETHEUS, "cmd/promtool", module="prometheus", tags=_DISCOVERY),
        _go("helm", "helm.sh/helm/v4", "cmd/helm"),
        _go("kubeconform", "github.com/yannh/kubeconform", "cmd/kubeconform"),
        _go("helm-unittest", "github.com/helm-unittest/helm-unittest", "cmd/helm-unittest"),
        _go("loki", "github.com/grafana/loki/v3", "cmd/loki", tags="netgo"),
        Collector(),
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
    )
}
