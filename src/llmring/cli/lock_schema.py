"""llmring lock schema: the JSON Schema of lockfiles, for editors and other checkers."""

import argparse

from llmring.cli.output import say_json
from llmring.lockfile.schema import document

EXAMPLES = """examples:
  llmring lock schema > llmring.schema.json

Editors with Taplo (in VS Code: Even Better TOML) complete and check a lockfile
whose first line is:

  #:schema ./llmring.schema.json"""


def arguments(_: argparse.ArgumentParser) -> None:
    """What the command takes: nothing."""


def handle(_: argparse.Namespace) -> int:
    """Print the schema."""
    say_json(document())
    return 0
