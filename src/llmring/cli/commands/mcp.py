"""llmring mcp: serve the advisor's tools over MCP, for coding assistants."""

import argparse

from llmring.cli.lockfile_options import add_options, edit_target
from llmring.cli.output import print_note
from llmring.config.settings import mcp_token

EXAMPLES = """examples:
  llmring mcp                                # over standard input and output
  llmring mcp --http --port 8765             # at http://127.0.0.1:8765/mcp
  claude mcp add llmring -- llmring mcp      # in a coding assistant

A --host that other machines can reach needs a token in LLMRING_MCP_TOKEN,
which clients send as a bearer token, and --allow-host.

Changes are written at once: assistants ask their users before they call tools.
With --read-only, only tools that change nothing are offered."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_options(parser)
    parser.add_argument(
        "--read-only", action="store_true", help="offer no tools that change the lockfile"
    )
    parser.add_argument("--http", action="store_true", help="serve streamable HTTP at /mcp")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="address to listen on (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which clients may address the server",
    )
    parser.add_argument(
        "--port", type=_port, default=8765, metavar="PORT", help="port to listen on (default: 8765)"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 1 to 65535")
    return int(text)


def handle(args: argparse.Namespace) -> int:
    """Serve until the client disconnects, or with --http until interrupted."""
    import asyncio

    from llmring.advisor.editor import editor_for
    from llmring.advisor.mcp_server import serve_stdio, server

    path, profile, place = edit_target(args)
    served = server(editor_for(path, profile), edits=not args.read_only)
    if args.http:
        from llmring.advisor.mcp_http import access, listening, serve_http

        allowed = access(args.host, args.allow_host, mcp_token())
        door = listening(args.host, args.port)
        print_note(f"serving {place}")
        host = f"[{args.host}]" if ":" in args.host else args.host
        print_note(f"at http://{host}:{args.port}/mcp")
        serve_http(served, allowed, door)
    else:
        print_note(f"serving {place}")
        asyncio.run(serve_stdio(served))
    return 0
