"""llmring chat: send a message to a model, through an alias, or hold a conversation."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.answer_printer import (
    AnswerDisplay,
    answer_display,
    attempt_lines,
    print_stream,
    source_lines,
    summary_line,
)
from llmring.cli.chat.call_watch import CallWatch
from llmring.cli.chat.chat_options import add_chat_options
from llmring.cli.chat.code_block import last_code_block
from llmring.cli.chat.json_display import JsonDisplay
from llmring.cli.chat.kept_chats import KeptChat, LastChat
from llmring.cli.chat.model_choice import choose_model
from llmring.cli.chat.one_answer import stream_with_tools
from llmring.cli.chat.question import continued, is_conversation, read_question, request_of_chat
from llmring.cli.env_file_option import apply_env_file
from llmring.cli.model_facts import near
from llmring.cli.output import is_terminal, print_error, print_json, print_note, print_out
from llmring.cli.trust_check import require_consent
from llmring.client.ring import LLMRing
from llmring.config.environment import switch
from llmring.config.settings import (
    effective_facts_here,
    frozen_environ,
    kept_state_folder,
    read_settings,
    variables,
)
from llmring.exceptions import (
    AliasNotFoundError,
    ProviderAuthenticationError,
    ProviderError,
    SchemaValidationError,
)
from llmring.local import llama
from llmring.local.weights import SMOLLM2
from llmring.lockfile.document import Lockfile

if TYPE_CHECKING:
    from llmring.chat.function import FunctionTool
    from llmring.chat.tool_conversation import ToolsResponse

EXAMPLES = """examples:
  llmring chat "Hello"
  llmring chat                      # a conversation, on a terminal
  llmring chat -c "And in French?"  # goes on with the last one
  llmring chat "Summarize this" --model summarizer --profile prod < report.txt
  git diff | llmring chat "Write a commit message" --json
  llmring chat "What is it?" -a photo.png --schema "items str[], price float"
  llmring chat "Translate to {lang}: Hello" -t lang=French
  llmring chat "A regex for dates, in a code block" -x
  llmring chat "Hello" --model local:smollm2-135m    # no key, no network
  llmring chat "What is in notes.txt?" --mcp "python server.py"
  llmring chat "Is it raining in Rome?" --tool weather:current

A --tool asks on a terminal before its first call, unless --yes is given; tools
of an MCP server are called without asking. On a terminal, the conversation is
kept in a file that only you can read; LLMRING_KEEP_CHATS=0 keeps none."""

_LOCAL = f"local:{SMOLLM2.name}"

_KEEPS = "LLMRING_KEEP_CHATS"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_chat_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Send the request and print the answer, or hold a conversation."""
    if args.json and args.extract:
        print_error("--json prints the whole answer, and --extract a part; leave one out")
        return 2
    apply_env_file(args)
    system, question = read_question(args)
    if args.resume:
        kept = LastChat(kept_state_folder()).load()
        messages = continued(kept.messages, system, question)
        model, profile = kept.model, args.profile or kept.profile
        if args.model:
            model, profile = choose_model(args)
    else:
        model, profile = choose_model(args)
        messages = [*system, *question]
    request = request_of_chat(args, model, messages)
    try:
        _run(args, request, profile)
    except AliasNotFoundError as error:
        meant = near(model, effective_facts_here(Lockfile()))
        if ":" in model or not meant:
            raise
        raise AliasNotFoundError(f"{error.message}; or did you mean {meant[0]}?") from None
    except ProviderError as error:
        if args.explain:
            _print_attempts(error.attempts)
        if _lacks_keys(error):
            error.add_note(_without_a_key())
        raise
    return 0


def _run(args: argparse.Namespace, request: LLMRequest, profile: str | None) -> None:
    """Send the request, or hold a conversation; keep it if it is to be kept."""
    # This command prints the failed attempts itself; keep the library's log off the terminal.
    logging.getLogger("llmring").addHandler(logging.NullHandler())
    watch = CallWatch(explains=args.explain)
    require_consent(args)
    environ = frozen_environ() if args.frozen else None
    tools = _tools(args, watch) if args.tool else []
    ring = LLMRing(args.file, on_attempt=watch.attempt, on_failover=watch.failover, environ=environ)
    if is_conversation(args):
        _converse(args, ring, request, profile, tools, watch)
        return
    with ring:
        try:
            end, messages = _ask(args, ring, request, profile, tools, watch)
        finally:
            watch.stop()
    _print_notes(args, end)
    _keep(args, KeptChat(request.model or "", profile, messages))


def _converse(
    args: argparse.Namespace,
    ring: LLMRing,
    request: LLMRequest,
    profile: str | None,
    tools: Sequence[FunctionTool[..., Any]],
    watch: CallWatch,
) -> None:
    from llmring.cli.chat.dialogue import hold, open_terminal
    from llmring.cli.chat.ongoing_chat import Conversation
    from llmring.files.attachment import attachment

    talk = Conversation(ring, request, profile, tools, args.mcp)
    talk.attached = [attachment(each) for each in args.attach]
    hold(
        talk,
        open_terminal(talk),
        watch,
        lambda: require_consent(args),
        lambda: _keep(args, KeptChat(talk.model, talk.profile, talk.messages)),
        lambda end: [
            *(attempt_lines(end.attempts, end) if args.explain else ()),
            *([summary_line(end)] if args.verbose else ()),
        ],
    )


