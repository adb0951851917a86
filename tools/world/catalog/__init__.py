# SPDX-License-Identifier: Apache-2.0
"""All applications by name, in the order in which they run: quick to install first."""

from world.application import Application
from world.catalog.agents import AGENTS
from world.catalog.data import DATA
from world.catalog.frameworks import FRAMEWORKS
from world.catalog.interfaces import INTERFACES
from world.catalog.jobs import JOBS

APPLICATIONS: dict[str, Application] = {
    application.name: application for application in (*FRAMEWORKS, *JOBS, *AGENTS, *INTERFACES, *DATA)
}
