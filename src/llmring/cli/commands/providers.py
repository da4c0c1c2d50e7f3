"""llmring providers: list providers, their addresses, and the state of their keys."""

import argparse
from typing import Any

from llmring.cli.colour import Styled
from llmring.cli.lockfile_options import add_file_option
from llmring.cli.output import print_json
from llmring.cli.tables import print_table
from llmring.config.settings import endpoints_for, find_active_lockfile, read_settings
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.providers.endpoint import Endpoint

EXAMPLES = """examples:
  llmring providers
  llmring providers --json

Includes those under [providers] in the lockfile. Keys are never shown."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_file_option(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the providers, one per line."""
    source = find_active_lockfile(args.file)
    lockfile = parse(file.read(source.path), source.path)
    endpoints = endpoints_for(lockfile, read_settings())
    if args.json:
        print_json([_to_json(name, endpoint) for name, endpoint in endpoints.items()])
        return 0
    rows = [(name, _key(endpoint), endpoint.base_url) for name, endpoint in endpoints.items()]
    print_table(rows, head=("provider", "key", "address"), whole=True)
    return 0


def _key(endpoint: Endpoint) -> str | Styled:
    objection = endpoint.objection()
    if objection is not None:
        return Styled(objection.message, "warning")
    variables = endpoint.provider.key_env
    if variables and endpoint.key is None and endpoint.login is None:
        return Styled("key set (llmring auth)", "ok")
    return Styled(f"key set ({' or '.join(variables)})", "ok") if variables else "needs no key"


def _to_json(name: str, endpoint: Endpoint) -> dict[str, Any]:
    """Convert a provider to JSON-compatible data."""
    objection = endpoint.objection()
    has_key = endpoint.key_in_use is not None or endpoint.login is not None
    variables = endpoint.provider.key_env
    return {
        "name": name,
        "key": "set" if has_key else "not set" if variables else "not needed",
        "variables": variables,
        "base_url": endpoint.base_url,
        "problem": None if objection is None else objection.message,
    }
