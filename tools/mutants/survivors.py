# SPDX-License-Identifier: Apache-2.0
"""Mutants that once survived every test, each with the test that has killed it since."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One change of one file; `before` occurs there once."""

    file: str
    before: str
    after: str
    test: str


SURVIVORS = (
    Mutant("tracing/pipeline.py", "if flags & 1:", "if flags | 1:", "tracing/test_adopt.py"),
    Mutant(
        "http/propagation.py",
        ' and sum(name == b"traceparent" for name, _ in headers) > 1:',
        ":",
        "http/test_correlation.py",
    ),
    Mutant(
        "http/client/headers.py",
        "            headers.setdefault(name, value)",
        "            pass",
        "http/test_client.py",
    ),
    Mutant("logs/stdout.py", "if ready and os.write(fd, line) == len(line):", "if ready:", "logs/test_stdout.py"),
    Mutant(
        "otlp/sender.py", 'message or "no reason given"', 'message and "no reason given"', "otlp/test_bad_collector.py"
    ),
    Mutant("otlp/sender.py", "if count or message:", "if count and message:", "otlp/test_bad_collector.py"),
    Mutant(
        "otlp/response.py",
        "isinstance(value, int) and value < 2**63",
        "isinstance(value, int) or value < 2**63",
        "otlp/test_bad_collector.py",
    ),
    Mutant("otlp/response.py", "if byte < 128:", "if byte <= 128:", "otlp/test_bad_collector.py"),
    Mutant(
        "otlp/encode_common.py",
        '        fault("attribute value", exc)\n',
        "        del exc\n",
        "otlp/test_encode_attributes.py",
    ),
    Mutant(
        "metrics/families.py",
        "if one is None or (other.timestamp or 0.0) > (one.timestamp or 0.0) else one",
        "if one is None else one",
        "metrics/test_merge.py",
    ),
    Mutant(
        "metrics/segment.py",
        "        except OSError:\n            os.close(fd)\n            raise\n",
        "        except OSError:\n            raise\n",
        "metrics/test_segment.py",
    ),
    Mutant(
        "metrics/cells.py",
        "            with self._lock:\n                words[first + self._sum_after]",
        "            if True:\n                words[first + self._sum_after]",
        "metrics/test_series.py",
    ),
    Mutant(
        "metrics/process.py",
        "(int(fields[_UTIME]) + int(fields[_STIME]))",
        "(int(fields[_UTIME]) - int(fields[_STIME]) - 3e4)",
        "metrics/test_origins.py",
    ),
    Mutant("metrics/process.py", " * float(resource.getpagesize())", " * 1.0", "metrics/test_origins.py"),
    Mutant("admin/http.py", "if not colon or name != name.strip():", "if not colon:", "admin/test_port.py"),
    Mutant(
        "workers/wire.py", "kind not in _KINDS or policy not in _POLICIES or ", "", "admin/test_registration_hostile.py"
    ),
    Mutant("otlp/sender.py", "2.0 ** min(batch.attempts - 1, 10)", "2.0 ** 0", "otlp/test_bad_collector.py"),
    Mutant("otlp/sender.py", "random.uniform(0.8, 1.2)", "random.uniform(1.0, 1.0)", "otlp/test_bad_collector.py"),
    Mutant("workers/loop.py", "with suppress(OSError):", "with suppress(BlockingIOError):", "workers/test_loop.py"),
)
