# SPDX-License-Identifier: Apache-2.0
"""The type of a websocket, by its route; open ones are counted by real servers in tests/service."""

import pytest

from otel_distro.http.server.websockets import type_of


@pytest.mark.parametrize(
    ("route", "kind"),
    [
        ("/ws/audio/{room_code}", "audio"),
        ("/ws/captions/{room_code}/{language}", "captions"),
        ("/ws", "ws"),
        ("/ws/", "ws"),
        ("/rooms/{room}/live", "rooms"),
        ("/{room}", "other"),
        ("/", "other"),
        ("", "other"),
        (None, "other"),
        ("/ws/v{version}", "ws"),
    ],
)
def test_the_type_is_the_last_fixed_segment_before_the_parameters(route, kind):
    assert type_of(route) == kind
