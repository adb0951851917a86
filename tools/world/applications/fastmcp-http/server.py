import sys

from fastmcp import FastMCP
from starlette.responses import JSONResponse

mcp = FastMCP("demo")


@mcp.custom_route("/health", methods=["GET"])
async def health(request):
    return JSONResponse({"status": "ok"})


@mcp.tool
def add(a: int, b: int) -> int:
    return a + b


mcp.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]))
