# SPDX-License-Identifier: Apache-2.0
"""In the place of a server that cannot be had: answers 200 to everything. PORTS says where."""

import http.server
import os
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        self.do_GET()


if __name__ == "__main__":
    for port in os.environ["PORTS"].split(","):
        server = http.server.ThreadingHTTPServer(("0.0.0.0", int(port)), Handler)  # in a container's own network
        threading.Thread(target=server.serve_forever).start()
