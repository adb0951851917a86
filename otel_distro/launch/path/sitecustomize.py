# SPDX-License-Identifier: Apache-2.0
"""Python imports this module before the program, since `otel-distro run` put its folder on PYTHONPATH.

What it raises Python reports in one line, and the program runs all the same.
"""

try:
    from otel_distro.launch.begin import begin
except ModuleNotFoundError as error:
    if error.name != "otel_distro":  # a child that runs by another interpreter, without us: none of our business
        raise
else:
    begin()
