# SPDX-License-Identifier: Apache-2.0
"""Render, check and document the charts below helm/."""

from charts.helm import CHARTS, Object, helm, objects, template
from charts.umbrella import assemble, with_stand_ins

__all__ = ["CHARTS", "Object", "assemble", "helm", "objects", "template", "with_stand_ins"]
