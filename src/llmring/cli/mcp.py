"""llmring mcp: the advisor's tools as an MCP server, for coding assistants."""

import argparse

from llmring.cli.lockfile import add_options, edit_target
from llmring.cli.output import note

EXAMPLES = """examples:
  llmring mcp                                # over standard input and output
  llmring mcp --http --port 8765             # at http://127.0.0.1:8765/mcp
  claude mcp add llmring -- llmring mcp      # in a coding assistant

Changes are written at once: assistants ask their users before they call tools.
With --read-only there are none."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_options(parser)
    parser.add_argument("--read-only", action="store_true", help="look up, and change nothing")
    parser.add_argument("--http", action="store_true", help="serve streamable HTTP, at /mcp")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="HOST", help="where to listen (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=8765, metavar="PORT", help="port (default: 8765)"
    )


def handle(args: argparse.Namespace) -> int:
    """Serve until whoever started it leaves."""
    import asyncio

    from llmring.advisor.mcp_server import serve_http, serve_stdio, server
    from llmring.cli.desk import desk_for

    path, profile, place = edit_target(args)
    served = server(desk_for(path, profile), edits=not args.read_only)
    note(f"serving {place}")
    if args.http:
        note(f"at http://{args.host}:{args.port}/mcp")
        serve_http(served, args.host, args.port)
    else:
        asyncio.run(serve_stdio(served))
    return 0
