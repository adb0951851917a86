# SPDX-License-Identifier: Apache-2.0
"""The one test bed: programs, services, servers, proxies, certificates, and ways to wait for them; see README.md."""
