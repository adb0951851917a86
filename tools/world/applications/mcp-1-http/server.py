import sys

from mcp.server.fastmcp import FastMCP
from starlette.responses import JSONResponse

mcp = FastMCP("demo", port=int(sys.argv[1]))


@mcp.custom_route("/health", methods=["GET"])
async def health(request):
    return JSONResponse({"status": "ok"})


@mcp.tool()
def add(a: int, b: int) -> int:
    return a + b


mcp.run(transport="streamable-http")
