"""llmring auth set: keep the key of a provider."""

from __future__ import annotations

import argparse
import sys

from llmring.cli.output import is_terminal, print_error, print_note
from llmring.cli.piped_input import piped_text
from llmring.config.kept_keys import INSTALL, KeptKeys, place_in_words
from llmring.config.settings import kept_keys_path, variables
from llmring.exceptions import ConfigurationError
from llmring.providers.table import PROVIDERS

EXAMPLES = f"""examples:
  llmring auth set openai               # asks for the key, and shows nothing
  llmring auth set openai < key.txt
  llmring auth set openai --remove

The key goes to the system's keyring, with {INSTALL}, and
else to a file that only you can read. Calls use it if no variable sets a key,
and only at the provider's own address, never for a server in a lockfile."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("provider", metavar="PROVIDER", help="the provider, such as openai")
    parser.add_argument("--remove", action="store_true", help="remove the kept key")


def handle(args: argparse.Namespace) -> int:
    """Read the key and keep it."""
    row = PROVIDERS.get(args.provider.lower())
    if row is None or not row.key_env:
        known = ", ".join(name for name, each in PROVIDERS.items() if each.key_env)
        why = "unknown provider" if row is None else "no key is needed for"
        print_error(f"{why} {args.provider!r}; choose one of {known}")
        return 2
    kept = KeptKeys(kept_keys_path())
    if args.remove:
        had = kept.remove(row.name)
        print_note(f"{row.name}: {'key removed' if had else 'no key was kept'}")
        return 0
    place = kept.add(row.name, _key(row.name))
    print_note(f"{row.name}: key kept in {place_in_words(place)}")
    overriding = variables(row.key_env)
    if overriding:
        print_note(f"{next(iter(overriding))} is set, and wins over it")
    return 0


def _key(provider: str) -> str:
    """Read a key from a hidden prompt, or from standard input.

    Raises:
        ConfigurationError: It is not a key.
    """
    if is_terminal(sys.stdin):
        from getpass import getpass

        try:
            key = getpass(f"Key of {provider}: ", stream=sys.stderr)
        except EOFError:
            key = ""
    else:
        try:
            key = piped_text()
        except UnicodeError:
            key = "\ufffd"
    key = key.strip()
    if not key:
        raise ConfigurationError("no key; type it, or pipe it to standard input")
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            "the key holds a character that can't be in a key, such as a line break; copy it again"
        )
    return key
