# SPDX-License-Identifier: Apache-2.0
"""The charts, ready to be rendered."""

from pathlib import Path

import pytest
from charts import with_stand_ins
from charts.schemas import write_schemas


@pytest.fixture(scope="session")
def umbrella(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """helm/observability with charts that render nothing in place of the dependencies from chart repositories."""
    return with_stand_ins(tmp_path_factory.mktemp("umbrella"))


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of JSON schemas for kubeconform."""
    return write_schemas(tmp_path_factory.mktemp("schemas"))
