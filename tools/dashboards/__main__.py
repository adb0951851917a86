# SPDX-License-Identifier: Apache-2.0
"""Write every dashboard to helm/observability/dashboards."""

from dashboards import DESTINATION, render

DESTINATION.mkdir(parents=True, exist_ok=True)
for name, text in render().items():
    (DESTINATION / name).write_text(text)
    print(DESTINATION / name)
