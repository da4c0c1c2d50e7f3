"""The options by which commands choose among the calls of a gateway."""

from __future__ import annotations

import argparse
from typing import Any

_OPTIONS = {
    "key": "with this key of a gateway",
    "team": "with a key of this team",
    "wire": "of clients that speak this API: chat, responses, messages, gemini or ollama",
    "client": 'of this client program, such as "claude-cli" or "claude-cli/2.1.3"',
    "session": "of this conversation, by the client's own ID",
}


def add_gateway_options(parser: argparse.ArgumentParser) -> None:
    """Add the options by which calls of a gateway are chosen."""
    for name, what in _OPTIONS.items():
        parser.add_argument(f"--{name}", help=f"only calls {what}")


def gateway_filter(args: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of a `CallFilter` for the chosen options."""
    return {name: getattr(args, name) for name in _OPTIONS}
