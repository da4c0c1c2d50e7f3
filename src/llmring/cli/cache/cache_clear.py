"""llmring cache clear: remove the answers that gateways keep."""

from __future__ import annotations

import argparse
import asyncio

from llmring.cli.output import print_json, print_out
from llmring.config.settings import read_settings

EXAMPLES = """examples:
  llmring cache clear
  LLMRING_REDIS_URL=redis://redis.example:6379/0 llmring cache clear

With LLMRING_REDIS_URL, the answers of all gateways that share it are removed;
without it, those in the memory of this user's gateways on this machine."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Remove the answers, and print their number where it is known."""
    from llmring.answer_cache.gateway_cache import clear_answers

    count = asyncio.run(clear_answers(read_settings()))
    if args.json:
        print_json({"removed": count})
    elif count is None:
        print_out("removed the answers that gateways on this machine kept in memory")
    else:
        print_out(f"{count:,} kept answer{'' if count == 1 else 's'} removed")
    return 0
