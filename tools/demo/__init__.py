# SPDX-License-Identifier: Apache-2.0
"""Two services under the launcher, real traffic, and what a person wants to see of it: `make demo`, `make run`."""
