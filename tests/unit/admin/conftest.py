# SPDX-License-Identifier: Apache-2.0
"""What the tests of the admin port share."""

from support.admin_port import start

__all__ = ["start"]
