# SPDX-License-Identifier: Apache-2.0
"""Twenty secrets, and a service that puts each of them in every place where one can get into telemetry."""

import base64
import logging
from typing import NamedTuple

_JWT_PARTS = (b'{"alg":"HS256"}', b'{"sub":"planted-user"}', b"planted-signature")
_JWT = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in _JWT_PARTS)
_PEM = "-----BEGIN RSA PRIVATE KEY-----\\nMIIEplanted0123456789\\n-----END RSA PRIVATE KEY-----"


class Secret(NamedTuple):
    """A secret: the name under which it comes, the text, and the part of it that must not be seen anywhere."""

    name: str
    text: str
    core: str


# The first ones are secret by name, in any form; those named `detail` can only be known by their shape.
SECRETS = [
    Secret("password", "planted-hunter2", "planted-hunter2"),
    Secret("client_secret", "planted-oauth-secret", "planted-oauth-secret"),
    Secret("api_key", "planted-api-key", "planted-api-key"),
    Secret("cookie", "session=planted-session", "planted-session"),
    Secret("authorization", "Bearer planted-opaque-token", "planted-opaque-token"),
    Secret("x-api-key", "planted-header-key", "planted-header-key"),
    Secret("refreshToken", "planted-refresh", "planted-refresh"),
    Secret("aws_secret_access_key", "planted/aws+secret", "planted/aws+secret"),
    Secret("detail", _JWT, _JWT.split(".")[2]),
    Secret("detail", "Bearer plantedBearer42", "plantedBearer42"),
    Secret("detail", "Basic cGxhbnRlZDpiYXNpYw==", "cGxhbnRlZDpiYXNpYw"),
    Secret("detail", "https://user:plantedUrl42@db.example/x", "plantedUrl42"),
    Secret("detail", _PEM, "MIIEplanted0123456789"),
    Secret("detail", "AKIAPLANTED012345678", "AKIAPLANTED012345678"),
    Secret("detail", "ghp_planted0123456789abcdefghijklmnopqr", "planted0123456789abcdefghijklmnopqr"),
    Secret("detail", "xoxb-planted-0123456789", "planted-0123456789"),
    Secret("detail", "sk_live_planted0123456789", "planted0123456789"),
    Secret("detail", "AIzaPlanted0123456789abcdefghijklmnopqrs", "Planted0123456789abcdefghijklmnopqrs"),
    Secret("detail", "glpat-planted0123456789", "planted0123456789"),
    Secret("detail", "SG.plantedSendgrid.0123456789planted", "0123456789planted"),
]


def spoken(secret: Secret) -> str:
    """Return how a program would mention the secret in a sentence."""
    return f"{secret.name}={secret.text}" if secret.name != "detail" else f"got {secret.text} there"


def _fail_with(secret: Secret) -> None:
    raise ValueError(spoken(secret))


def log_everywhere(secret: Secret) -> None:
    """Plant a secret in every log call and in the current span."""
    import structlog
    from opentelemetry import trace

    log, standard = structlog.get_logger(), logging.getLogger("planted")
    log.info("structlog value", **{secret.name: secret.text})
    log.info("nested value", outer={"list": [{secret.name: secret.text}], "deep": {"er": {secret.name: secret.text}}})
    message = f"f-string: {spoken(secret)}"
    log.info(message)
    standard.info("argument: %s", spoken(secret))
    standard.info("extra", extra={secret.name: secret.text})
    trace.get_current_span().set_attribute(f"app.{secret.name}", secret.text)
    trace.get_current_span().add_event("planted", {secret.name: secret.text})
    try:
        _fail_with(secret)
    except ValueError as error:
        log.exception("structlog exception")
        standard.exception("standard library exception")
        trace.get_current_span().record_exception(error)


try:
    from fastapi import FastAPI
except ImportError:
    pass
else:
    app = FastAPI()

    @app.get("/plant/{number}")
    async def plant(number: int, fail: bool = False) -> dict[str, int]:
        """Plant a secret; with `fail` an exception that nobody catches carries it too."""
        if fail:
            _fail_with(SECRETS[number])
        log_everywhere(SECRETS[number])
        return {"planted": number}
