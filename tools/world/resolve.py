# SPDX-License-Identifier: Apache-2.0
"""Is otel-distro installable beside what people run? Each application is resolved alone and beside us, and compared.

A resolver says nothing when our ranges keep an application's newest release out: it takes an older one. So what is compared
is the application's version. `python tools/world/resolve.py [NAME...]` prints a table and exits 1 if one differs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "3.12"
APPLICATIONS = (
    "apache-airflow-core",
    "arq",
    "bentoml",
    "celery",
    "chainlit",
    "chromadb",
    "dagster-webserver",
    "datasette",
    "django",
    "fastapi[standard]",
    "fastapi-users",
    "fastmcp",
    "feast",
    "gradio",
    "jupyter-server",
    "langgraph-api",
    "litellm[proxy]",
    "litestar[standard]",
    "marimo",
    "mcp[cli]",
    "mlflow",
    "nicegui",
    "open-webui",
    "opentelemetry-instrumentation-sqlalchemy",
    "prefect",
    "quart",
    "sanic",
    "streamlit",
    "strawberry-graphql[fastapi]",
    "taskiq",
    "zenml",
)
# What no release of ours can change: why, for those that stay behind.
EXPLAINED: dict[str, str] = {}


def uv() -> list[str]:
    """Return the command of a resolver: the one on PATH, or one installed for this."""
    if found := shutil.which("uv"):
        return [found]
    home = ROOT / "build" / "uv"
    if not (home / "bin" / "uv").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", "uv"], check=True)
    return [str(home / "bin" / "uv")]


def resolved(requirements: list[str], resolver: list[str]) -> dict[str, str] | str:
    """Return package -> version, or why there is no solution."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.in"
        wanted.write_text("\n".join(requirements) + "\n")
        command = [*resolver, "pip", "compile", "-q", "--no-header", "--no-annotate", "--python-version", PYTHON]
        done = subprocess.run([*command, wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        return " ".join(done.stderr.split())[:300]
    return dict(re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", done.stdout, re.MULTILINE))


def compared(application: str, resolver: list[str]) -> tuple[str, str, bool]:
    """Return the application's version alone and beside us, and whether that is as it should be."""
    name = application.partition("[")[0]
    found = []
    for beside in ([], [f"otel-distro @ {ROOT.as_uri()}"]):
        versions = resolved([application, *beside], resolver)
        found.append(versions if isinstance(versions, str) else versions.get(name, "?"))
    return found[0], found[1], found[0] == found[1] or application in EXPLAINED


def main(names: list[str]) -> int:
    applications, resolver, wrong = names or list(APPLICATIONS), uv(), 0
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda application: compared(application, resolver), applications)
        for application, (alone, beside, right) in zip(applications, results, strict=True):
            wrong += not right
            explained = EXPLAINED.get(application, "")
            print(
                f"{'ok  ' if right else 'FAIL'} {application:42} {alone:14} {beside} {explained}".rstrip(), flush=True
            )
    print(f"{len(applications)} applications, {wrong} kept back by otel-distro")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
