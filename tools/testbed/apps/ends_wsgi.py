# SPDX-License-Identifier: Apache-2.0
"""A plain WSGI application, which nothing instruments."""

from ends_asgi import leave_something


def app(environ, start_response):
    leave_something()
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
