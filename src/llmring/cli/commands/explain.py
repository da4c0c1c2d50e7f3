"""llmring explain: show which models a call would try, without calling."""

import argparse
import base64
import sys
from collections.abc import Iterator

from llmring.chat.parts import AudioPart, DocumentPart, ImagePart, Part
from llmring.chat.request import LLMRequest, Message
from llmring.cli.colour import Styled, is_terminal
from llmring.cli.lockfile_options import add_options, note_fallback
from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.tables import Cell, Cuts, print_table
from llmring.client.ring import LLMRing
from llmring.config.settings import find_active_lockfile
from llmring.registry.price import dollars, price_tag
from llmring.routing.plan import Plan, PlanStep, plan_to_json

EXAMPLES = """examples:
  llmring explain fast
  llmring explain fast --profile prod --tokens 50000 --max-tokens 2000
  llmring explain vision --image --tools --json

No model is called. Exit codes: 0 a model would be tried; 1 none is usable."""

# The smallest valid samples; only their kinds matter here.
_IMAGE = ImagePart(data=base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(), media_type="image/png")
_DOCUMENT = DocumentPart(data=base64.b64encode(b"%PDF-1.7\n").decode(), name="document.pdf")
_AUDIO = AudioPart(base64.b64encode(b"RIFF\x24\0\0\0WAVE").decode(), "audio/wav")
_TOOL = {"name": "tool", "parameters": {"type": "object", "properties": {}}}
_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {"type": "object", "properties": {}, "additionalProperties": False},
    },
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("model", metavar="ALIAS", help="alias, or provider:model")
    parser.add_argument("--image", action="store_true", help="assume an image in the request")
    parser.add_argument("--document", action="store_true", help="assume a PDF in the request")
    parser.add_argument("--audio", action="store_true", help="assume audio in the request")
    parser.add_argument("--tools", action="store_true", help="assume tools in the request")
    parser.add_argument(
        "--schema", action="store_true", help="assume a strict JSON schema in the request"
    )
    parser.add_argument("--tokens", type=_count, metavar="N", help="length of the prompt")
    parser.add_argument(
        "--max-tokens", type=_count, metavar="N", help="limit on the answer, in tokens"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def handle(args: argparse.Namespace) -> int:
    """Print the models in the order they would be tried, then those skipped."""
    with LLMRing(args.file) as ring:
        note_fallback(find_active_lockfile(args.file))
        plan = ring.explain(_request(args), tokens=args.tokens, profile=args.profile)
    if args.json:
        print_json(plan_to_json(plan))
    else:
        _print(plan, args.model)
    if not plan.tried:
        print_note(f"no model of {args.model} is usable for this request")
    return 0 if plan.tried else 1


def _request(args: argparse.Namespace) -> LLMRequest:
    wanted = ((args.image, _IMAGE), (args.document, _DOCUMENT), (args.audio, _AUDIO))
    parts: list[Part] = [part for given, part in wanted if given]
    return LLMRequest(
        model=args.model,
        messages=[Message("user", parts)] if parts else [],
        max_tokens=args.max_tokens,
        tools=[_TOOL] if args.tools else None,
        response_format=_SCHEMA if args.schema else None,
    )


def _print(plan: Plan, name: str) -> None:
    size = plan.size
    prompt = f"a prompt of {size.prompt:,} tokens" if size.prompt else "a prompt of unknown length"
    answer = f", an answer of {size.answer:,} at most" if size.answer else ""
    print_out(f"{name} ({plan.strategy}), for {prompt}{answer}:")
    print_table(
        [_row(step, brief=is_terminal(sys.stdout)) for step in plan.steps],
        numbers={2, 3},
        cuts=Cuts(names={1}),
        head=("  #", "model", "context", "per million", "cost"),
        below=[[*_remarks(step)] for step in plan.steps],
    )


def _remarks(step: PlanStep) -> Iterator[Cell]:
    if step.reason is not None:
        yield Styled(f"      skipped: {step.reason}", "warning")
    for remark in step.remarks:
        yield f"      {remark}"


def _row(step: PlanStep, *, brief: bool) -> tuple[str, ...]:
    """Return the cells of a model; brief below headings that have the words."""
    window = f"context {step.context_window:,}" if step.context_window else "context unknown"
    price = price_tag(step.rates) if step.rates else "price unknown"
    if brief:
        window = window.removeprefix("context ")
        price = price.removesuffix(" per million tokens").removeprefix("price ")
    turn = "  -" if step.turn is None else f"{step.turn:3}"
    cost = _cost(step)
    return turn, step.model, window, price, cost.removeprefix("cost ") if brief else cost


def _cost(step: PlanStep) -> str:
    if step.cost is not None:
        return f"at most {dollars(step.cost)}"
    if step.prompt_cost is not None:
        return f"{dollars(step.prompt_cost)} for the prompt"
    return "cost unknown"
