"""llmring lock cost: estimate the cost of a number of tokens with each alias."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.cli.argument_types import tokens
from llmring.cli.lockfile_options import add_scope_options, users_lockfile
from llmring.cli.output import print_error, print_json, print_note, print_out, table
from llmring.config.settings import effective_facts_here, read_clock
from llmring.lockfile import file, pins, resolve
from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.registry.catalog import LongContext, ModelFacts
from llmring.registry.effective_facts import prices_of
from llmring.registry.money import plain_cost, usd
from llmring.registry.price import Unpriced
from llmring.registry.usage_cost import volume

EXAMPLES = """examples:
  llmring lock cost --tokens-in 1M --tokens-out 200k
  llmring lock cost --tokens-in 1M --tokens-out 200k --cached 800k
  llmring lock cost --tokens-in 30M --tokens-out 1M --per-request 300k
  llmring lock cost --tokens-in 1M --tokens-out 200k --pinned --json

Shows the cost with the first model of each alias, and the range for its
fallbacks. TOKENS are written as 200k, 1.5M or 1_000."""

HEAD = ("profile", "alias", "model", "cost", "fallbacks")

Facts = Callable[[ModelRef], ModelFacts | None]


class Row(Struct, frozen=True):
    """An alias in a profile, with the cost of the tokens for each of its models."""

    profile: str
    alias: str
    models: Sequence[tuple[ModelRef, Cost | Unpriced, LongContext | None]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    amount: dict[str, Any] = {"type": tokens, "metavar": "TOKENS"}
    parser.add_argument("--tokens-in", required=True, **amount, help="prompt tokens in total")
    parser.add_argument("--tokens-out", required=True, **amount, help="answer tokens in total")
    parser.add_argument(
        "--cached", default=0, **amount, help="the part of --tokens-in read from a cache"
    )
    parser.add_argument(
        "--per-request",
        **amount,
        help="prompt tokens of a single request, for models that charge more for long prompts",
    )
    parser.add_argument(
        "--pinned", action="store_true", help="use the prices pinned in the lockfile"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_scope_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the cost of each alias in each profile."""
    if args.cached > args.tokens_in:
        print_error("--cached is larger than --tokens-in, which includes it; lower it")
        return 2
    path = users_lockfile(args.file).path
    lockfile = parse(file.read(path), path)
    facts = _pinned(lockfile) if args.pinned else effective_facts_here(lockfile).facts
    usage = Usage(
        prompt_tokens=args.tokens_in, completion_tokens=args.tokens_out, cached_tokens=args.cached
    )
    rows = [*_rows(lockfile, args, usage, facts)]
    if args.json:
        print_json(_to_json(rows, args, str(path)))
        return 0
    if rows:
        for line in table([HEAD, *map(_cells, rows)]):
            print_out(line)
    else:
        print_note("the lockfile has no aliases; bind one: llmring bind fast openai:gpt-6-luna")
    for remark in _remarks(rows, args.per_request):
        print_note(remark)
    return 0


def _pinned(lockfile: Lockfile) -> Facts:
    found = pins.pins_of(lockfile)

    def facts(ref: ModelRef) -> ModelFacts | None:
        pin = found.get(ref)
        prices = prices_of(pin.prices) if pin is not None and pin.prices else None
        return ModelFacts(provider=ref.provider, name=ref.model, prices=prices)

    return facts


def _rows(
    lockfile: Lockfile, args: argparse.Namespace, usage: Usage, facts: Facts
) -> Iterator[Row]:
    day = None if args.pinned else read_clock().today()
    for profile in [args.profile] if args.profile else lockfile.profiles:
        for alias, binding in resolve.bindings(lockfile, profile).items():
            models = []
            for ref in binding.models:
                known = facts(ref)
                cost = volume(usage, known, day, args.per_request or 0)
                if args.pinned and isinstance(cost, Unpriced):
                    cost = Unpriced("no price is pinned")
                prices = known.prices_on(day) if known is not None else None
                models.append((ref, cost, prices.long_context if prices else None))
            yield Row(profile, alias, models)


def _cells(row: Row) -> tuple[str, ...]:
    (ref, cost, _), *rest = row.models
    text = f"unknown: {cost.reason}" if isinstance(cost, Unpriced) else usd(cost)
    return row.profile, row.alias, str(ref), text, _range([each for _, each, _ in rest])


def _range(costs: Sequence[Cost | Unpriced]) -> str:
    known = sorted(cost for cost in costs if isinstance(cost, Cost))
    words = [" to ".join(dict.fromkeys(map(usd, (known[0], known[-1]))))] if known else []
    if len(known) < len(costs):
        words.append(f"{len(costs) - len(known)} unknown")
    return ", ".join(words)


def _remarks(rows: Sequence[Row], per_request: int | None) -> Iterator[str]:
    """Explain how models that charge more for long prompts were priced."""
    tiers = {ref: long.above for row in rows for ref, _, long in row.models if long is not None}
    long = {
        ref: above for ref, above in tiers.items() if per_request is None or per_request > above
    }
    if not long:
        return
    models = ", ".join(f"{ref} above {above:,} tokens" for ref, above in long.items())
    if per_request is None:
        yield f"higher prices for long prompts are not applied: {models}; give --per-request"
    else:
        yield f"prices for long prompts are applied: {models}"


def _to_json(rows: Sequence[Row], args: argparse.Namespace, path: str) -> dict[str, Any]:
    """Convert the costs to JSON-compatible data."""
    return {
        "file": path,
        "tokens_in": args.tokens_in,
        "tokens_out": args.tokens_out,
        "cached": args.cached,
        "per_request": args.per_request,
        "pinned": args.pinned,
        "aliases": [
            {
                "profile": row.profile,
                "alias": row.alias,
                "models": [_model_to_json(*each, args.per_request) for each in row.models],
            }
            for row in rows
        ],
    }


def _model_to_json(
    ref: ModelRef, cost: Cost | Unpriced, long: LongContext | None, per_request: int | None
) -> dict[str, Any]:
    return {
        "model": str(ref),
        **plain_cost(cost),
        "long_context_above": long.above if long else None,
        "long_context": long is not None and (per_request or 0) > long.above,
    }
