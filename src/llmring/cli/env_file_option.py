"""The option that reads variables from a file; no command reads one by itself."""

import argparse
from pathlib import Path

from llmring.config.env_file import read_env_file
from llmring.config.settings import set_variables


def add_env_file_option(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--env-file",
        metavar="PATH",
        help="read variables such as keys from a .env file; those already set win",
    )


def apply_env_file(args: argparse.Namespace) -> None:
    """Set the variables of the file, if one is named.

    Raises:
        ConfigurationError: The file can't be read, or a line does not set a variable.
    """
    if args.env_file is not None:
        set_variables(read_env_file(Path(args.env_file)))
