# SPDX-License-Identifier: Apache-2.0
"""Log lines in the shapes that other programs write, and what a Grafana user expects of each once it is stored.

`SHAPES[name] = (kind, lines, expectations)`; kind: pod (a container's lines), raw (with the runtime's envelope), docker, file.
Expectations: n rows, level, time (event | runtime), trace (trace_id), body (the row's line), has (metadata keys), svc (service_name).
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

NOW = time.time()
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "b7ad6b7169203331"
T = NOW - 60  # the event happened a minute before the runtime wrote it: tells event time from runtime and arrival time


def iso(t: float = T, zone: timezone = timezone.utc, sep: str = "T", frac: int = 6, tail: str | None = None) -> str:
    d = datetime.fromtimestamp(t, tz=zone)
    s = d.strftime(f"%Y-%m-%d{sep}%H:%M:%S") + ("" if not frac else f".{d.microsecond:06d}"[: frac + 1])
    return s + (
        tail
        if tail is not None
        else ("Z" if zone is timezone.utc else d.strftime("%z")[:3] + ":" + d.strftime("%z")[3:])
    )


def J(**kw: Any) -> str:  # noqa: N802 -- short, as there are a hundred of them
    return json.dumps(kw, ensure_ascii=False)


def D(d: Any) -> str:  # noqa: N802 -- as J, for keys that are no names
    return json.dumps(d, ensure_ascii=False)


SHAPES: dict[str, tuple[str, tuple[str | bytes, ...], dict[str, Any]]] = {}


def case(name: str, *lines: str | bytes, kind: str = "pod", **expect: Any) -> None:
    SHAPES[name] = (kind, lines, expect)


E = {"level": "error", "time": "event"}
# --- Python loggers
case(
    "python-json-logger",
    J(asctime=iso(sep=" ", frac=3, tail="").replace(".", ","), levelname="ERROR", name="shop", message="boom"),
    level="error",
    body="boom",
)
case("python-json-logger-iso", J(timestamp=iso(), levelname="ERROR", name="shop", message="boom"), **E, body="boom")
case(
    "loguru-serialize",
    D(
        {
            "text": "boom\n",
            "record": {
                "level": {"icon": "x", "name": "ERROR", "no": 40},
                "message": "boom",
                "time": {"repr": iso(), "timestamp": T},
                "extra": {"user_id": "u"},
            },
        }
    ),
    level="error",
    body="boom",
)
case("structlog-no-ts", J(event="boom", level="error"), level="error", body="boom")
case("stdlib-plain", f"{iso(sep=' ', frac=3, tail='').replace('.', ',')} ERROR shop.cart boom", level="error")
case("uvicorn-plain", "ERROR:    Exception in ASGI application", level="error")
# --- Node
case(
    "pino",
    J(level=50, time=int(T * 1000), pid=1, hostname="h", msg="boom", traceId=TRACE),
    **E,
    body="boom",
    trace=TRACE,
)
case(
    "pino-isotime",
    J(level="error", time=iso(frac=3), service="frontend", message="boom", trace_id=TRACE),
    **E,
    body="boom",
    trace=TRACE,
    svc="frontend",
)
case(
    "winston",
    J(level="error", message="boom", timestamp=iso(frac=3), trace_id=TRACE, span_id=SPAN, trace_flags="01"),
    **E,
    body="boom",
    trace=TRACE,
)
case(
    "winston-local-ts",
    J(level="warn", message="boom", timestamp=iso(sep=" ", frac=0, tail="")),
    level="warning",
    body="boom",
)
# --- Go
case(
    "zap",
    J(level="error", ts=T, caller="a/b.go:12", msg="boom", stacktrace="main.main\n\t/a/b.go:12", traceID=TRACE),
    **E,
    body="boom",
    trace=TRACE,
)
case(
    "zap-iso", J(level="dpanic", ts=iso(frac=3, tail="+0000"), msg="boom"), time="event", level="critical", body="boom"
)
case("zerolog-unix", J(level="error", time=int(T), message="boom"), **E, body="boom")
case("zerolog-unixms", J(level="error", time=int(T * 1e3), message="boom"), **E, body="boom")
case("zerolog-unixns", J(level="error", time=int(T * 1e9), message="boom"), **E, body="boom")
case(
    "logrus",
    J(level="warning", time=iso(frac=0, zone=timezone(timedelta(hours=2))), msg="boom"),
    time="event",
    level="warning",
    body="boom",
)
case("slog", J(time=iso(frac=6), level="ERROR", msg="boom", trace_id=TRACE), **E, body="boom", trace=TRACE)
case("slog-offset", J(time=iso(), level="INFO+2", msg="boom"), level="info", body="boom")
case("klog-json", J(ts=T * 1000, caller="x.go:1", msg="boom", v=0, err="failed"), body="boom")
case("logfmt", f'time="{iso()}" level=error msg="boom boom" trace_id={TRACE}', level="error")
# --- Java/.NET/Rust/Ruby/PHP
case(
    "logstash-encoder",
    D(
        {
            "@timestamp": iso(frac=3),
            "@version": "1",
            "message": "boom",
            "logger_name": "a.B",
            "thread_name": "main",
            "level": "ERROR",
            "level_value": 40000,
            "traceId": TRACE,
            "spanId": SPAN,
        }
    ),
    **E,
    body="boom",
    trace=TRACE,
)
case(
    "ecs",
    D(
        {
            "@timestamp": iso(frac=3),
            "log.level": "ERROR",
            "message": "boom",
            "ecs.version": "1.2.0",
            "service.name": "cart",
            "trace.id": TRACE,
            "span.id": SPAN,
        }
    ),
    **E,
    body="boom",
    trace=TRACE,
    svc="cart",
)
case(
    "serilog-clef",
    D({"@t": iso(), "@mt": "User {Id} boom", "@m": "User 5 boom", "@l": "Error", "@tr": TRACE, "@sp": SPAN}),
    **E,
    trace=TRACE,
)
case(
    "aspnet-json",
    D(
        {
            "Timestamp": iso(frac=3),
            "EventId": 1,
            "LogLevel": "Error",
            "Category": "A",
            "Message": "boom",
            "State": {"a": 1},
        }
    ),
    **E,
    body="boom",
)
case("tracing-flat", D({"timestamp": iso(), "level": "ERROR", "message": "boom", "target": "a::b"}), **E, body="boom")
case(
    "gcp-severity",
    D(
        {
            "severity": "ERROR",
            "time": iso(),
            "message": "boom",
            "logging.googleapis.com/trace": f"projects/p/traces/{TRACE}",
        }
    ),
    **E,
    body="boom",
)
case(
    "datadog",
    D(
        {
            "timestamp": iso(),
            "level": "error",
            "message": "boom",
            "dd.trace_id": "1234567890123456789",
            "dd.service": "x",
        }
    ),
    **E,
    body="boom",
)
# --- proxies
case(
    "nginx-combined",
    f'10.1.2.3 - - [{datetime.fromtimestamp(T, tz=timezone.utc):%d/%b/%Y:%H:%M:%S +0000}] "GET /error/info HTTP/1.1" 200 12 "-" "curl/8"',
)
case(
    "envoy-json",
    D(
        {
            "start_time": iso(frac=3),
            "method": "GET",
            "path": "/x",
            "response_code": 503,
            "duration": 12,
            "x_request_id": "r",
            "service": "outbound|80||cart",
        }
    ),
)
case(
    "traefik-json",
    D(
        {
            "ClientAddr": "1.2.3.4:5",
            "DownstreamStatus": 200,
            "RequestPath": "/",
            "level": "info",
            "msg": "",
            "time": iso(frac=0),
        }
    ),
    level="info",
    time="event",
)
# --- trace ids in other spellings
case(
    "trace-dashed-uuid",
    J(timestamp=iso(), level="info", message="m", trace_id="4bf92f35-77b3-4da6-a3ce-929d0e0e4736"),
    has=["trace_id"],
)
case("trace-upper", J(timestamp=iso(), level="info", message="m", trace_id=TRACE.upper()), has=["trace_id"])
case("trace-int", J(timestamp=iso(), level="info", message="m", trace_id=1234567890), has=["trace_id"])
case("trace-free", J(timestamp=iso(), level="info", message="m", trace_id="req-12"), has=["trace_id"])
case("trace-bad-span", J(timestamp=iso(), level="info", message="m", trace_id=TRACE, span_id="0"), trace=TRACE)
case("span-without-trace", J(timestamp=iso(), level="info", message="m", span_id=SPAN), has=["span_id"])
# --- timestamps
case(
    "ts-offset-colon",
    J(timestamp=iso(zone=timezone(timedelta(hours=5, minutes=30))), level="info", message="m"),
    time="event",
)
case("ts-offset-nocolon", J(timestamp=iso(tail="+0000"), level="info", message="m"), time="event")
case("ts-space", J(timestamp=iso(sep=" "), level="info", message="m"), time="event")
case("ts-comma", J(timestamp=iso(frac=3).replace(".", ","), level="info", message="m"), time="event")
case("ts-epoch-float", J(timestamp=round(T, 6), level="info", message="m"), time="event")
case("ts-epoch-ms", J(timestamp=int(T * 1e3), level="info", message="m"), time="event")
case("ts-epoch-ms-text", J(timestamp=str(int(T * 1e3)), level="info", message="m"), time="event")
case("ts-garbage", J(timestamp="yesterday", level="info", message="m"), time="runtime", has=["timestamp"])
# --- levels
case("level-key-severity", J(timestamp=iso(), severity="ERROR", message="m"), level="error")
case("level-key-lvl", J(timestamp=iso(), lvl="error", message="m"), level="error")
# --- multi-line
case(
    "java-trace",
    *[
        f"{iso(sep=' ', frac=3, tail='')} ERROR 1 --- [main] a.b.C : boom",
        "java.lang.IllegalStateException: outer",
        "\tat a.b.C.run(C.java:10)",
        "\tat a.b.C.main(C.java:5)",
        "Caused by: java.io.IOException: inner",
        "\tat a.b.D.read(D.java:7)",
        "\t... 2 more",
        f"{iso(sep=' ', frac=3, tail='')} INFO 1 --- [main] a.b.C : after",
    ],
    n=3,
)
case(
    "java-uncaught",
    *[
        'Exception in thread "main" java.lang.RuntimeException: boom',
        "\tat a.B.main(B.java:3)",
        "Caused by: java.io.IOException: inner",
        "\t... 1 more",
    ],
    n=1,
)
case(
    "go-panic-http",
    *[
        "http: panic serving 10.0.0.1:1234: boom",
        "goroutine 33 [running]:",
        "net/http.(*conn).serve.func1()",
        "\t/usr/local/go/src/net/http/server.go:1898 +0xbe",
        "created by net/http.(*Server).Serve in goroutine 1",
        "\t/usr/local/go/src/net/http/server.go:3285 +0x4b4",
    ],
    n=1,
)
case(
    "node-trace",
    *[
        "TypeError: Cannot read properties of undefined (reading 'x')",
        "    at handler (/app/index.js:10:5)",
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {",
        "  code: 'E_X'",
        "}",
        "after",
    ],
    n=2,
)
case(
    "dotnet-trace",
    *[
        "fail: Microsoft.AspNetCore.Server.Kestrel[13]",
        '      Connection id "X": An unhandled exception was thrown by the application.',
        "      System.InvalidOperationException: boom",
        "         at Program.<>c.<Main>b__0() in /app/Program.cs:line 9",
    ],
    n=1,
)
case(
    "rust-panic",
    *[
        "thread 'main' panicked at src/main.rs:2:5:",
        "boom",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
    ],
)
case(
    "php-trace",
    *[
        "PHP Fatal error:  Uncaught Exception: boom in /app/a.php:3",
        "Stack trace:",
        "#0 /app/a.php(7): f()",
        "#1 {main}",
        "  thrown in /app/a.php on line 3",
    ],
    n=1,
)
case(
    "python-chained",
    *[
        "Traceback (most recent call last):",
        '  File "a.py", line 2, in f',
        "    1/0",
        "ZeroDivisionError: division by zero",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        '  File "a.py", line 4, in g',
        "    raise MyFault('x')",
        "shop.errors.MyFault: x",
        "after",
    ],
    n=2,
)
case(
    "python-logged-exc",
    f"{iso(sep=' ', frac=3, tail='').replace('.', ',')} ERROR shop failed",
    "Traceback (most recent call last):",
    '  File "a.py", line 2, in f',
    "    1/0",
    "ZeroDivisionError: division by zero",
    "after",
    n=3,
)
case("pretty-json", *json.dumps({"level": "info", "message": "pretty", "a": {"b": 1}}, indent=2).split("\n"), n=1)
case("indented-json-lines", *[" " + J(timestamp=iso(), level="info", message=f"m{i}") for i in range(4)], n=4)
# --- bytes
case("crlf-json", (J(timestamp=iso(), level="info", message="m") + "\r").encode(), level="info", body="m")
case("bom-json", b"\xef\xbb\xbf" + J(timestamp=iso(), level="info", message="m").encode(), level="info", body="m")
case("nul-bytes", b"before\x00\x00after", n=1)
case("utf16", "hello utf16".encode("utf-16-le"), n=1)
case("latin1", "caf\u00e9".encode("latin-1"), n=1)
case("ansi-json", "\x1b[0m" + J(timestamp=iso(), level="error", message="m"), level="error")
case("emoji", J(timestamp=iso(), level="info", message="\U0001f600 ok \u202e"), body="\U0001f600 ok \u202e")
case("cr-progress", b"10%\r20%\r100% done", n=1)
# --- JSON oddities
case("json-array", "[1,2,3]", body="[1,2,3]")
case("json-prefixed", "app-1  | " + J(timestamp=iso(), level="error", message="m"), n=1)
case(
    "json-two-in-one",
    J(timestamp=iso(), level="info", message="a") + J(timestamp=iso(), level="info", message="b"),
    n=1,
)
case(
    "json-dots",
    D(
        {
            "timestamp": iso(),
            "level": "info",
            "message": "m",
            "http.request.method": "GET",
            "a.b": 1,
            "a_b": 2,
            "a": {"b": 3},
        }
    ),
    body="m",
)
case(
    "json-arrays",
    D({"timestamp": iso(), "level": "info", "message": "m", "tags": ["a", "b"], "rows": [{"x": 1}]}),
    has=["tags", "rows"],
)
case(
    "json-deep",
    D({"timestamp": iso(), "level": "info", "message": "m", "d": {"d": {"d": {"d": {"d": {"d": {"d": {"d": 1}}}}}}}}),
    body="m",
)
case("json-msg-object", D({"timestamp": iso(), "level": "info", "message": {"a": 1, "text": "x"}}), n=1)
case("json-msg-empty", D({"timestamp": iso(), "level": "info", "message": ""}), n=1)
case("json-msg-null", D({"timestamp": iso(), "level": "info", "message": None}), n=1)
case("json-empty-object", "{}", n=1)
case("json-bigint", f'{{"timestamp":"{iso()}","level":"info","message":"m","id":12345678901234567890,"f":1e400}}', n=1)
case(
    "json-service-object",
    D({"timestamp": iso(), "level": "info", "message": "m", "service": {"name": "cart", "id": 5}}),
    svc="cart",
)
case("json-service-number", D({"timestamp": iso(), "level": "info", "message": "m", "service": 17}), n=1)
case(
    "json-env-object",
    D({"timestamp": iso(), "level": "info", "message": "m", "environment": {"a": 1, "b": "2"}, "version": 2}),
    n=1,
)
case("json-otlp-text", D({"timestamp": iso(), "level": "info", "message": "m", "otlp": "true"}), n=1)
case(
    "json-colliding-labels",
    D(
        {
            "timestamp": iso(),
            "level": "info",
            "message": "m",
            "pod": "p",
            "namespace": "other",
            "k8s.namespace.name": "evil",
            "service.name": "evil",
        }
    ),
    n=1,
)
case("long-128k", J(timestamp=iso(), level="error", message="x" * 200_000, user_id="u"), level="error", has=["user_id"])
case("key-long", D({"timestamp": iso(), "level": "info", "message": "m", "k" * 2000: 1}), n=1)
case(
    "key-odd",
    D({"timestamp": iso(), "level": "info", "message": "m", "": 1, "ключ": 2, "a b": 3, "9x": 4, "__x__": 5}),
    n=1,
)

case("json-service-long", D({"timestamp": iso(), "level": "info", "message": "m", "service": "s" * 3000}), n=1)


# --- envelopes (raw lines, not wrapped)
def crit(line: str, t: float = NOW, stream: str = "stdout", tag: str = "F") -> str:
    return f"{iso(t, frac=6, tail='123Z')} {stream} {tag} {line}"


case(
    "cri-partial-interleaved",
    crit("out1 ", tag="P"),
    crit("err whole", stream="stderr"),
    crit("out2"),
    kind="raw",
    n=2,
    body="out1 out2",
)
case(
    "cri-partial-both",
    crit("o1 ", tag="P"),
    crit("e1 ", stream="stderr", tag="P"),
    crit("o2"),
    crit("e2", stream="stderr"),
    kind="raw",
    n=2,
)
case(
    "cri-offset",
    iso(NOW, zone=timezone(timedelta(hours=2)), frac=6, tail="123+02:00") + " stdout F crio line",
    kind="raw",
    n=1,
    body="crio line",
    time="runtime",
)
case("cri-tab-tag", iso(NOW, tail="Z") + " stdout F:x tagged", kind="raw", n=1)
case(
    "docker",
    J(log=J(timestamp=iso(), level="error", message="boom", trace_id=TRACE) + "\n", stream="stdout", time=iso(NOW)),
    kind="docker",
    **E,
    body="boom",
    trace=TRACE,
)
case("docker-attrs", J(log="plain\n", stream="stderr", attrs={"tag": "x"}, time=iso(NOW)), kind="docker", body="plain")
case("docker-truncated", '{"log":"half', kind="docker", n=1)
# --- plain files
case("file-json", J(timestamp=iso(), level="error", message="boom"), kind="file", **E, body="boom")
case("file-no-newline", kind="file-nonl", n=1)
case("file-empty", kind="file", n=0)


# --- found since
case(
    "json-nan",
    f'{{"timestamp":"{iso()}","level":"error","message":"m","loss":NaN,"low":-Infinity}}',
    level="error",
    body="m",
    time="event",
    has=["loss", "low"],
)
case("json-text-after", J(timestamp=iso(), level="info", message="a") + " and more", n=1, has=["original_line"])
case("traceparent", J(timestamp=iso(), level="info", message="m", traceparent=f"00-{TRACE}-{SPAN}-01"), trace=TRACE)
case("otel-logging", J(timestamp=iso(), level="info", message="m", otelTraceID=TRACE, otelSpanID=SPAN), trace=TRACE)
case("syslog-number", J(timestamp=iso(), level=3, message="m"), level="error")
case(
    "monolog",
    D({"message": "boom", "context": {}, "level": 400, "level_name": "ERROR", "channel": "app", "datetime": iso()}),
    level="error",
    body="boom",
    time="event",
)
case("severe", J(timestamp=iso(), level="SEVERE", message="m"), level="error")
case("panic-level", J(timestamp=iso(), level="panic", message="m"), level="critical")
case("go-panic", "panic: boom", "goroutine 1 [running]:", "main.main()", "\t/src/main.go:4 +0x1", "exit status 2", n=1)
case(
    "httpx-timeout",
    "Traceback (most recent call last):",
    '  File "a.py", line 2, in f',
    "httpx.ConnectTimeout: timed out",
    n=1,
)
case("uptime-is-no-time", J(time=12, level="info", message="m"), time="runtime", has=["timestamp"])
case(
    "label-explosion",
    D({"timestamp": iso(), "level": "info", "message": "m", "environment": {f"K{i}": "v" for i in range(20)}}),
    n=1,
    body="m",
)
