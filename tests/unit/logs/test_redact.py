# SPDX-License-Identifier: Apache-2.0
"""What is a secret by its name, what by its shape, and what is none."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.logs.redaction import ordinary, redact
from otel_distro.logs.redaction.keys import names_a_secret, snake_case
from otel_distro.logs.redaction.redact import REDACTED, redact_attribute, redact_fields, redact_mapping, redact_text
from otel_distro.settings.model import RedactionSettings

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture
def configure():
    """Configures redaction for one test."""
    yield lambda **options: redact.configure(RedactionSettings(**options))
    redact.configure(RedactionSettings())


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db_password",
        "userPassword",
        "PASSWD",
        "pwd",
        "secret",
        "client_secret",
        "clientSecret",
        "token",
        "access_token",
        "refreshToken",
        "api_key",
        "apiKey",
        "APIKEY",
        "X-API-Key",
        "authorization",
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "set-cookie",
        "jwt",
        "credentials",
        "aws_secret_access_key",
        "private_key",
        "encryptionKey",
        "http.request.header.authorization",
        "session_token",
        "auth",
        "idToken",
        "passphrase",
        "xsrf_token",
    ],
)
def test_names_of_secrets(key):
    assert names_a_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "user_id",
        "message",
        "path",
        "tokens",
        "max_tokens",
        "token_count",
        "OTEL_DISTRO_ADMIN_TOKEN_FILE",
        "token_type",
        "tokenizer",
        "secret_name",
        "password_length",
        "key",
        "keys",
        "author",
        "authority",
        "cookie_policy",
        "monkey",
        "passenger",
        "compass",
        "token_url",
        "trace_id",
        "auth_method",
    ],
)
def test_names_that_only_sound_like_it(key):
    assert not names_a_secret(key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"got {JWT} there", "got [REDACTED] there"),
        ("Authorization: Bearer abc.def", "Authorization: [REDACTED]"),
        ("sent Bearer abc.def on", "sent Bearer [REDACTED] on"),
        ("header Basic dXNlcjpwYXNz", "header Basic [REDACTED]"),
        ("redis://:hunter2@cache:6379/0", "redis://:[REDACTED]@cache:6379/0"),
        ("postgres://app:p@ss:word@db/x", "postgres://app:[REDACTED]@db/x"),
        ("curl -u user:hunter2@host", "curl -u user:[REDACTED]"),
        ("password=hunter2, user=me", "password=[REDACTED], user=me"),
        ("password = 'hunter 2' ok", "password = '[REDACTED]' ok"),
        ("ValueError: api_key: abc", "ValueError: api_key: [REDACTED]"),
        ("User(name='x', password='y')", "User(name='x', password='[REDACTED]')"),
        ("{'token': b'abc', 'a': 1}", "{'token': b'[REDACTED]', 'a': 1}"),
        ('{"client_secret": "a\\"b", "c": 1}', '{"client_secret": "[REDACTED]", "c": 1}'),
        ("GET /cb?code=abc&state=1&sig=2", "GET /cb?code=[REDACTED]&state=1&sig=[REDACTED]"),
        ("Cookie: a=b; session=c", "Cookie: [REDACTED]"),
        ("key AKIAIOSFODNN7EXAMPLE", "key [REDACTED]"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- tail", "[REDACTED] tail"),
        ("-----BEGIN RSA PRIVATE KEY-----\ncut off", "[REDACTED]"),
    ],
)
def test_secrets_in_a_text(text, expected):
    assert redact_text(text) == expected
    assert redact_text(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Basic information about tokens: 512",
        "took: 12 ms at 10:20:30",
        "key=value, count=3",
        "mail to a@example.com",
        "https://example.com/path?page=2",
        "token_count=3 max_tokens: 100",
        "9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_ordinary_text_stays_the_same_object(text):
    assert redact_text(text) is text


@given(st.text(max_size=200))
def test_no_text_breaks_it_and_twice_is_once(text):
    once = redact_text(text)
    assert redact_text(once) == once


def _may_be_a_secret(word):
    """Whether a word is neither the name of a state (`password=required`) nor of nothing (`token=undefined`), nor its name."""
    names_itself = ordinary._repeats("access_token", word) or ordinary._repeats("password", word)
    return not (names_itself or word.lower() in ordinary._STATES or ordinary._PLACEHOLDER.fullmatch(word))


@given(
    st.text(
        alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=8, max_size=40
    ).filter(_may_be_a_secret)
)
def test_a_value_after_the_name_of_a_secret_is_never_seen(secret):
    # Behind a colon a word without a digit may be what has become of the token.
    for text in (f"password={secret}", f"token: {secret}7 ", f"'api_key': '{secret}'", f"?access_token={secret}&a=b"):
        assert secret not in redact_text(text)


def test_values_are_redacted_by_name_at_any_depth():
    event = {"a": {"password": "x", "list": [{"token": "y", "n": 1}]}, "cookies": {"s": "z"}, "pin": 1}
    assert redact_mapping(event) == {
        "a": {"password": REDACTED, "list": [{"token": REDACTED, "n": 1}]},
        "cookies": REDACTED,
        "pin": 1,
    }


def test_nothing_and_flags_are_no_secrets():
    assert redact_mapping({"password": None, "token": True, "secret": 0}) == {
        "password": None,
        "token": True,
        "secret": REDACTED,
    }


def test_attributes_keep_their_types():
    clean = ("a", "b")
    assert redact_attribute("values", clean) is clean
    assert redact_attribute("values", ("a", JWT)) == ("a", REDACTED)
    assert redact_attribute("http.request.header.cookie", ["a=b"]) == REDACTED
    assert redact_attribute("count", 3) == 3


def test_further_names_are_secret_in_fields_and_in_texts(configure):
    configure(keys=("ssn", "iban-number"))
    assert redact_mapping({"SSN": "1", "ibanNumber": "2", "other": "3"}) == {
        "SSN": REDACTED,
        "ibanNumber": REDACTED,
        "other": "3",
    }
    assert redact_text("ssn=123-45") == f"ssn={REDACTED}"


def test_switched_off_it_changes_nothing(configure):
    configure(enabled=False)
    assert redact_text("password=x") == "password=x"
    assert redact_mapping({"password": "x"}) == {"password": "x"}


def test_a_name_found_clean_is_judged_anew_under_other_settings(configure):
    assert redact_text("ssn=123-45") == "ssn=123-45"
    configure(keys=("ssn",))
    assert redact_text("ssn=123-45") == f"ssn={REDACTED}"


@pytest.mark.parametrize(
    "text", ["api_key=planted-api-key", "token=prod-token", "secret=my-secret", "api_key=api-key-2"]
)
def test_a_value_that_ends_like_its_name_is_one_all_the_same(text):
    assert redact_text(text) == f"{text.partition('=')[0]}={REDACTED}"


def test_fields_that_are_called_alike_keep_all_their_values():
    into = {"message": "m"}
    redact_fields({"userId": 1, "user_id": 2, "user.id": "x", "password": "p", "passWord": "q"}, into)
    assert into == {
        "message": "m",
        "user_id": 1,
        "user_id_2": 2,
        "user_id_3": "x",
        "password": REDACTED,
        "pass_word": REDACTED,
    }
    assert redact_mapping({"m": {1: "a", "1": "b"}}) == {"m": {"1": "a", "1_2": "b"}}


class Login(NamedTuple):
    """A pair that says what it consists of."""

    user: str
    password: str


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([("x-api-key", "s3cret"), (b"cookie", b"s3cret"), ("host", "h")], 2),
        (Login("bob", "s3cret"), 1),
        (["mysqldump", "--password", "s3cret", "db"], 1),
        ([{"name": "DB_PASSWORD", "value": "s3cret"}], 1),
        ({b"password": b"s3cret"}, 1),
        (b"password=s3cret", 1),
        ([b"token=s3cret9"], 1),
        (["password", "email"], 0),
    ],
)
def test_values_are_known_by_their_neighbours_in_lines_and_in_spans(value, expected):
    for redacted in (redact_mapping({"v": value})["v"], redact_attribute("v", value)):
        assert str(redacted).count(REDACTED) == expected
        assert "s3cret" not in str(redacted)


@pytest.mark.parametrize("place", [0, 4000, 8192, 9000, 30_000, 59_990])
def test_a_secret_is_found_wherever_a_long_text_is_cut(place):
    text = "x " * (place // 2) + f"token={JWT} " + "y " * ((60_000 - place) // 2)
    assert JWT[:40] not in redact.redact_long(text)
    assert len(redact.redact_long(text)) <= 8192


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("user_id", "user_id"),
        ("userId", "user_id"),
        ("http.route", "http_route"),
        ("X-Thing", "x_thing"),
        ("2nd", "_2nd"),
        ("", "_"),
        ("traceId", "trace_id_"),
        ("größe", "gr_e"),
    ],
)
def test_names_are_spelled_in_snake_case(key, name):
    assert snake_case(key) == name
