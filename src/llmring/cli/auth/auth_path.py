"""llmring auth path: print the path of the file of kept keys."""

import argparse

from llmring.cli.output import print_note, print_out
from llmring.config.kept_keys import keyring_name, place_in_words
from llmring.config.settings import kept_keys_path
from llmring.exceptions import ConfigurationError

EXAMPLES = """examples:
  llmring auth path

The file may be missing. Of keys in the keyring, it holds only the provider.
A note on standard error names the place of new keys."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: it has none."""


def handle(args: argparse.Namespace) -> int:
    """Print the path."""
    del args
    path = kept_keys_path()
    if path is None:
        raise ConfigurationError("keys have no place without a home folder; set HOME")
    print_out(str(path))
    print_note(f"new keys go to {place_in_words('keyring' if keyring_name() else 'file')}")
    return 0
