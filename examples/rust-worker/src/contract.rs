// SPDX-License-Identifier: Apache-2.0
//! One JSON object per line, as docs/logging.md has it: a formatter for `tracing_subscriber::fmt`, and a layer that keeps
//! the fields of spans, which stand on every line inside them.

use std::fmt::{Debug, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// What the contract writes itself: an application's field of such a name is kept as `name_`.
const OURS: [&str; 7] = ["timestamp", "level", "service", "logger", "message", "trace_id", "span_id"];
/// A field whose name ends like this is a secret.
const SECRETS: [&str; 6] = ["password", "secret", "token", "authorization", "api_key", "cookie"];

#[derive(Default, Clone)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}").into());
    }
    fn record_error(&mut self, _: &Field, error: &(dyn std::error::Error + 'static)) {
        let causes: Vec<String> = std::iter::successors(Some(error), |each| each.source())
            .map(|each| each.to_string())
            .collect();
        self.0.insert("error".into(), causes.join(": ").into());
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        let mut name = snake_case(field.name());
        if OURS.contains(&name.as_str()) && field.name() != "message" {
            name.push('_');
        }
        let secret = SECRETS.iter().any(|each| name.ends_with(each));
        self.0.insert(name, if secret { "[REDACTED]".into() } else { value });
    }
}

fn snake_case(name: &str) -> String {
    let mut found = String::with_capacity(name.len() + 2);
    for sign in name.chars() {
        if sign.is_ascii_uppercase() && !found.is_empty() && !found.ends_with('_') {
            found.push('_');
        }
        found.push(if sign.is_ascii_alphanumeric() {
            sign.to_ascii_lowercase()
        } else {
            '_'
        });
    }
    if found.starts_with(|sign: char| sign.is_ascii_digit()) {
        found.insert(0, '_');
    }
    found
}

/// Keeps the fields of spans for the lines inside them.
pub struct SpanFields;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanFields {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }
    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
                values.record(fields);
            }
        }
    }
}

/// Writes the lines of one service.
pub struct Contract {
    pub service: String,
}

impl<S, N> FormatEvent<S, N> for Contract
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        let mut own = Fields::default();
        event.record(&mut own);
        let mut line = Map::new();
        line.insert("timestamp".into(), timestamp().into());
        line.insert("level".into(), level(event.metadata().level()).into());
        line.insert("service".into(), self.service.clone().into());
        line.insert("logger".into(), event.metadata().target().replace("::", ".").into());
        line.insert("message".into(), own.0.remove("message").unwrap_or_else(|| "".into()));
        // tracing-opentelemetry makes a span's context current while it is entered.
        let current = opentelemetry::Context::current();
        let span = current.span().span_context().clone();
        if span.is_valid() {
            line.insert("trace_id".into(), span.trace_id().to_string().into());
            line.insert("span_id".into(), span.span_id().to_string().into());
        }
        for each in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = each.extensions().get::<Fields>() {
                line.extend(fields.0.clone());
            }
        }
        line.extend(own.0);
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn level(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        _ => "debug",
    }
}

/// ISO 8601 in UTC with microseconds; days to dates: <https://howardhinnant.github.io/date_algorithms.html>
fn timestamp() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = ((now.as_secs() / 86_400) as i64, now.as_secs() % 86_400);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let mut text = format!("{year:04}-{month:02}-{day:02}T");
    let _ = write!(
        text,
        "{:02}:{:02}:{:02}.{:06}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        now.subsec_micros()
    );
    text
}
