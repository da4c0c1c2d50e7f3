"""llmring lock schema: print the JSON Schema of lockfiles, for editors and other tools."""

import argparse

from llmring.cli.output import print_json
from llmring.lockfile.schema.json_schema import document

EXAMPLES = """examples:
  llmring lock schema > llmring.schema.json

Editors with Taplo (in VS Code: Even Better TOML) complete and check a lockfile
whose first line is:

  #:schema ./llmring.schema.json"""


def arguments(_: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def handle(_: argparse.Namespace) -> int:
    """Print the schema."""
    print_json(document())
    return 0
