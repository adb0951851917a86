# SPDX-License-Identifier: Apache-2.0
"""Start Loki's door as compose.yaml starts Loki: the same arguments and variables."""

import os
import runpy
import sys

if __name__ == "__main__":
    (config,) = [argument.partition("=")[2] for argument in sys.argv if argument.startswith("-config.file=")]
    sys.argv = ["loki_door", f"--host={os.environ.get('LOKI_HOST', '127.0.0.1')}", f"--config={config}"]
    runpy.run_module("testbed.loki_door", run_name="__main__")
