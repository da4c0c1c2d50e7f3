"""Shared parts of the advisor's tests: an editor, a fake model and a fake user."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import answers
from llmring.advisor.agent import Turn
from llmring.advisor.editor import LockfileEditor, Proposal
from llmring.advisor.session import Session, begin
from llmring.advisor.toolset import Tools
from llmring.config.settings import effective_facts_here, endpoints_for, read_settings
from llmring.lockfile import file
from llmring.lockfile.document import Lockfile, parse
from loopback import Answer, Loopback, as_stream

Serve = Callable[..., Loopback]

DAY = date(2026, 11, 23)
MINI = "openai:gpt-4o-mini"

# Two models with fixed prices, so that a new catalog does not change the tests.
LOCKFILE = """\
version = "1.0"

[[profiles.default.bindings]]
alias = "old"
models = ["openai:gpt-4o"]
"""


def editor_of(text: str | None = LOCKFILE, profile: str = "default") -> LockfileEditor:
    """Build an editor with this lockfile, or without one."""
    path = Path("llmring.lock")
    if text is not None:
        path.write_text(text, encoding="utf-8")
    lockfile = parse(file.read(path), path) if path.exists() else Lockfile()
    return LockfileEditor(
        path, profile, effective_facts_here(lockfile), endpoints_for(lockfile, read_settings()), DAY
    )


class Person:
    """A user who agrees or declines, and remembers what was shown."""

    def __init__(self, *, agrees: bool = True) -> None:
        self._agrees = agrees
        self.proposals: list[Proposal] = []
        self.shown: list[str] = []

    async def agree(self, proposal: Proposal) -> bool:
        self.proposals.append(proposal)
        return self._agrees

    def piece(self, text: str) -> None:
        self.shown.append(text)

    def restart(self) -> None:
        self.shown.append("<again>")

    def working(self, tool: str) -> None:
        self.shown.append(f"<{tool}>")


def saying(*texts: str) -> Answer:
    """Build a streamed answer."""
    return answers.openai_stream(*texts)


def calling(*calls: tuple[str, dict[str, Any]]) -> Answer:
    """Build a streamed answer that calls tools."""
    made = [
        {
            "index": number,
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for number, (name, arguments) in enumerate(calls)
    ]
    return as_stream(
        answers.ROLE,
        answers.openai_event(tool_calls=made),
        answers.openai_event(finish_reason="tool_calls"),
        answers.USAGE,
        answers.DONE,
    )


def calling_as_anthropic(name: str, arguments: dict[str, Any]) -> Answer:
    """Build a streamed answer that calls tools, in Anthropic's format."""

    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\n".encode() + answers.sse({"type": kind, **more})

    usage = {"input_tokens": 10, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    call = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
    text = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
    return as_stream(
        event("message_start", message={**message, "model": "claude-haiku-4-5", "usage": usage}),
        event("content_block_start", index=0, content_block=call),
        event("content_block_delta", index=0, delta=text),
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 2}),
        event("message_stop"),
    )


def tool_results(server: Loopback, request: int = -1) -> list[str]:
    """Return the tool results in a request."""
    messages = server.requests[request].json["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


def key_at(server: Loopback) -> dict[str, str]:
    """Return the variables that direct OpenAI to this server."""
    return {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "sk-first-0123456789abcdef"}


def conversation(
    person: Person, text: str | None = LOCKFILE, alias: str = MINI, profile: str = "default"
) -> Session:
    """Begin a conversation about a lockfile with this text."""
    editor = editor_of(text, profile)
    return begin(editor, Tools(editor, person.agree), alias)


def say(session: Session, person: Person, *messages: str) -> list[Turn]:
    """Send these messages, and end the conversation."""

    async def run() -> list[Turn]:
        try:
            return [await session.say(each, person) for each in messages]
        finally:
            await session.close()

    return asyncio.run(run())