def _tools(args: argparse.Namespace, watch: CallWatch) -> list[FunctionTool[..., Any]]:
    """Return the functions that the model may call; on a terminal, they ask first."""
    from llmring.cli.chat.function_tools import find_function, with_consent

    tools = [find_function(place) for place in args.tool]
    if args.yes or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return tools
    return with_consent(tools, _consent(watch))


def _consent(watch: CallWatch) -> Callable[[str], Awaitable[bool]]:
    """Return a function that asks the user on the terminal before a call."""
    from llmring.cli.confirmation import is_yes
    from llmring.cli.lock.terminal import interruptible

    async def agrees(call: str) -> bool:
        watch.stop()
        # The event loop's own handler would not end the question.
        with interruptible():
            print_note(f"the model calls {call}")
            print_note("Run it, and this function from now on? [y/N]")
            return is_yes(sys.stdin.readline())

    return agrees


def _keep(args: argparse.Namespace, chat: KeptChat) -> None:
    """Keep the conversation, unless the user or the place of the call is against it."""
    keeps = args.keep
    if keeps is None and variables([_KEEPS]).get(_KEEPS):
        keeps = switch(variables([_KEEPS]), _KEEPS)
    if keeps is None:
        # Calls of programs do not take the place of the user's own conversation.
        keeps = args.resume or is_terminal(sys.stderr)
    if not keeps:
        return
    secrets = [each for row in read_settings().endpoints.values() for each in row.secrets]
    try:
        LastChat(kept_state_folder()).save(chat, secrets)
    except OSError as error:
        print_note(f"the conversation is not kept: {error.strerror or error}")


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


def _ask(
    args: argparse.Namespace,
    ring: LLMRing,
    request: LLMRequest,
    profile: str | None,
    tools: Sequence[FunctionTool[..., Any]],
    watch: CallWatch,
) -> tuple[LLMResponse | StreamChunk, list[Message]]:
    """Send the request and print the answer; return it, and the conversation with it."""
    watch.wait(ring, request, profile)
    streams = is_terminal(sys.stdout) if args.stream is None else args.stream
    # What a program reads is all JSON, and checked.
    whole = args.json or args.extract or (args.schema and not is_terminal(sys.stdout))
    if streams and not whole:
        return _streamed(args, ring, request, profile, tools, watch)
    if args.mcp or tools:
        import asyncio

        # In this thread, which alone can ask the user.
        run = asyncio.run(_with_tools(ring, request, profile, tools, args.mcp))
        answer: LLMResponse = run
        messages = list(run.messages)
    else:
        answer = ring.chat(request, profile=profile).result()
        messages = [*request.turns(), answer.message]
    watch.begun(answer.model)
    _print_answer(args, answer)
    return answer, messages


def _streamed(
    args: argparse.Namespace,
    ring: LLMRing,
    request: LLMRequest,
    profile: str | None,
    tools: Sequence[FunctionTool[..., Any]],
    watch: CallWatch,
) -> tuple[LLMResponse | StreamChunk, list[Message]]:
    """Send the request, and print the answer as it arrives."""
    display: AnswerDisplay = JsonDisplay() if args.schema else answer_display()
    if args.mcp or tools:
        import asyncio

        return asyncio.run(
            stream_with_tools(ring, request, profile, tools, args.mcp, watch, display)
        )
    try:
        end = print_stream(ring.chat_stream(request, profile=profile), watch.begun, display)
    except SchemaValidationError:
        # Streams are not repaired, whole answers are.
        print_note("the answer does not fit the schema; asking once more")
        answer = ring.chat(request, profile=profile).result()
        _print_answer(args, answer)
        return answer, [*request.turns(), answer.message]
    return end, [*request.turns(), *([end.message] if end.message else ())]


async def _with_tools(
    ring: LLMRing,
    request: LLMRequest,
    profile: str | None,
    tools: Sequence[FunctionTool[..., Any]],
    mcp: Sequence[str],
) -> ToolsResponse:
    async with ring:
        return await ring.run_tools(request, tools=tools, mcp=mcp, profile=profile)


def _print_answer(args: argparse.Namespace, answer: LLMResponse) -> None:
    """Print a whole answer as the options ask for it."""
    if args.json:
        print_json(_to_json(answer) | ({"parsed": answer.parsed} if args.schema else {}))
    elif args.extract:
        block = last_code_block(answer.content)
        if block is None:
            print_note("the answer has no code block; this is all of it")
        print_out(answer.content if block is None else block)
    elif args.schema and answer.parsed is not None:
        print_json(answer.parsed)
    else:
        print_out(answer.content)


def _lacks_keys(error: ProviderError) -> bool:
    """Return True if every model was skipped, at least one for lack of a key."""
    return all(attempt.outcome == "skipped" for attempt in error.attempts) and any(
        isinstance(attempt.error, ProviderAuthenticationError) for attempt in error.attempts
    )


def _without_a_key() -> str:
    steps = [*llama.steps_to_run(read_settings().cache_dir), f"llmring chat --model {_LOCAL}"]
    return (
        f"without a key: {', then '.join(steps)}; or a model in Ollama: --model ollama:llama3.2; "
        "to keep a key: llmring auth set openai"
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
