# SPDX-License-Identifier: Apache-2.0
"""Two viewers that start at the same moment never share a port."""

from otel_distro.view.serve import _listen


def test_a_port_is_anothers_from_the_moment_that_it_is_bound():
    with _listen(0) as first:
        port = first.getsockname()[1]
        assert _listen(port) is None
    with _listen(port) as again:
        assert again.getsockname()[1] == port
