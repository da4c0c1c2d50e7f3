"""llmring chat: a question to a model, through an alias."""

import argparse
import sys

from msgspec import UNSET

from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.lockfile import add_options, read_profile
from llmring.cli.output import complain, note, say
from llmring.client.ring import LLMRing
from llmring.exceptions import NoUsableModelError, ValidationError
from llmring.lockfile.resolve import bindings
from llmring.providers import PROVIDERS
from llmring.registry.price import dollars

EXAMPLES = """examples:
  llmring chat "Hello"
  llmring chat "Summarize this" --model summarizer --profile prod < report.txt
  git diff | llmring chat "Write a commit message" --json
  llmring chat "Hello" --model local:smollm2-135m     no key, no network"""

# Tried when no model is named, in this order; then the profile's first alias.
USUAL_ALIASES = ("fast",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "message", metavar="MESSAGE", nargs="?", help="the question; piped input is added to it"
    )
    parser.add_argument("--model", "-m", metavar="ALIAS", help="alias, or provider:model")
    parser.add_argument("--system", metavar="TEXT", help="system prompt")
    parser.add_argument("--temperature", type=float, metavar="T", help="sampling temperature")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="longest answer, in tokens")
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds for the whole call")
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="print the answer as it comes (default: on a terminal)",
    )
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument(
        "--verbose", "-v", action="store_true", help="say which model answered, tokens and cost"
    )
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    model, profile = _model(args)
    request = LLMRequest(
        model=model,
        messages=_messages(args),
        temperature=args.temperature,
        max_tokens=args.max_tokens,
        timeout=UNSET if args.timeout is None else args.timeout,
    )
    attempts: list[Attempt] = []
    stream = sys.stdout.isatty() if args.stream is None else args.stream
    show = _show_json if args.json else _show_stream if stream else _show_text
    with LLMRing(args.file, on_attempt=attempts.append) as ring:
        try:
            end = show(ring, request, profile, attempts)
        except NoUsableModelError as error:
            complain(str(error))
            note("without a key: llmring local pull, then llmring chat -m local:smollm2-135m")
            return 1
    if args.verbose:
        note(summary(end))
    return 0


def summary(end: LLMResponse | StreamChunk) -> str:
    """Who answered, how long it took, and what it cost, in a line."""
    tokens = f"{end.usage.prompt_tokens} + {end.usage.completion_tokens}" if end.usage else "?"
    cost = f"cost unknown: {end.cost_reason}" if end.cost is None else dollars(end.cost)
    return f"[{end.model}, {tokens} tokens, {end.attempts[-1].ms:.0f} ms, {cost}]"


def _model(args: argparse.Namespace) -> tuple[str, str | None]:
    """The model or alias to ask, and the profile to look it up in."""
    if args.model:
        return args.model, args.profile
    lockfile, profile = read_profile(args)
    aliases = list(bindings(lockfile, profile))
    choice = next((alias for alias in (*USUAL_ALIASES, *aliases) if alias in aliases), None)
    if choice is None:
        raise ValidationError(
            f"profile {profile} has no aliases; name a model with --model, or bind one: "
            "llmring bind fast openai:gpt-4o-mini"
        )
    if choice not in USUAL_ALIASES:
        note(f"using alias {choice} of profile {profile}; --model names another")
    return choice, args.profile


def _messages(args: argparse.Namespace) -> list[Message]:
    piped = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    text = "\n\n".join(part for part in (args.message, piped.strip()) if part)
    if not text:
        raise ValidationError('there is nothing to ask; llmring chat "Hello"')
    system = [Message("system", args.system)] if args.system else []
    return [*system, Message("user", text)]


def _preface(model: str, attempts: list[Attempt]) -> None:
    """What is to be known before the answer: no fallback goes unseen, nor a model that is weak."""
    for attempt in attempts:
        if attempt.outcome != "ok":
            note(f"{attempt.model} {attempt.outcome}: {attempt.reason}")
    row = PROVIDERS[model.partition(":")[0]]
    if row.note:
        note(f"{model}: {row.note}")


def _show_text(
    ring: LLMRing, request: LLMRequest, profile: str | None, attempts: list[Attempt]
) -> LLMResponse:
    response = ring.chat(request, profile=profile).result()
    _preface(response.model, attempts)
    say(response.content)
    return response


def _show_stream(
    ring: LLMRing, request: LLMRequest, profile: str | None, attempts: list[Attempt]
) -> StreamChunk:
    chunks = iter(ring.chat_stream(request, profile=profile))
    chunk = next(chunks)
    _preface(chunk.model, attempts)
    say(chunk.delta, end="")
    for chunk in chunks:
        say(chunk.delta, end="")
    say()
    return chunk


def _show_json(
    ring: LLMRing, request: LLMRequest, profile: str | None, attempts: list[Attempt]
) -> LLMResponse:
    import msgspec

    response = ring.chat(request, profile=profile).result()
    _preface(response.model, attempts)
    answer = {
        "content": response.content,
        "model": response.model,
        "finish_reason": response.finish_reason,
        "tool_calls": response.tool_calls,
        "usage": dict(response.usage) if response.usage else None,
        "cost": None if response.cost is None else f"{response.cost:f}",
        "cost_reason": response.cost_reason,
        "attempts": [
            {
                "model": attempt.model,
                "outcome": attempt.outcome,
                "reason": attempt.reason,
                "status": attempt.status,
                "ms": round(attempt.ms, 1),
            }
            for attempt in response.attempts
        ],
    }
    say(msgspec.json.format(msgspec.json.encode(answer)).decode())
    return response
