# SPDX-License-Identifier: Apache-2.0
"""The decisions of the SDK's own samplers without their intermediate objects.

Parent-based, ratio and constant samplers look only at the parent's context and the trace id, so their decision is a
function of those two. Any other sampler is asked as the specification says.

Where callers are not to decide (`OTEL_DISTRO_TRUST_INCOMING`), a ratio looks at a mix of the whole trace id in place of its
low half, which a stranger can set to zero, and a caller's "sampled" is followed as far as the ratio goes: services of one
ratio still agree, and nobody has more kept than that. A caller's "not sampled" is always followed.
"""

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, StaticSampler, TraceIdRatioBased
from opentelemetry.trace import SpanContext

from otel_distro.upstream.tracing import PARENT_BASED_SAMPLERS, STATIC_SAMPLERS, delegates_of, static_decision

Decide = Callable[[SpanContext | None, int], Decision]

_HALF = (1 << 64) - 1
# Odd, without a pattern in their bits: the fractional parts of the golden ratio and of the square root of two.
_FIRST, _SECOND = 0x9E3779B97F4A7C15F39CC0605CEDC835, 0x6A09E667F3BCC909


def shortcut(sampler: Sampler, *, follows_callers: bool = True) -> Decide | None:
    """Return the decision of one of the SDK's samplers as a function of parent and trace id, else None.

    The parent, if there is one, is valid. Subclasses of others are not ours to second-guess.
    """
    if isinstance(sampler, StaticSampler) and type(sampler) in STATIC_SAMPLERS:
        return _static(static_decision(sampler))
    if type(sampler) is TraceIdRatioBased:
        return _ratio(sampler) if follows_callers else _ratio_of_mixed(sampler)
    if isinstance(sampler, ParentBased) and type(sampler) in PARENT_BASED_SAMPLERS:
        return _parent_based(sampler, follows_callers=follows_callers)
    return None


def _static(decision: Decision) -> Decide:
    return lambda _parent, _trace_id: decision


def _ratio(sampler: TraceIdRatioBased) -> Decide:
    bound, limit = sampler.bound, sampler.TRACE_ID_LIMIT
    return lambda _, trace_id: Decision.RECORD_AND_SAMPLE if trace_id & limit < bound else Decision.DROP


def mixed(trace_id: int) -> int:
    """Return 64 bits that depend on all of a trace id. Who reads this can find ids for them; nobody meets one by zeros."""
    half = (trace_id * _FIRST >> 64) & _HALF
    return ((half ^ half >> 32) * _SECOND) & _HALF


def _ratio_of_mixed(sampler: TraceIdRatioBased) -> Decide:
    bound = sampler.bound
    return lambda _, trace_id: Decision.RECORD_AND_SAMPLE if mixed(trace_id) < bound else Decision.DROP


def _parent_based(sampler: ParentBased, *, follows_callers: bool) -> Decide | None:
    short = [shortcut(delegate, follows_callers=follows_callers) for delegate in delegates_of(sampler)]
    delegates = [found for found in short if found is not None]
    if len(delegates) < 5:
        return None
    if not follows_callers and type(delegates_of(sampler)[0]) is TraceIdRatioBased:
        delegates[1] = delegates[0]  # of a caller that says "sampled"
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
        _, _, is_remote, flags, _, _ = parent  # the tuple that a SpanContext is: its properties would be a call each
        if is_remote:
            return remote_sampled if flags & 1 else remote_not
        return local_sampled if flags & 1 else local_not

    return decide


def samples_without_name(tracer: Any) -> bool:
    """Whether a tracer's sampler decides by parent and trace id alone, so that the name may follow later."""
    sampler = getattr(tracer, "sampler", None)
    return sampler is None or shortcut(sampler) is not None
