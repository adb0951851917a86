# SPDX-License-Identifier: Apache-2.0
"""The server's side: one ASGI middleware around the application, and FastAPI's classes that put it there."""
