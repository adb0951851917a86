# SPDX-License-Identifier: Apache-2.0
"""The decisions of the SDK's own samplers without their intermediate objects.

Parent-based, ratio and constant samplers look only at the parent's context and the trace id, so their decision is a
function of those two. Any other sampler is asked as the specification says.
"""

from collections.abc import Callable

from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, StaticSampler, TraceIdRatioBased
from opentelemetry.trace import SpanContext

from otel_distro.upstream.tracing import PARENT_BASED_SAMPLERS, STATIC_SAMPLERS, delegates_of, static_decision

Decide = Callable[[SpanContext | None, int], Decision]


def shortcut(sampler: Sampler) -> Decide | None:
    """Return the decision of one of the SDK's samplers as a function of parent and trace id, else None.

    The parent, if there is one, is valid. Subclasses of others are not ours to second-guess.
    """
    if isinstance(sampler, StaticSampler) and type(sampler) in STATIC_SAMPLERS:
        return _static(static_decision(sampler))
    if type(sampler) is TraceIdRatioBased:
        return _ratio(sampler)
    if isinstance(sampler, ParentBased) and type(sampler) in PARENT_BASED_SAMPLERS:
        return _parent_based(sampler)
    return None


def _static(decision: Decision) -> Decide:
    return lambda _parent, _trace_id: decision


def _ratio(sampler: TraceIdRatioBased) -> Decide:
    bound, limit = sampler.bound, sampler.TRACE_ID_LIMIT
    return lambda _, trace_id: Decision.RECORD_AND_SAMPLE if trace_id & limit < bound else Decision.DROP


def _parent_based(sampler: ParentBased) -> Decide | None:
    delegates = [found for delegate in delegates_of(sampler) if (found := shortcut(delegate)) is not None]
    if len(delegates) < 5:
        return None
    if all(isinstance(delegate, StaticSampler) for delegate in delegates_of(sampler)):
        return _by_parent(*(delegate(None, 0) for delegate in delegates))
    root, remote_sampled, remote_not_sampled, local_sampled, local_not_sampled = delegates

    def decide(parent: SpanContext | None, trace_id: int) -> Decision:
        if parent is None:
            delegate = root
        elif parent.is_remote:
            delegate = remote_sampled if parent.trace_flags & 1 else remote_not_sampled
        else:
            delegate = local_sampled if parent.trace_flags & 1 else local_not_sampled
        return delegate(parent, trace_id)

    return decide


def _by_parent(
    root: Decision, remote_sampled: Decision, remote_not: Decision, local_sampled: Decision, local_not: Decision
) -> Decide:
    """Return the decision where each is known: the default, `parentbased_always_on`, is of this kind."""

    def decide(parent: SpanContext | None, _trace_id: int) -> Decision:
        if parent is None:
            return root
        if parent.is_remote:
            return remote_sampled if parent.trace_flags & 1 else remote_not
        return local_sampled if parent.trace_flags & 1 else local_not

    return decide
