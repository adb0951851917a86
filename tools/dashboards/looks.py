# SPDX-License-Identifier: Apache-2.0
"""What panels of every kind share: where data comes from, and the colours of thresholds."""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

PROMETHEUS: Final = models.DataSourceRef("prometheus", "${prometheus}")
LOKI: Final = models.DataSourceRef("loki", "${loki}")


def thresholds(steps: Mapping[float, str]) -> dashboard.ThresholdsConfig:
    """Return steps of colour: green from the beginning, then as given."""
    listed = [models.Threshold(None, "green"), *(models.Threshold(value, colour) for value, colour in steps.items())]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(listed)
