# SPDX-License-Identifier: Apache-2.0
"""The benchmark's modules are scripts beside each other, found as Python finds a script's neighbours."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "tools" / "bench"))
