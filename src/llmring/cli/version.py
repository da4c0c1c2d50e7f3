"""llmring version: print the version."""

import argparse

from llmring.cli.output import print_json, print_out

EXAMPLES = """examples:
  llmring version
  llmring version --json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON, with Python's version too")


def handle(args: argparse.Namespace) -> int:
    """Print the version."""
    if args.json:
        import platform

        from llmring import __version__

        print_json({"llmring": __version__, "python": platform.python_version()})
    else:
        print_version()
    return 0


def print_version() -> None:
    """Print the version, as --version does."""
    from llmring import __version__

    print_out(f"llmring {__version__}")
