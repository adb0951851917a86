# SPDX-License-Identifier: Apache-2.0
"""A few requests to the chat example, good and bad."""

import json
import urllib.error
import urllib.request


def send(chat_url: str) -> str:
    """Post messages, ask for a room that is not there, hit the endpoint that fails; return the last message's trace id."""
    trace_id = ""
    for user in range(5):
        body = json.dumps({"text": f"hello from user {user}", "user_id": f"user-{user}"}).encode()
        trace_id = _request(f"{chat_url}/rooms/lobby/messages", "POST", body) or trace_id
    _request(f"{chat_url}/rooms/none/messages", "GET")
    _request(f"{chat_url}/rooms/lobby", "DELETE")
    return trace_id


def _request(url: str, method: str, body: bytes | None = None) -> str:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return str(response.headers["x-trace-id"] or "")
    except urllib.error.HTTPError as error:
        error.close()
        return ""
