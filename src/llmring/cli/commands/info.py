"""llmring info: show what is known about a model, or about each model of an alias."""

import argparse
from collections.abc import Iterator
from typing import Any

from llmring.cli.colour import Styled
from llmring.cli.lockfile_options import add_options, read_profile
from llmring.cli.model_facts import catalog_origin, fact_rows, near
from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.tables import print_table
from llmring.config.settings import effective_facts_here, endpoints_for, read_clock, read_settings
from llmring.exceptions import AliasNotFoundError
from llmring.lockfile.compose import Packages, look_up
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.registry.catalog import ModelFacts
from llmring.registry.effective_facts import EffectiveFacts

EXAMPLES = """examples:
  llmring info fast
  llmring info openai:gpt-6-luna
  llmring info fast --profile prod --json

Exit codes: 0 at least one of the models is known; 1 none is."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("model", metavar="MODEL", help="provider:model, or an alias")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Print each model with the facts known about it, first to last."""
    lockfile, profile = read_profile(args)
    settings = read_settings()
    endpoints = endpoints_for(lockfile, settings)
    known = effective_facts_here(lockfile)
    try:
        found = look_up(args.model, lockfile, profile, endpoints, Packages())
    except AliasNotFoundError as error:
        if like := near(args.model, known):
            error.add_note(f"or did you mean the model {' or '.join(like)}?")
        raise
    models = [(ref, known.facts(ref), endpoints.get(ref.provider)) for ref in found.models]
    if args.json:
        print_json({"name": args.model, "models": [_to_json(*each) for each in models]})
    else:
        _print(args.model if found.alias else None, models)
    for ref, facts, _ in models:
        if facts is None:
            print_note(_unknown(ref, known))
    print_note(catalog_origin(known.catalog, known.folder))
    return 0 if any(facts for _, facts, _ in models) else 1


def _print(
    alias: str | None, models: list[tuple[ModelRef, ModelFacts | None, Endpoint | None]]
) -> None:
    if alias:
        print_out(f"{alias}: {len(models)} model{'s' if len(models) > 1 else ''}")
    for number, (ref, facts, endpoint) in enumerate(models, 1):
        same = facts is None or facts.name == ref.model
        print_out(f"{f'{number}. ' if alias else ''}{ref}{'' if same else f' (that is {facts})'}")
        rows = [(Styled(label, "dim"), text) for label, text in _rows(facts, endpoint)]
        print_table(rows, indent="  ", whole=True)


def _rows(facts: ModelFacts | None, endpoint: Endpoint | None) -> Iterator[tuple[str, str]]:
    if facts is not None:
        for each in fact_rows(facts, read_clock().today()):
            yield each.label, each.text
    if endpoint is None:
        yield "provider", "unknown"
        return
    yield "key", _key(endpoint)
    yield "address", endpoint.base_url


def _key(endpoint: Endpoint) -> str:
    objection = endpoint.objection()
    if objection is not None:
        return objection.message
    return "set" if endpoint.provider.key_env else "not needed"


def _unknown(ref: ModelRef, known: EffectiveFacts) -> str:
    like = near(str(ref), known)
    meant = f"; did you mean {' or '.join(like)}?" if like else ""
    return f"{ref} is not in the catalog{meant}"


def _to_json(ref: ModelRef, facts: ModelFacts | None, endpoint: Endpoint | None) -> dict[str, Any]:
    """Convert a model to JSON-compatible data."""
    return {
        "model": str(ref),
        "facts": facts,
        "usable": endpoint is not None and endpoint.usable,
        "key": "no such provider" if endpoint is None else _key(endpoint),
        "base_url": None if endpoint is None else endpoint.base_url,
    }
