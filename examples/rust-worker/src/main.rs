// SPDX-License-Identifier: Apache-2.0
//! The inference service of `examples/chat`, in Rust: `POST /generate`, one span and one access event per request.

use std::time::Instant;

use opentelemetry::trace::TraceContextExt as _;
use rust_worker::ids::{id, parent, Headers};
use serde_json::{json, Value};
use tiny_http::{Header, Request, Response, Server};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

fn main() {
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let service = std::env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| "rust_worker".into());
    tracing::subscriber::set_global_default(rust_worker::subscriber(&service, &provider, std::io::stdout))
        .expect("the first one");
    let port = std::env::var("PORT").unwrap_or_else(|_| "8001".into());
    let server = Server::http(format!("127.0.0.1:{port}")).expect("a free port");
    tracing::info!(port, "listening");
    for request in server.incoming_requests() {
        serve(request);
    }
}

fn serve(mut request: Request) {
    let started = Instant::now();
    let headers: Headers = request
        .headers()
        .iter()
        .map(|each| (each.field.as_str().as_str().to_ascii_lowercase(), each.value.to_string()))
        .collect();
    let span = tracing::info_span!(
        "request",
        request_id = tracing::field::Empty,
        correlation_id = tracing::field::Empty
    );
    let _ = span.set_parent(parent(&headers));
    let _entered = span.enter();
    let trace_id = span.context().span().span_context().trace_id().to_string();
    let ids = ["x-request-id", "x-correlation-id"].map(|name| id(&headers, name, &trace_id));
    span.record("request_id", &ids[0]).record("correlation_id", &ids[1]);
    let (method, path) = (
        request.method().to_string(),
        request.url().split('?').next().unwrap_or_default().to_string(),
    );
    let client = request.remote_addr().map(|each| each.ip().to_string()).unwrap_or_default();
    let (status, body) = answer(&mut request, &method, &path);
    let mut response = Response::from_string(body.to_string()).with_status_code(status);
    let echoed = [
        ("content-type", "application/json"),
        ("x-trace-id", &trace_id),
        ("x-request-id", &ids[0]),
        ("x-correlation-id", &ids[1]),
    ];
    for (name, value) in echoed {
        response.add_header(Header::from_bytes(name, value).expect("harmless"));
    }
    let gone = request.respond(response).is_err();
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    // The level of an event is a constant to tracing: one event for each (docs/logging.md, "The access event").
    macro_rules! access {
        ($level:ident) => {
            tracing::event!(
                tracing::Level::$level,
                method,
                path,
                status_code = status,
                duration_ms,
                client,
                aborted = gone.then_some(true),
                "{method} {path} {status}"
            )
        };
    }
    match status {
        500.. => access!(ERROR),
        400.. => access!(WARN),
        _ if gone => access!(WARN),
        _ => access!(INFO),
    }
}

fn answer(request: &mut Request, method: &str, path: &str) -> (u16, Value) {
    if (method, path) != ("POST", "/generate") {
        return (404, json!({"detail": "Not Found"}));
    }
    match serde_json::from_reader::<_, Value>(request.as_reader()) {
        Ok(body) if body["prompt"].as_str().is_some_and(|prompt| !prompt.is_empty()) => {
            let prompt = body["prompt"].as_str().unwrap_or_default();
            tracing::info!(model = "parrot-2", promptLength = prompt.len() as u64, "answer generated");
            (200, json!({"text": format!("You said: {prompt}")}))
        }
        Ok(_) => (422, json!({"detail": "The prompt is empty."})),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "no JSON");
            (422, json!({"detail": "That is no JSON."}))
        }
    }
}
