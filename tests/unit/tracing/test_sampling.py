# SPDX-License-Identifier: Apache-2.0
"""The short way to a sampler's decision says what the sampler says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Decision,
    ParentBased,
    ParentBasedTraceIdRatio,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, set_span_in_context
from testbed.otlp_strategies import contexts

from otel_distro.tracing.sampling import mixed, shortcut
from otel_distro.upstream import load_entry_point

ratios = st.sampled_from([0.0, 0.25, 0.5, 1.0]).map(TraceIdRatioBased)
leaves = st.one_of(st.sampled_from([ALWAYS_ON, ALWAYS_OFF, DEFAULT_ON, DEFAULT_OFF]), ratios)
samplers = st.one_of(
    leaves,
    st.builds(ParentBased, leaves, leaves, leaves, leaves, leaves),
    st.sampled_from([0.0, 0.1, 1.0]).map(ParentBasedTraceIdRatio),
)


@settings(deadline=None, max_examples=200)
@given(sampler=samplers, parent=st.one_of(st.none(), contexts), new_id=st.integers(1, 2**128 - 1))
def test_the_decision_is_the_samplers(sampler, parent, new_id):
    decide = shortcut(sampler)
    assert decide is not None
    context = Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())
    trace_id = new_id if parent is None else parent.trace_id
    assert decide(parent, trace_id) is sampler.should_sample(context, trace_id, "name").decision


class Own(type(ALWAYS_OFF)):
    """A sampler of somebody else's, by whatever it decides."""


@pytest.mark.parametrize("sampler", [Own(Decision.DROP), ParentBased(Own(Decision.DROP))])
def test_other_samplers_are_asked(sampler):
    assert shortcut(sampler) is None


@pytest.mark.parametrize("name", ["always_on", "always_off", "parentbased_always_on", "parentbased_traceidratio"])
def test_the_samplers_that_the_environment_names_have_a_short_way(name):
    factory = load_entry_point("opentelemetry_traces_sampler", name)
    assert shortcut(factory(0.5)) is not None


def test_an_id_that_a_caller_has_chosen_is_mixed_over_all_of_the_range() -> None:
    values = [mixed(number << 64) for number in range(1, 4097)]
    assert len(set(values)) == 4096
    assert max(values) < 1 << 64
    decide = shortcut(TraceIdRatioBased(0.1), follows_callers=False)
    assert decide is not None
    sampled = [decide(None, number << 64) for number in range(1, 4097)].count(Decision.RECORD_AND_SAMPLE)
    assert 300 < sampled < 530  # a tenth of 4096, give or take six deviations
