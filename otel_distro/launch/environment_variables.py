# SPDX-License-Identifier: Apache-2.0
"""What the launcher's command line reads before it starts the program: our variables as options, and our preference.

Entry point of the group `opentelemetry_environment_variables`. Unlike every other module, importing this one acts:
it is the only place of ours that runs before a distribution is chosen, and without a choice the first one found wins.
"""

import sys

from otel_distro.launch.options import let_the_command_keep_its_options
from otel_distro.settings.environ import prefer_this_distribution
from otel_distro.settings.model import Settings, declared

globals().update({variable.name: variable.name for variable in declared(Settings) if "DISTRO" in variable.name})
prefer_this_distribution()
let_the_command_keep_its_options(sys.argv)
