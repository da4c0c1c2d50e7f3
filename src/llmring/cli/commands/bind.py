"""llmring bind: bind an alias to one or more models."""

import argparse

from llmring.cli.lockfile_options import add_options, binding_line, edit_target
from llmring.cli.output import print_json, print_note, print_out
from llmring.lockfile import check, file
from llmring.lockfile.document import parse, references
from llmring.lockfile.edit import bindings
from llmring.lockfile.edit.starter import starter
from llmring.providers.table import PROVIDERS

EXAMPLES = """examples:
  llmring bind fast openai:gpt-6-luna
  llmring bind balanced "anthropic:claude-sonnet-5-5,openai:gpt-6-sol"
  llmring bind assistant ollama:llama3.2 --profile dev

Creates ./llmring.lock if no lockfile exists, and the profile if the file lacks
it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("alias", metavar="ALIAS", help="the name that applications ask for")
    parser.add_argument(
        "models", metavar="MODELS", help="provider:model, then fallbacks after commas"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Write the binding and print it."""
    models = references(args.models)
    path, profile, place = edit_target(args)

    def bound(text: str) -> str:
        own = map(str.lower, parse(text, path).providers)
        check.require_providers(models, {*PROVIDERS, *own})
        return bindings.bind(text, args.alias, args.models, profile)

    changed = file.update(path, bound, new=starter())
    if args.json:
        plain = {"alias": args.alias, "models": [str(ref) for ref in models]}
        print_json({"file": str(path), "profile": profile, **plain})
    else:
        print_out(binding_line(args.alias, models))
    print_note(f"{'in' if changed else 'unchanged in'} {place}")
    return 0
