"""llmring aliases: the aliases of a profile, and what they stand for."""

import argparse

from llmring.cli.lockfile import add_options, binding_line, read_profile
from llmring.cli.output import note, say, table
from llmring.lockfile.document import Binding, ModelRef
from llmring.lockfile.resolve import bindings

EXAMPLES = """examples:
  llmring aliases
  llmring aliases --profile prod --verbose"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_options(parser)
    parser.add_argument(
        "--verbose", "-v", action="store_true", help="every model, with price, context and key"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the aliases, one a line, in the order of the file."""
    lockfile, profile = read_profile(args)
    found = bindings(lockfile, profile)
    if args.json:
        import msgspec

        plain = {alias: [str(ref) for ref in found[alias].models] for alias in found}
        say(msgspec.json.encode(plain).decode())
        return 0
    if not found:
        note(f"profile {profile} has no aliases; bind one: llmring bind fast openai:gpt-4o-mini")
    for alias, binding in found.items():
        say(binding_line(alias, binding.models))
        if args.verbose:
            _details(binding)
    return 0


def _details(binding: Binding) -> None:
    for line in table([_detail(ref) for ref in binding.models]):
        say(f"    {line}")


def _detail(ref: ModelRef) -> tuple[str, ...]:
    from llmring.client.settings import read_settings
    from llmring.registry import bundled
    from llmring.registry.price import price_tag

    facts = bundled.facts(ref)
    endpoint = read_settings().endpoints.get(ref.provider)
    price = price_tag(facts.prices) if facts and facts.prices else "price unknown"
    window = f"{facts.context_window:,} tokens" if facts and facts.context_window else ""
    if endpoint is None:
        key = "unknown provider"
    elif not endpoint.provider.key_env:
        key = "needs no key"
    else:
        key = "key set" if endpoint.key else f"no key: set {endpoint.provider.key_env[0]}"
    return str(ref), price, window, key
