"""llmring aliases: list the aliases of a profile and their models."""

import argparse
import sys

from llmring.cli.colour import is_terminal
from llmring.cli.lockfile_options import add_options, binding_line, read_profile
from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.tables import print_table
from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.resolve import bindings

EXAMPLES = """examples:
  llmring aliases
  llmring aliases --profile prod --verbose
  llmring aliases --json"""


_HEAD = ("alias, models", "in/out", "context", "key")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_options(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--verbose", "-v", action="store_true", help="show every model with price, context and key"
    )
    form.add_argument("--json", action="store_true", help="print every model as JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the aliases, one per line, in the order of the file."""
    lockfile, profile = read_profile(args)
    found = bindings(lockfile, profile)
    if lockfile.packages:
        names = ", ".join(lockfile.packages)
        print_note(f"aliases of {names} can be called too; list them: llmring lock check")
    elif not found:
        print_note(
            f"profile {profile} has no aliases; "
            f"bind one: llmring bind fast openai:gpt-6-luna --profile {profile}"
        )
    if args.json:
        aliases = {alias: list(map(str, binding.models)) for alias, binding in found.items()}
        print_json({"file": str(lockfile.path), "profile": profile, "aliases": aliases})
        return 0
    if found and not args.verbose and is_terminal(sys.stdout):
        rows = [(alias, ", ".join(map(str, each.models))) for alias, each in found.items()]
        print_table(rows, head=("alias", "model, then fallbacks"), whole=True)
        return 0
    if found and is_terminal(sys.stdout):
        every = [
            row
            for alias, binding in found.items()
            for row in (
                (alias, "", "", ""),
                *map(_compact, _details(binding.models, lockfile)),
            )
        ]
        print_table(every, head=_HEAD, numbers={1, 2}, whole=True)
        return 0
    for alias, binding in found.items():
        print_out(binding_line(alias, binding.models))
        if args.verbose:
            print_table(_details(binding.models, lockfile), indent="    ")
    return 0


def _compact(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row of details without the units, which are in the heading."""
    model, price, window, key = row
    price = price.removesuffix(" per million tokens").removeprefix("price ")
    return f"  {model}", price, window.removesuffix(" tokens"), key


def _details(models: tuple[ModelRef, ...], lockfile: Lockfile) -> list[tuple[str, ...]]:
    """Return a row per model: name, price, context window, state of the key."""
    from llmring.config.settings import effective_facts_here, endpoints_for, read_settings
    from llmring.registry.price import price_tag

    endpoints = endpoints_for(lockfile, read_settings())
    models_known = effective_facts_here(lockfile)
    rows: list[tuple[str, ...]] = []
    for ref in models:
        facts = models_known.facts(ref)
        price = price_tag(facts.prices) if facts and facts.prices else "price unknown"
        window = f"{facts.context_window:,} tokens" if facts and facts.context_window else ""
        endpoint = endpoints.get(ref.provider)
        objection = endpoint.objection() if endpoint else None
        if endpoint is None:
            key = "unknown provider"
        elif objection is not None:
            key = objection.message
        else:
            key = "key set" if endpoint.provider.key_env else "needs no key"
        rows.append((str(ref), price, window, key))
    return rows
