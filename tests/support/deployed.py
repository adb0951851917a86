# SPDX-License-Identifier: Apache-2.0
"""A Collector started as the kubelet would start the one in a rendered pod: its arguments, variables and mounted files."""

import base64
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from charts import Object
from testbed.collector import Collector
from testbed.programs import program

MOUNT = "/etc/otelcol"


class DeployedCollector(Collector):
    """The Collector of a DaemonSet or StatefulSet, on free ports of the loopback interface.

    Args:
        directory: where queue and offsets are kept, and the files that the pod would mount.
        workload: the object with the pod template.
        mounted: ConfigMaps and Secrets, among them those that the pod mounts.
        variables: what this machine needs otherwise than a cluster.
    """

    def __init__(
        self, directory: Path, workload: Object, mounted: Iterable[Object], variables: Mapping[str, str]
    ) -> None:
        super().__init__(directory, variables)
        self._pod = workload["spec"]["template"]["spec"]
        (self._container,) = self._pod["containers"]
        self._files = mount(self._pod, mounted, directory / "etc")

    def command(self) -> Sequence[str]:
        return [str(program("collector")), *self._arguments()]

    def environment(self) -> dict[str, str]:
        given = {variable["name"]: variable["value"] for variable in self._container["env"] if "value" in variable}
        tokens = dict.fromkeys(("GATEWAY_TOKEN_FILE", "COLLECTOR_TOKEN_FILE"), f"{self._files}/token")
        # The base class wins: ports, and addresses of the loopback interface.
        return given | tokens | super().environment()

    def validate(self) -> str:
        """Let the Collector check its configuration, and return what it complains about."""
        command = [str(program("collector")), "validate", *self._arguments()]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""

    def _arguments(self) -> list[str]:
        return [argument.replace(MOUNT, str(self._files)) for argument in self._container["args"]]


def mount(pod: Object, mounted: Iterable[Object], folder: Path) -> Path:
    """Write the files of the pod's volume `config` as the kubelet would, and return their folder."""
    sources = {(item["kind"], item["metadata"]["name"]): item for item in mounted}
    folder.mkdir(parents=True)
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "config"]
    for source in volume["projected"]["sources"]:
        if "configMap" in source:
            for name, text in sources["ConfigMap", source["configMap"]["name"]]["data"].items():
                (folder / name).write_text(text)
        elif secret := sources.get(("Secret", source["secret"]["name"])):
            for item in source["secret"]["items"]:
                (folder / item["path"]).write_bytes(base64.b64decode(secret["data"][item["key"]]))
        else:
            # A Secret that the user brings: it is there before the pod starts, whatever is in it.
            for item in source["secret"]["items"]:
                (folder / item["path"]).write_text("brought-along")
    return folder
