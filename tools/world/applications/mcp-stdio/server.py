import logging
import warnings

from mcp.server.mcpserver import MCPServer

mcp = MCPServer("demo")
logger = logging.getLogger(__name__)


@mcp.tool()
def add(a: int, b: int) -> int:
    logger.warning("adding %s and %s", a, b)
    warnings.warn("an old way to add", DeprecationWarning, stacklevel=1)
    return a + b


mcp.run()
