"""llmring help: show the help of a command, or the list of commands."""

import argparse

EXAMPLES = """examples:
  llmring help
  llmring help chat
  llmring help lock diff"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("command", metavar="COMMAND", nargs="*", help="a command (default: all)")


def handle(args: argparse.Namespace) -> int:
    """Print the help."""
    # The list of commands names this module.
    from llmring.cli.main import main

    return main([*args.command, "--help"])
