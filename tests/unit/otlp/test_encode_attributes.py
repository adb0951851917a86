# SPDX-License-Identifier: Apache-2.0
import pytest

from otel_distro import diagnostics
from otel_distro.otlp.encode_attributes import AttributesEncoder
from otel_distro.otlp.encode_common import encode_pair, field

TAG = b"\x4a"


def remembered(encoder):
    return len(encoder._pairs)


def test_a_pair_that_comes_again_is_not_encoded_again():
    encoder = AttributesEncoder(TAG)
    first, second = encoder.encode({"http.request.method": "GET"}), encoder.encode({"http.request.method": "GET"})
    assert first == second == field(TAG, encode_pair("http.request.method", "GET"))
    assert remembered(encoder) == 1


def test_a_key_of_many_values_does_not_push_out_the_others():
    encoder = AttributesEncoder(TAG)
    for port in range(10_000):
        encoder.encode({"client.port": port})
    for status in (200, 404):
        encoder.encode({"http.response.status_code": status})
    assert remembered(encoder) == 64 + 2
    assert encoder.encode({"client.port": 9_999}) == field(TAG, encode_pair("client.port", 9_999))


def test_many_keys_do_not_grow_the_memory_without_bound():
    encoder = AttributesEncoder(TAG)
    for number in range(20_000):
        encoder.encode({f"key.{number}": "value"})
    assert 0 < remembered(encoder) <= 4096
    assert len(encoder._values_per_key) <= 4096


@pytest.mark.parametrize("number", [0.0, -0.0, 1.5, 1e308, float("inf"), float("nan")])
def test_a_number_behind_a_head_that_is_kept_is_what_it_is_by_itself(number):
    encoder = AttributesEncoder(TAG)
    encoder.encode({"duration_ms": 7.25, "ratio": 1.0})
    pairs = {"ratio": number, "duration_ms": number}
    assert encoder.encode(pairs) == b"".join(field(TAG, encode_pair(*pair)) for pair in pairs.items())


def test_names_of_numbers_do_not_grow_the_memory_without_bound():
    encoder = AttributesEncoder(TAG)
    for number in range(10_000):
        encoder.encode({f"key.{number}": 0.5, f"{number}" * 200: 0.5})
    assert 0 < len(encoder._float_heads) <= 4096


def test_long_values_are_not_remembered():
    encoder = AttributesEncoder(TAG)
    encoder.encode({"db.statement": "x" * 10_000})
    assert remembered(encoder) == 0


def test_a_value_that_cannot_be_read_is_left_empty_and_counted():
    class Unreadable:
        def __str__(self):
            raise RuntimeError("no text")

    before = dict(diagnostics.faults()).get("attribute value", 0)
    assert encode_pair("key", Unreadable()) == b"\x0a\x03key\x12\x00"
    assert diagnostics.faults()["attribute value"] == before + 1
    assert encode_pair("key", "text") == b"\x0a\x03key\x12\x06\x0a\x04text"
    assert diagnostics.faults()["attribute value"] == before + 1
