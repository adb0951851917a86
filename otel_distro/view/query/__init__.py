# SPDX-License-Identifier: Apache-2.0
"""Ask the store. The page, the command line and agents use the same questions."""
