"""llmring list: list models, filtered by capabilities and price."""

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, get_args

from llmring.cli.colour import is_terminal
from llmring.cli.lockfile_options import add_file_option
from llmring.cli.model_facts import catalog_origin, lifecycle
from llmring.cli.output import print_json, print_note
from llmring.cli.tables import Cuts, print_table
from llmring.config.settings import (
    effective_facts_here,
    endpoints_for,
    find_active_lockfile,
    read_settings,
)
from llmring.exceptions import ProviderNotFoundError
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.lockfile.problem import nearest
from llmring.registry.catalog import Capability, Kind, ModelFacts, Prices
from llmring.registry.price import dollars

EXAMPLES = """examples:
  llmring list
  llmring list --provider openai --supports vision,tools
  llmring list --max-price 1      # at most $1 per million tokens of prompt
  llmring list --max-price 1/5    # and at most $5 per million of answer

Lists the models known from the catalog and the lockfile. Exit codes: 0 some
match; 1 none does."""


class _Ceiling(NamedTuple):
    """The highest accepted prices, in USD per million tokens."""

    input: Decimal
    output: Decimal

    def holds(self, prices: Prices) -> bool:
        return prices.input <= self.input and prices.output <= self.output


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--provider", metavar="NAME", help="list only models of this provider")
    parser.add_argument(
        "--supports",
        type=_capabilities,
        default=frozenset(),
        metavar="A,B",
        help="list only models with all these capabilities: vision, tools, json_schema, ...",
    )
    parser.add_argument(
        "--max-price",
        type=_ceiling,
        metavar="USD",
        help="list only models with input at most this price, in USD per million tokens; "
        "with IN/OUT, limit the output price too",
    )
    parser.add_argument("--kind", choices=get_args(Kind), help="list only models of this kind")
    parser.add_argument("--all", action="store_true", help="include retired models")
    parser.add_argument("--json", action="store_true", help="print all known facts as JSON")
    add_file_option(parser)


def _capabilities(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(","))
    options = get_args(Capability)
    for name in sorted(names - {*options}):
        raise argparse.ArgumentTypeError(
            f"unknown capability {name!r}; choose from {', '.join(options)}"
        )
    return names


def _ceiling(text: str) -> _Ceiling:
    into, slash, out = text.replace("$", "").partition("/")
    try:
        ceiling = _Ceiling(Decimal(into), Decimal(out if slash else "Infinity"))
    except InvalidOperation:
        ceiling = _Ceiling(Decimal(-1), Decimal(-1))
    # Comparing a NaN raises InvalidOperation.
    if any(amount.is_nan() or amount < 0 for amount in ceiling):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a price; write USD or IN/OUT, such as 1 or 1/5"
        )
    return ceiling


def handle(args: argparse.Namespace) -> int:
    """Print the models, one per line, in the order of the catalog."""
    settings = read_settings()
    source = find_active_lockfile(args.file)
    lockfile = parse(file.read(source.path), source.path)
    known = effective_facts_here(lockfile)
    provider = args.provider.lower() if args.provider else None
    if provider is not None:
        _require_provider(provider, [*endpoints_for(lockfile, settings)])
    args.provider = provider
    today = settings.clock.today()
    fitting = [facts for facts in known.models if _fits(facts, args, today)]
    found = [facts for facts in fitting if _affordable(facts, args.max_price, today)]
    if args.json:
        print_json(found)
    elif found:
        head = ("model", "in/out", "context", "can", "life")
        rows = [_row(facts, today, brief=is_terminal(sys.stdout)) for facts in found]
        print_table(rows, head=head, numbers={1, 2}, cuts=Cuts(kept={4}, optional={3}))
    for remark in _remarks(len(found), fitting, args.max_price, today):
        print_note(remark)
    print_note(catalog_origin(known.catalog, known.folder))
    return 0 if found else 1


def _require_provider(name: str, names: list[str]) -> None:
    if name not in names:
        meant = nearest(name, names)
        fix = f"did you mean {meant}?" if meant else "list them: llmring providers"
        raise ProviderNotFoundError(f"unknown provider {name!r}; {fix}")


def _fits(facts: ModelFacts, args: argparse.Namespace, today: date) -> bool:
    return (
        (args.provider is None or facts.provider == args.provider)
        and (args.kind is None or facts.kind == args.kind)
        and args.supports <= facts.capabilities
        and (args.all or facts.retires is None or facts.retires > today)
    )


def _affordable(facts: ModelFacts, ceiling: _Ceiling | None, today: date) -> bool:
    prices = facts.prices_on(today)
    return ceiling is None or (prices is not None and ceiling.holds(prices))


def _remarks(
    found: int, fitting: list[ModelFacts], ceiling: _Ceiling | None, today: date
) -> Iterator[str]:
    unpriced = sum(facts.prices_on(today) is None for facts in fitting) if ceiling else 0
    if not found:
        yield "no model matches; relax the filters, or see all models: llmring list --all"
    if unpriced:
        yield f"{unpriced} left out: their price is unknown"


def _row(facts: ModelFacts, today: date, *, brief: bool) -> tuple[str, ...]:
    """Return the cells of a model; brief below headings that have the words."""
    prices = facts.prices_on(today)
    price = f"{dollars(prices.input)}/{dollars(prices.output)}" if prices else None
    window = f"{facts.context_window:,}" if facts.context_window else None
    return (
        str(facts),
        price or ("?" if brief else "price unknown"),
        window or ("?" if brief else "context unknown"),
        ", ".join(sorted(facts.capabilities)) if facts.kind == "chat" else facts.kind,
        lifecycle(facts, today),
    )
