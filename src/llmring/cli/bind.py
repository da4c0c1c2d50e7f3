"""llmring bind: an alias bound to one or more models."""

import argparse

from llmring.cli.lockfile import add_options, binding_line, edit_target
from llmring.cli.output import note, say
from llmring.lockfile import edit, file
from llmring.lockfile.document import references
from llmring.providers import PROVIDERS

EXAMPLES = """examples:
  llmring bind fast openai:gpt-4o-mini
  llmring bind balanced "anthropic:claude-sonnet-4-5,openai:gpt-4o"   with a fallback
  llmring bind assistant ollama:llama3.2 --profile dev"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("alias", metavar="ALIAS", help="what applications ask for")
    parser.add_argument(
        "models", metavar="MODELS", help="provider:model; more after commas are fallbacks"
    )
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Write the binding, and show it."""
    models = references(args.models)
    path, profile = edit_target(args)
    file.update(path, lambda text: edit.bind(text, args.alias, args.models, profile))
    say(binding_line(args.alias, models))
    note(f"in profile {profile} of {path}")
    for ref in models:
        if ref.provider not in PROVIDERS:
            note(f"note: no provider {ref.provider!r} is known; see llmring lock validate")
    return 0
