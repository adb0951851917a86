# SPDX-License-Identifier: Apache-2.0
"""Write an image FROM scratch as an archive that `ctr images import` and `docker load` take: no engine, no registry.

The owner of every file is root; the same input gives the same archive.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """What is in an image.

    Attributes:
        name: with its tag.
        roots: folders whose content goes to /; what is named later wins.
        files: path in the image -> file of this machine.
        folders: path in the image -> mode and owner, made empty.
        user, workdir, entrypoint, command, environment: as in a Dockerfile.
    """

    name: str
    roots: Sequence[Path] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    folders: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write the archive."""
        layer = self._layer()
        digest = hashlib.sha256(layer).hexdigest()
        config = json.dumps(self._config(digest)).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [self.name], "Layers": [f"{digest}/layer.tar"]}]
        with tarfile.open(path, "w") as tar:
            for member, data in (
                (name, config),
                (f"{digest}/layer.tar", layer),
                ("manifest.json", json.dumps(manifest).encode()),
            ):
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return path

    def _layer(self) -> bytes:
        members: dict[str, Path] = {}
        for root in self.roots:
            members |= {str(path.relative_to(root)): path for path in sorted(root.rglob("*"))}
        members |= {name.lstrip("/"): path for name, path in self.files.items()}
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            for name in sorted(members):
                _add(tar, members[name], name)
            for name, (mode, owner) in self.folders.items():
                info = tarfile.TarInfo(name.strip("/"))
                info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, mode, owner, owner
                tar.addfile(info)
        return layer.getvalue()

    def _config(self, layer: str) -> dict[str, object]:
        paths = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": paths, **self.environment}
        return {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "User": self.user,
                "WorkingDir": self.workdir,
                "Env": [f"{name}={value}" for name, value in environment.items()],
                "Entrypoint": list(self.entrypoint) or None,
                "Cmd": list(self.command) or None,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "cluster.archive"}],
        }


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    info = tar.gettarinfo(str(path), name)
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    if info.isreg():
        with path.open("rb") as file:
            tar.addfile(info, file)
    else:
        tar.addfile(info)
