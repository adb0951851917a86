// SPDX-License-Identifier: Apache-2.0
//! Log lines that keep the contract, and the ids of a request: what a service in Rust copies.

pub mod contract;
pub mod ids;

use opentelemetry::trace::TracerProvider as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{fmt, EnvFilter, Layer as _};

/// Build what `tracing` writes to: lines of the contract on the writer, spans with OpenTelemetry's ids.
pub fn subscriber<W>(service: &str, provider: &opentelemetry_sdk::trace::SdkTracerProvider, writer: W) -> impl tracing::Subscriber
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let level = EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer()
        .with_writer(writer)
        .event_format(contract::Contract { service: service.into() });
    tracing_subscriber::registry()
        .with(contract::SpanFields)
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("rust-worker")))
        .with(lines.with_filter(level))
}
