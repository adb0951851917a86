# SPDX-License-Identifier: Apache-2.0
"""Servers that agents and models talk to, over HTTP and over standard input and output."""

import json

from world.application import Application, Call

_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "world", "version": "1"}},
}
_SESSION = (
    _INITIALIZE,
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1, "b": 2}}},
)
_STDIN = "".join(f"{json.dumps(message)}\n" for message in _SESSION)
# Answers may come after the end of the input, which some take for the end of the session: on a busy machine, bare or not.
_BEGINNING = f"{json.dumps(_INITIALIZE)}\n"
_MCP_HEADERS = {"accept": "application/json, text/event-stream"}
_MCP_CALLS = (Call("/mcp", "POST", json=_INITIALIZE, headers=_MCP_HEADERS), Call("/mcp", "DELETE"))
_COMPLETION = {"model": "fake", "messages": [{"role": "user", "content": "hello"}]}

AGENTS = (
    Application("mcp-stdio", ("mcp==2.3.0",), ("python", "server.py"), stdin=_STDIN),
    Application("mcp-1-stdio", ("mcp<2",), ("python", "server.py"), stdin=_BEGINNING),
    Application(
        "mcp-1-http", ("mcp<2",), ("python", "server.py", "{port}"), _MCP_CALLS, ready="/health", counted="none"
    ),
    Application("fastmcp-stdio", ("fastmcp==4.2.3",), ("python", "server.py"), stdin=_BEGINNING),
    Application(
        "fastmcp-http",
        ("fastmcp==4.2.3",),
        ("python", "server.py", "{port}"),
        _MCP_CALLS,
        ready="/health",
        counted="none",
    ),
    Application(
        "litellm",
        ("litellm[proxy]==1.108.7",),
        ("litellm", "--config", "config.yaml", "--port", "{port}", "--host", "127.0.0.1"),
        (
            Call("/v1/models", headers={"authorization": "Bearer sk-world"}),
            Call("/v1/chat/completions", "POST", json=_COMPLETION, headers={"authorization": "Bearer sk-world"}),
            Call("/v1/chat/completions", "POST", json=_COMPLETION, headers={"authorization": "Bearer no"}),
            Call(
                "/v1/chat/completions",
                "POST",
                json=_COMPLETION | {"stream": True},
                headers={"authorization": "Bearer sk-world"},
            ),
        ),
        ready="/health/liveliness",
        environment={"LITELLM_MASTER_KEY": "sk-world", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        seconds=180,
        volatile=(r"chatcmpl-[\w-]+",),
    ),
)
