# SPDX-License-Identifier: Apache-2.0
"""User interfaces in Python: notebooks, dashboards, chats."""

from world.application import Application, Call

INTERFACES = (
    Application(
        "gradio",
        ("gradio==6.31.0",),
        ("python", "app.py", "{port}"),
        (Call("/config"), Call("/gradio_api/info"), Call("/gradio_api/call/greet", "POST", json={"data": ["you"]})),
        environment={"GRADIO_ANALYTICS_ENABLED": "False"},
        counted="at least",
        ignored_files=("*.cache/*", "*cache/*"),
    ),
    Application("nicegui", ("nicegui==3.18.0",), ("python", "app.py", "{port}"), (Call("/"), Call("/missing"))),
    Application(
        "marimo",
        ("marimo==0.25.2",),
        ("marimo", "run", "notebook.py", "--headless", "--port", "{port}", "--no-token"),
        (Call("/"), Call("/health"), Call("/api/status")),
        ready="/health",
        counted="none",
    ),
    Application(
        "jupyter-server",
        ("jupyter-server==2.21.1",),
        ("jupyter", "server", "--no-browser", "--allow-root", "--port", "{port}", "--IdentityProvider.token="),
        (Call("/api"), Call("/api/contents"), Call("/api/kernels"), Call("/missing")),
        ready="/api",
        counted="none",
        ignored_files=(".local/*",),
    ),
    Application(
        "streamlit",
        ("streamlit==1.67.0",),
        ("streamlit", "run", "app.py", "--server.port", "{port}", "--server.headless", "true"),
        (Call("/"), Call("/_stcore/health"), Call("/_stcore/host-config")),
        ready="/_stcore/health",
        environment={"STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"},
        counted="none",
    ),
    Application(
        "chainlit",
        ("chainlit==2.12.0",),
        ("chainlit", "run", "app.py", "-h", "--port", "{port}"),
        (Call("/"), Call("/project/settings?language=en-US"), Call("/auth/config")),
        seconds=120,
    ),
)
