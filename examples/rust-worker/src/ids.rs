// SPDX-License-Identifier: Apache-2.0
//! The ids of a request: read from its headers if they are harmless, else the trace id stands for them.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use opentelemetry::Context;
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// Headers by their lower-case name.
pub type Headers = HashMap<String, String>;

/// Whether an id from outside may be stored: at most 128 letters, digits and `._:/+=-`.
pub fn harmless(value: &str) -> bool {
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || "._:/+=-".contains(sign);
    !value.is_empty() && value.len() <= 128 && value.chars().all(allowed)
}

/// The caller's span: of `traceparent`, or of an `x-trace-id` alone.
pub fn parent(headers: &Headers) -> Context {
    let found = TraceContextPropagator::new().extract(headers);
    if found.span().span_context().is_valid() {
        return found;
    }
    match headers.get("x-trace-id").and_then(|value| TraceId::from_hex(value).ok()) {
        Some(trace) if trace != TraceId::INVALID && headers["x-trace-id"].len() == 32 => {
            // OpenTelemetry takes a trace id from a parent only: this one stands for a caller that has no span.
            let caller = SpanId::from_bytes(trace.to_bytes()[8..].try_into().unwrap_or([1; 8]));
            Context::new().with_remote_span_context(SpanContext::new(trace, caller, TraceFlags::SAMPLED, true, TraceState::NONE))
        }
        _ => Context::new(),
    }
}

/// The id of a header, or what stands in its place.
pub fn id(headers: &Headers, name: &str, otherwise: &str) -> String {
    headers
        .get(name)
        .filter(|value| harmless(value))
        .map_or_else(|| otherwise.to_string(), Clone::clone)
}
