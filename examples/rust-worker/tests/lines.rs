// SPDX-License-Identifier: Apache-2.0
//! What the lines look like; that they keep the contract is checked by its schema (tests/adoption/test_languages.py).

use std::io::Write;
use std::sync::{Arc, Mutex};

use opentelemetry::trace::TraceContextExt as _;
use rust_worker::ids::{harmless, id, parent, Headers};
use serde_json::Value;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn lines(work: impl FnOnce()) -> Vec<Value> {
    let kept = Kept::default();
    let writer = kept.clone();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    tracing::subscriber::with_default(rust_worker::subscriber("unit", &provider, move || writer.clone()), work);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_has_what_every_line_has() {
    let found = lines(|| tracing::warn!(target: "shop::orders", orderId = 7, "paid"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["level"], "warning");
    assert_eq!(found[0]["service"], "unit");
    assert_eq!(found[0]["logger"], "shop.orders");
    assert_eq!(found[0]["message"], "paid");
    assert_eq!(found[0]["order_id"], 7);
    assert_eq!(
        found[0]["timestamp"].as_str().unwrap().len(),
        "2026-12-01T00:00:00.000000Z".len()
    );
    assert!(found[0].get("trace_id").is_none());
}

#[test]
fn names_of_the_contract_and_secrets_are_kept_apart() {
    let found = lines(|| tracing::info!(level = "mine", service = "mine", api_key = "k-123", userPassword = "p"));
    assert_eq!(found[0]["level"], "info");
    assert_eq!(found[0]["level_"], "mine");
    assert_eq!(found[0]["service_"], "mine");
    assert_eq!(found[0]["message"], "");
    assert_eq!(
        (&found[0]["api_key"], &found[0]["user_password"]),
        (&"[REDACTED]".into(), &"[REDACTED]".into())
    );
}

#[test]
fn an_error_is_told_with_its_causes() {
    let error = std::io::Error::other("37".parse::<u8>().err().map_or("no cause", |_| "a cause"));
    let found = lines(|| tracing::error!(error = &error as &dyn std::error::Error, "failed"));
    assert_eq!(found[0]["error"], "no cause");
}

#[test]
fn lines_inside_a_span_have_its_ids_and_its_fields() {
    let headers: Headers = [(
        "traceparent".to_string(),
        format!("00-{}-{}-01", "5e".repeat(16), "b7".repeat(8)),
    )]
    .into();
    let found = lines(|| {
        let span = tracing::info_span!("request", request_id = "r-1");
        let _ = span.set_parent(parent(&headers));
        let _entered = span.enter();
        tracing::info!("inside");
        tracing::info_span!("deeper", correlation_id = "c-1").in_scope(|| tracing::debug!("not written"));
        tracing::info_span!("deeper", correlation_id = "c-1").in_scope(|| tracing::info!("deeper"));
    });
    assert_eq!(found.len(), 2);
    for line in &found {
        assert_eq!(line["trace_id"], "5e".repeat(16));
        assert_eq!(line["request_id"], "r-1");
    }
    assert_ne!(found[0]["span_id"], found[1]["span_id"]);
    assert_eq!(found[1]["correlation_id"], "c-1");
}

#[test]
fn a_trace_id_alone_is_taken_and_what_is_none_is_not() {
    let trace = |value: &str| {
        parent(&[("x-trace-id".to_string(), value.to_string())].into())
            .span()
            .span_context()
            .trace_id()
            .to_string()
    };
    assert_eq!(trace(&"5e".repeat(16)), "5e".repeat(16));
    for odd in ["front-1", "5e", &"0".repeat(32), ""] {
        assert_eq!(trace(odd), "0".repeat(32));
    }
}

#[test]
fn ids_from_outside_are_taken_if_they_are_harmless() {
    let headers: Headers = [
        ("x-request-id".to_string(), "rid-7".to_string()),
        ("x-correlation-id".to_string(), "a b".to_string()),
    ]
    .into();
    assert_eq!(id(&headers, "x-request-id", "t"), "rid-7");
    assert_eq!(id(&headers, "x-correlation-id", "t"), "t");
    assert_eq!(
        ["a", "order/7:a+b=c", "", "\u{1b}[31m"].map(harmless),
        [true, true, false, false]
    );
    assert!(!harmless(&"x".repeat(129)));
}
