"""llmring chat: send a message to a model, through an alias."""

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.answer_printer import (
    attempt_lines,
    model_warning,
    print_stream,
    source_lines,
    summary_line,
)
from llmring.cli.lockfile_options import add_options, read_profile
from llmring.cli.model_facts import near
from llmring.cli.output import is_terminal, print_json, print_note, print_out
from llmring.cli.piped_input import PATIENCE_SECONDS, piped_text
from llmring.cli.trust_check import add_trust_option, require_consent
from llmring.client.ring import LLMRing
from llmring.config.settings import effective_facts_here, frozen_environ
from llmring.exceptions import (
    AliasNotFoundError,
    ConfigurationError,
    ProviderAuthenticationError,
    ProviderError,
    ValidationError,
)
from llmring.lockfile.document import Lockfile
from llmring.lockfile.resolve import bindings, is_reference

EXAMPLES = """examples:
  llmring chat "Hello"
  llmring chat "Summarize this" --model summarizer --profile prod < report.txt
  git diff | llmring chat "Write a commit message" --json
  llmring chat "Hello" --model local:smollm2-135m    # no key, no network
  llmring chat "What is in notes.txt?" --mcp "python server.py"

Tools of an MCP server are called without asking for confirmation."""

DEFAULT_ALIAS = "fast"

