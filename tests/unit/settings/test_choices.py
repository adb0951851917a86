# SPDX-License-Identifier: Apache-2.0
"""Words and lists of the variables that have both."""

import pytest

from otel_distro.settings.casts import PartlyRefused
from otel_distro.settings.choices import INSTRUMENTATOR, legacy_http_names, levels


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("false", ()),
        ("0", ()),
        ("true", ("method", "endpoint", "status_code")),
        ("Prometheus-FastAPI-Instrumentator", (INSTRUMENTATOR,)),
        ("method, endpoint ,status", ("method", "endpoint", "status")),
    ],
)
def test_the_older_names_are_switched_and_labelled_by_one_variable(text, value):
    assert legacy_http_names(text) == value


def test_a_label_that_we_have_no_value_for_is_named():
    with pytest.raises(PartlyRefused, match="'team' is none of them") as refused:
        legacy_http_names("method,team")
    assert refused.value.usable == ("method",)
    with pytest.raises(ValueError, match="prometheus-fastapi-instrumentator"):
        legacy_http_names("instrumentator")


def test_levels_are_pairs_of_logger_and_level():
    assert levels("aiokafka=warning, app.db=10,") == {"aiokafka": "WARNING", "app.db": "DEBUG"}


@pytest.mark.parametrize("wrong", ["app", "app=LOUD", "=INFO", "app:INFO"])
def test_a_pair_that_is_none_is_named_and_the_others_hold(wrong):
    with pytest.raises(PartlyRefused, match=f"but '{wrong}' is none") as refused:
        levels(f"{wrong},db=ERROR")
    assert refused.value.usable == {"db": "ERROR"}
    with pytest.raises(ValueError, match="logger=level pairs"):
        levels(wrong)
