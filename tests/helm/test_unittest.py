# SPDX-License-Identifier: Apache-2.0
"""The charts' own suites (helm/*/tests), run by the real helm-unittest."""

import re
import shutil
import subprocess

import pytest
from charts import CHARTS
from testbed.programs import program


# With the umbrella helm-unittest runs the suites of the chart inside it too.
@pytest.mark.parametrize(("chart", "cases"), [("otel-collector", 28), ("fastapi-service", 19), ("observability", 35)])
def test_suites(chart, cases, umbrella, tmp_path):
    folder = umbrella if chart == "observability" else CHARTS / chart
    # A copy without links: helm-unittest does not follow them.
    copy = shutil.copytree(folder, tmp_path / chart)
    done = subprocess.run([str(program("helm-unittest")), str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"Tests:\s+{cases} passed, {cases} total", done.stdout), done.stdout
