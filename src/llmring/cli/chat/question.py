"""The request that the arguments of a chat ask for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from msgspec import UNSET

from llmring.chat.request import LLMRequest, Message
from llmring.cli.chat.placeholders import fill_in
from llmring.cli.chat.short_schema import read_schema
from llmring.cli.output import is_terminal
from llmring.cli.piped_input import PATIENCE_SECONDS, piped_text
from llmring.exceptions import ValidationError
from llmring.files.attachment import attachment


def is_conversation(args: argparse.Namespace) -> bool:
    """Return True if the arguments ask for a conversation: no message, on a terminal."""
    asks_once = args.message or args.stdin or args.json or args.extract
    return not asks_once and is_terminal(sys.stdin) and is_terminal(sys.stdout)


def read_question(args: argparse.Namespace) -> tuple[list[Message], list[Message]]:
    """Return the system prompt and the question that the arguments give.

    Both are lists of one message or none; a conversation starts without a question.

    Raises:
        ValidationError: The message is missing or not text, or an attachment can't be used.
    """
    message = " ".join(args.message)
    system = args.system or ""
    piped = "" if is_conversation(args) else _piped(args, message)
    message, system = fill_in(args.set, message, system)
    text = "\n\n".join(part for part in (message, piped.strip("\r\n")) if part)
    files = [] if is_conversation(args) else [attachment(each) for each in args.attach]
    if not text.strip() and not is_conversation(args):
        raise ValidationError('no message; write one: llmring chat "Hello"')
    question = [Message("user", [*files, text] if files else text)] if text.strip() else []
    return [Message("system", system)] if system else [], question


def _piped(args: argparse.Namespace, message: str) -> str:
    """Read the piped input, and check that all is text."""
    try:
        # Without a message, only the input can be sent.
        waits = args.stdin or not message
        piped = piped_text(None if waits else PATIENCE_SECONDS)
        # Undecodable bytes became lone surrogates, which fail to encode.
        f"{message}{args.system}{piped}".encode()
    except UnicodeError:
        raise ValidationError("the message is not UTF-8 text") from None
    return piped


def request_of_chat(
    args: argparse.Namespace, model: str, messages: Sequence[Message]
) -> LLMRequest:
    """Return the request for these messages, with the options that the arguments set.

    Raises:
        ValidationError: An option has an invalid value.
    """
    schema = None if args.schema is None else read_schema(args.schema)
    form = schema and {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return LLMRequest(
        model=model,
        messages=messages,
        temperature=args.temperature,
        max_tokens=args.max_tokens,
        timeout=UNSET if args.timeout is None else args.timeout,
        response_format=form,
    )


def continued(
    kept: Sequence[Message], system: Sequence[Message], question: Sequence[Message]
) -> list[Message]:
    """Return a kept conversation with a new question; a new system prompt replaces its own."""
    if system:
        kept = [each for each in kept if each.role != "system"]
    return [*system, *kept, *question]