WITHOUT_A_KEY = (
    "without a key: llmring local pull, then llmring chat --model local:smollm2-135m; "
    "or use a model in Ollama: --model ollama:llama3.2"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "message", metavar="MESSAGE", nargs="*", help="the message; piped input is appended to it"
    )
    parser.add_argument(
        "--model",
        "-m",
        metavar="ALIAS",
        help=f"alias or provider:model (default: {DEFAULT_ALIAS}, else the profile's first alias)",
    )
    parser.add_argument("--system", metavar="TEXT", help="system prompt")
    parser.add_argument("--temperature", type=float, metavar="T", help="sampling temperature")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="limit the answer to N tokens")
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="limit the whole call to S seconds"
    )
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        help="print the answer as it arrives (default: on a terminal)",
    )
    parser.add_argument(
        "--mcp",
        action="append",
        default=[],
        metavar="SERVER",
        help="let the model call the tools of an MCP server: a URL or a command line",
    )
    parser.add_argument(
        "--frozen",
        action="store_true",
        help="call only models that match their pins in the lockfile",
    )
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument(
        "--verbose",
        "-v",
        action="store_true",
        help="report the model that answered, tokens and cost",
    )
    parser.add_argument(
        "--explain", action="store_true", help="report every attempt after the answer"
    )
    parser.add_argument(
        "--stdin",
        action="store_true",
        help="wait for standard input (default with a MESSAGE: 3 s for its first byte)",
    )
    add_trust_option(parser)
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Send the request and print the answer."""
    model, profile = _model(args)
    request = LLMRequest(
        model=model,
        messages=_messages(args),
        temperature=args.temperature,
        max_tokens=args.max_tokens,
        timeout=UNSET if args.timeout is None else args.timeout,
    )
    try:
        end = _ask(args, request, profile)
    except AliasNotFoundError as error:
        meant = near(model, effective_facts_here(Lockfile()))
        if ":" in model or not meant:
            raise
        raise AliasNotFoundError(f"{error.message}; or did you mean {meant[0]}?") from None
    except ProviderError as error:
        if args.explain:
            _print_attempts(error.attempts)
        if _lacks_keys(error):
            error.add_note(WITHOUT_A_KEY)
        raise
    _print_notes(args, end)
    return 0


def _print_notes(args: argparse.Namespace, end: LLMResponse | StreamChunk) -> None:
    """Print notes about an answer on standard error; its sources only on a terminal."""
    if is_terminal(sys.stdout) and not args.json:
        for line in source_lines(end.citations):
            print_note(line)
    for remark in end.attempts[-1].adjusted:
        print_note(f"{end.model}: {remark}")
    if end.finish_reason == "tool_calls":
        print_note(
            "the model requests a tool call, which this command does not run; see it with --json"
        )
    elif end.finish_reason not in ("stop", None):
        print_note(f"the answer is incomplete: {end.finish_reason}")
    if args.explain:
        _print_attempts(end.attempts, end)
    if args.verbose:
        print_note(summary_line(end))


def _print_attempts(
    attempts: Sequence[Attempt], end: LLMResponse | StreamChunk | None = None
) -> None:
    for line in attempt_lines(attempts, end):
        print_note(line)


def _model(args: argparse.Namespace) -> tuple[str, str | None]:
    """Choose the model or alias, and the profile to look it up in."""
    if args.model and is_reference(args.model):
        return args.model, args.profile
    lockfile, profile = read_profile(args)
    if args.model:
        return args.model, profile
    aliases = bindings(lockfile, profile)
    if DEFAULT_ALIAS in aliases:
        return DEFAULT_ALIAS, profile
    if aliases:
        alias = next(iter(aliases))
        print_note(f"using alias {alias} of profile {profile}; choose another with --model")
        return alias, profile
    usual = lockfile.default_profile
    if DEFAULT_ALIAS in bindings(lockfile, usual):
        print_note(f"profile {profile} has no aliases; using {DEFAULT_ALIAS} of profile {usual}")
        return DEFAULT_ALIAS, usual
    others = [name for name in lockfile.profiles if name != profile]
    choose = f"choose a profile with --profile ({', '.join(others)}), or " if others else ""
    raise ConfigurationError(
        f"profile {profile!r} of {lockfile.path} has no aliases; {choose}"
        "name a model with --model, or bind one: llmring bind fast openai:gpt-6-luna"
    )


def _messages(args: argparse.Namespace) -> list[Message]:
    message = " ".join(args.message)
    try:
        # Without a message, only the input can be sent.
        waits = args.stdin or not message
        piped = piped_text(None if waits else PATIENCE_SECONDS)
        # Undecodable bytes became lone surrogates, which fail to encode.
        f"{message}{args.system}{piped}".encode()
    except UnicodeError:
        raise ValidationError("the message is not UTF-8 text") from None
    text = "\n\n".join(part for part in (message, piped.strip("\r\n")) if part)
    if not text.strip():
        raise ValidationError('no message; write one: llmring chat "Hello"')
    system = [Message("system", args.system)] if args.system else []
    return [*system, Message("user", text)]


def _ask(
    args: argparse.Namespace, request: LLMRequest, profile: str | None
) -> LLMResponse | StreamChunk:
    """Send the request and print the answer: streamed, whole or as JSON."""
    attempts: list[Attempt] = []

    def preface(model: str) -> None:
        # Always report a fallback, and a model with a caution.
        for attempt in attempts:
            if attempt.outcome != "ok" and not args.explain:
                print_note(f"{attempt.model} {attempt.outcome}: {attempt.reason}")
        if model_warning(model):
            print_note(f"{model}: {model_warning(model)}")

    # This command prints the failed attempts itself; keep the library's log off the terminal.
    logging.getLogger("llmring").addHandler(logging.NullHandler())
    stream = is_terminal(sys.stdout) if args.stream is None else args.stream
    require_consent(args)
    environ = frozen_environ() if args.frozen else None
    with LLMRing(args.file, on_attempt=attempts.append, environ=environ) as ring:
        if stream and not args.json and not args.mcp:
            return print_stream(ring.chat_stream(request, profile=profile), preface)
        response = (
            ring.run_tools(request, mcp=args.mcp, profile=profile).result()
            if args.mcp
            else ring.chat(request, profile=profile).result()
        )
        preface(response.model)
        if args.json:
            print_json(_to_json(response))
        else:
            print_out(response.content)
        return response


def _lacks_keys(error: ProviderError) -> bool:
    """Return True if every model was skipped, at least one for lack of a key."""
    return all(attempt.outcome == "skipped" for attempt in error.attempts) and any(
        isinstance(attempt.error, ProviderAuthenticationError) for attempt in error.attempts
    )


def _to_json(response: LLMResponse) -> dict[str, Any]:
    """Convert an answer to JSON-compatible data."""
    return {
        "content": response.content,
        "model": response.model,
        "finish_reason": response.finish_reason,
        "tool_calls": response.tool_calls,
        "citations": [citation.to_dict() for citation in response.citations],
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
                "adjusted": attempt.adjusted,
            }
            for attempt in response.attempts
        ],
    }
