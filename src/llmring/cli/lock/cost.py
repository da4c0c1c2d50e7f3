"""llmring lock cost: estimate the cost of tokens, or of recorded calls, with each alias."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from llmring.audit.cost_diff import recorded_usages
from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.cli.argument_types import HELP, since, tokens
from llmring.cli.colour import is_terminal
from llmring.cli.lockfile_options import add_scope_options, users_lockfile
from llmring.cli.output import print_error, print_json, print_note
from llmring.cli.project_options import add_all_projects_option
from llmring.cli.tables import Cuts, print_table
from llmring.config.settings import effective_facts_here, read_clock
from llmring.lockfile import file, pins, resolve
from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.registry.catalog import LongContext, ModelFacts
from llmring.registry.effective_facts import prices_of
from llmring.registry.money import plain_cost, usd
from llmring.registry.price import Unpriced
from llmring.registry.usage_cost import usage_cost, volume

EXAMPLES = """examples:
  llmring lock cost --tokens-in 1M --tokens-out 200k
  llmring lock cost --tokens-in 1M --tokens-out 200k --cached 800k
  llmring lock cost --tokens-in 30M --tokens-out 1M --per-request 300k
  llmring lock cost --tokens-in 1M --tokens-out 200k --pinned --json
  llmring lock cost --since 30d

Shows the cost with the first model of each alias, and the range for its
fallbacks. TOKENS are written as 200k, 1.5M or 1_000. With --since, the calls
recorded with this lockfile are priced, each alias's own."""

HEAD = ("profile", "alias", "model", "cost", "fallbacks")

Facts = Callable[[ModelRef], ModelFacts | None]


class Row(Struct, frozen=True):
    """An alias in a profile, with the cost of the tokens for each of its models.

    Attributes:
        profile: The profile.
        alias: The alias.
        models: Its models, best first.
        calls: The number of its recorded calls, if these are priced.
    """

    profile: str
    alias: str
    models: Sequence[tuple[ModelRef, Cost | Unpriced, LongContext | None]]
    calls: int | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    amount: dict[str, Any] = {"type": tokens, "metavar": "TOKENS"}
    parser.add_argument("--tokens-in", **amount, help="prompt tokens in total")
    parser.add_argument("--tokens-out", **amount, help="answer tokens in total")
    parser.add_argument("--cached", **amount, help="the part of --tokens-in read from a cache")
    parser.add_argument(
        "--per-request",
        **amount,
        help="prompt tokens of a single request, for models that charge more for long prompts",
    )
    parser.add_argument(
        "--pinned", action="store_true", help="use the prices pinned in the lockfile"
    )
    parser.add_argument(
        "--since",
        type=since,
        metavar="TIME",
        help=HELP.replace("include only calls", "price the calls recorded"),
    )
    add_all_projects_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_scope_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the cost of each alias in each profile."""
    if (fault := _misuse(args)) is not None:
        print_error(fault)
        return 2
    if args.since is not None:
        return _recorded(args)
    args.cached = args.cached or 0
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
        brief = is_terminal(sys.stdout)
        cells = [_cells(row, brief=brief) for row in rows]
        print_table(cells, head=HEAD, head_in_pipes=True, cuts=Cuts(names={1, 2}, kept={3, 4}))
    else:
        print_note("the lockfile has no aliases; bind one: llmring bind fast openai:gpt-6-luna")
    for remark in (*_unknown(rows), *_remarks(rows, args.per_request)):
        print_note(remark)
    return 0


def _misuse(args: argparse.Namespace) -> str | None:
    """Return what is wrong with the combination of the arguments."""
    counts = (args.tokens_in, args.tokens_out, args.cached, args.per_request)
    if args.since is not None and any(each is not None for each in counts):
        return "--since takes the tokens of recorded calls; leave out the options with TOKENS"
    if args.since is None and (args.tokens_in is None or args.tokens_out is None):
        return "required: --tokens-in, --tokens-out; or --since, to price recorded calls"
    return None


def _recorded(args: argparse.Namespace) -> int:
    """Print the cost of each alias's recorded calls with each of its models."""
    path = users_lockfile(args.file).path
    lockfile = parse(file.read(path), path)
    facts = _pinned(lockfile) if args.pinned else effective_facts_here(lockfile).facts
    day = read_clock().today()
    usages, problem = recorded_usages(*(() if args.all_projects else (lockfile,)), since=args.since)
    if problem is not None:
        print_error(problem)
        return 1
    rows, without = [], 0
    for profile in [args.profile] if args.profile else lockfile.profiles:
        for alias, binding in resolve.bindings(lockfile, profile).items():
            calls = usages.get((profile, alias), [])
            models = [
                (ref, usage_cost(calls, facts(ref), day).cost, None) for ref in binding.models
            ]
            rows.append(Row(profile, alias, models, len(calls)))
            without += sum(usage is None for usage in calls)
    if args.json:
        print_json(_recorded_to_json(rows, args, str(path)))
        return 0
    head = (*HEAD[:2], "calls", *HEAD[2:])
    brief = is_terminal(sys.stdout)
    priced = [(each, _cells(each, brief=brief)) for each in rows]
    cells = [(*row[:2], f"{each.calls:,}", *row[2:]) for each, row in priced]
    # Programs read the columns of a pipe at their places.
    numbers = {2} if brief else set[int]()
    print_table(
        cells, head=head, head_in_pipes=True, numbers=numbers, cuts=Cuts(names={1, 3}, kept={4, 5})
    )
    for remark in _unknown(rows):
        print_note(remark)
    if without:
        total = sum(row.calls or 0 for row in rows)
        print_note(f"left out, as their usage is unknown: {without:,} of {total:,} calls")
    return 0


def _recorded_to_json(rows: Sequence[Row], args: argparse.Namespace, path: str) -> dict[str, Any]:
    return {
        "file": path,
        "since": args.since,
        "all_projects": args.all_projects,
        "pinned": args.pinned,
        "aliases": [
            {
                "profile": row.profile,
                "alias": row.alias,
                "calls": row.calls,
                "models": [{"model": str(ref), **plain_cost(cost)} for ref, cost, _ in row.models],
            }
            for row in rows
        ],
    }


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


def _cells(row: Row, *, brief: bool) -> tuple[str, ...]:
    """Return the cells of an alias; brief if the reasons of unknown costs are printed below."""
    (ref, cost, _), *rest = row.models
    if isinstance(cost, Unpriced):
        text = "unknown" if brief else f"unknown: {cost.reason}"
    else:
        text = usd(cost)
    return row.profile, row.alias, str(ref), text, _range([each for _, each, _ in rest])


def _range(costs: Sequence[Cost | Unpriced]) -> str:
    known = sorted(cost for cost in costs if isinstance(cost, Cost))
    words = [" to ".join(dict.fromkeys(map(usd, (known[0], known[-1]))))] if known else []
    if len(known) < len(costs):
        words.append(f"{len(costs) - len(known)} unknown")
    return ", ".join(words)


def _unknown(rows: Sequence[Row]) -> Iterator[str]:
    """List on a terminal why costs of first models are unknown, once for each reason."""
    if not is_terminal(sys.stdout):
        return
    reasons: dict[str, dict[str, None]] = {}
    for (ref, cost, _), *_rest in (row.models for row in rows):
        if isinstance(cost, Unpriced):
            reasons.setdefault(cost.reason, {})[str(ref)] = None
    for reason, models in reasons.items():
        yield f"unknown: {reason} ({', '.join(models)})"


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
