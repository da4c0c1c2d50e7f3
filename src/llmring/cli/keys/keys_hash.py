"""llmring keys hash: print the hash of a key, for a lockfile."""

from __future__ import annotations

import argparse
import sys

from llmring.access.key_form import hash_of, is_well_formed, new_key
from llmring.cli.output import is_terminal, print_json, print_note, print_out
from llmring.cli.piped_input import piped_text
from llmring.exceptions import ConfigurationError

EXAMPLES = """examples:
  llmring keys hash                     # asks for the key, and shows nothing
  llmring keys hash < key.txt
  llmring keys hash --new               # makes a key, and prints both

For [[gateway.keys]] in a lockfile: hash = "sha256:...". A key is not taken as
an argument, since other programs see those."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--new", action="store_true", help="make a key, and print it too")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the hash."""
    key = new_key() if args.new else _read_key()
    if args.json:
        print_json({**({"key": key} if args.new else {}), "hash": hash_of(key)})
        return 0
    if args.new:
        print_out(key)
        print_note("the key is not kept, and not shown again")
    print_out(hash_of(key))
    return 0


def _read_key() -> str:
    """Read a key from a hidden prompt, or from standard input.

    Raises:
        ConfigurationError: It does not have the form of a key.
    """
    if is_terminal(sys.stdin):
        from getpass import getpass

        try:
            text = getpass("Key: ", stream=sys.stderr)
        except EOFError:
            text = ""
    else:
        try:
            text = piped_text()
        except UnicodeError:
            text = ""
    if not is_well_formed(text.strip()):
        raise ConfigurationError("this is not a key of the gateway, or has a typo; copy it again")
    return text.strip()
