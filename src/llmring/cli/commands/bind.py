"""llmring bind: bind an alias to one or more models."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from llmring.cli.lockfile_options import add_options, binding_line, edit_target
from llmring.cli.model_facts import near
from llmring.cli.output import print_error, print_json, print_note, print_out
from llmring.config.settings import effective_facts_here, endpoints_for, read_settings
from llmring.exceptions import InvalidModelReferenceError
from llmring.lockfile import check, file, model_checks
from llmring.lockfile.document import Lockfile, ModelRef, parse, references
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
        "models", metavar="MODELS", nargs="+", help="provider:model, then fallbacks after commas"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Write the binding, print it, and note what is known about its models."""
    given = args.models[0]
    if len(args.models) > 1:
        listed = ",".join(each.strip(", ") for each in args.models)
        print_error(f"separate models by commas: llmring bind {args.alias} {listed}")
        return 2
    models = _models(given)
    path, profile, place = edit_target(args)

    def bound(text: str) -> str:
        own = map(str.lower, parse(text, path).providers)
        check.require_providers(models, [*PROVIDERS, *own])
        return bindings.bind(text, args.alias, given, profile)

    changed = file.update(path, bound, new=starter())
    if args.json:
        plain = {"alias": args.alias, "models": [str(ref) for ref in models]}
        print_json({"file": str(path), "profile": profile, **plain})
    else:
        print_out(binding_line(args.alias, models))
    print_note(f"{'in' if changed else 'unchanged in'} {place}")
    for remark in _remarks(parse(file.read(path), path), models):
        print_note(remark)
    return 0


def _models(given: str) -> tuple[ModelRef, ...]:
    """Read the models; suggest one for a name without a provider.

    Raises:
        InvalidModelReferenceError: One is not "provider:model".
    """
    try:
        return references(given)
    except InvalidModelReferenceError as error:
        bare = [name for each in given.split(",") if (name := each.strip()) and ":" not in name]
        meant = near(bare[0], effective_facts_here(Lockfile())) if bare else []
        if not meant:
            raise
        hint = f"did you mean {' or '.join(meant)}?"
        raise InvalidModelReferenceError(f"{error.message}; {hint}") from None


def _remarks(lockfile: Lockfile, models: Sequence[ModelRef]) -> Iterator[str]:
    """Yield why models may not answer, or not for long."""
    settings = read_settings()
    endpoints = endpoints_for(lockfile, settings)
    known = effective_facts_here(lockfile)
    named = [((ref.provider, ref.model), ref) for ref in models]
    for fault in model_checks.advice(named, known, settings.clock.today()):
        yield f"{fault.message}; {fault.fix}"
    for ref in dict.fromkeys(models):
        objection = endpoints[ref.provider].objection() if ref.provider in endpoints else None
        if objection is not None:
            yield f"{ref} can't be called here: {objection.message}"
