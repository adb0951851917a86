"""Who a token belongs to."""

import structlog
from fastapi import FastAPI, Header, HTTPException
from logging_setup import configure_logging
from prometheus_fastapi_instrumentator import Instrumentator
from request_context import RequestContextMiddleware

configure_logging()
logger = structlog.get_logger(__name__)

app = FastAPI(title="auth")
app.add_middleware(RequestContextMiddleware)
Instrumentator().instrument(app).expose(app)

USERS = {"token-of-ada": "ada"}


@app.get("/me")
async def me(authorization: str = Header("")) -> dict[str, str]:
    user = USERS.get(authorization.removeprefix("Bearer "))
    if user is None:
        logger.warning("token refused")
        raise HTTPException(401, "who are you?")
    logger.info("token accepted")
    return {"user_id": user}
