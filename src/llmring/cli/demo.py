"""llmring demo: failover, live, against four pretended vendors on this machine."""

import argparse
import importlib.util
import os
import tempfile
from pathlib import Path

from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.demo_server import DemoServer
from llmring.cli.output import note, say
from llmring.client.ring import LLMRing
from llmring.client.settings import read_settings
from llmring.local import llama
from llmring.providers import PROVIDERS
from llmring.registry.price import dollars

EXAMPLES = """A server on loopback speaks the wire formats of OpenAI, Anthropic, Google and
Ollama, and misbehaves on purpose. llmring sends it real requests, through a lockfile
made for the occasion. The last answer comes from a real model, where one is here:
  pip install 'llmring[local]'; llmring local pull"""

LOCKFILE = """version = "1.0"

[profiles.default]

[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5", "google:gemini-2.5-flash"]

[[profiles.default.bindings]]
alias = "writer"
models = ["ollama:llama3.2", "openai:gpt-4o"]

[[profiles.default.bindings]]
alias = "offline"
models = ["anthropic:claude-sonnet-4-5", "{last}"]
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command takes nothing."""
    del parser


def handle(args: argparse.Namespace) -> int:
    """Run the three scenes."""
    del args
    last = _last_model()
    server = DemoServer()
    with tempfile.TemporaryDirectory(prefix="llmring-demo-") as folder:
        path = Path(folder) / "llmring.lock"
        path.write_text(LOCKFILE.format(last=last))
        environ = {**os.environ, **server.environ()}
        try:
            with LLMRing(path, on_attempt=_tell, environ=environ) as ring:
                _rate_limit_and_outage(server, ring)
                _cut_stream(server, ring)
                _real_model(server, ring, last)
        finally:
            server.close()
    return 0


def _rate_limit_and_outage(server: DemoServer, ring: LLMRing) -> None:
    _title("1. A rate limit, then an outage: the third model answers", "fast", ring)
    server.plan("openai", "429", "Rate limit reached for requests")
    server.plan("anthropic", "500", "Internal server error")
    server.plan("google", "answers", "Hello from the third model of the alias.")
    response = ring.chat("fast", "Say hello.").result()
    say(f"  {response.content}")
    _account(response)


def _cut_stream(server: DemoServer, ring: LLMRing) -> None:
    _title("2. A stream is cut before its first word: the next model streams", "writer", ring)
    server.plan("ollama", "cut", "You will never read this.")
    server.plan("openai", "answers", "Not a word was lost, and none came twice.")
    _account(_print_stream(ring, "writer", "Write a line."))


def _real_model(server: DemoServer, ring: LLMRing, last: str) -> None:
    _title("3. The vendor is overloaded: a model on this machine answers", "offline", ring)
    row = PROVIDERS[last.partition(":")[0]]
    if row.note:
        say(f"  {last} is {row.note}")
    server.plan("anthropic", "529", "Overloaded")
    question = "What is the capital of France?"
    say(f"  > {question}")
    _account(_print_stream(ring, "offline", question))


def _print_stream(ring: LLMRing, alias: str, question: str) -> StreamChunk:
    chunks = iter(ring.chat_stream(alias, question))
    chunk = next(chunks)
    say(f"  {chunk.delta}", end="")
    for chunk in chunks:
        say(chunk.delta, end="")
    say()
    return chunk


def _title(text: str, alias: str, ring: LLMRing) -> None:
    say(f"\n{text}")
    say(f"  {alias} → {ring.resolve_alias(alias)}, and so on")


def _tell(attempt: Attempt) -> None:
    if attempt.outcome == "ok":
        return
    status = f" {attempt.status}" if attempt.status else ""
    reason = f": {attempt.reason}" if attempt.reason else ""
    say(f"  [{attempt.model} {attempt.outcome}{status} after {attempt.ms:.1f} ms{reason}]")


def _account(end: LLMResponse | StreamChunk) -> None:
    tokens = f"{end.usage.prompt_tokens} + {end.usage.completion_tokens}" if end.usage else "?"
    cost = f"unknown: {end.cost_reason}" if end.cost is None else dollars(end.cost)
    ms = sum(attempt.ms for attempt in end.attempts)
    say(f"  {end.model}: {tokens} tokens, {ms:.1f} ms in all, cost {cost}")


def _last_model() -> str:
    """The real model, where it can run; else a mock, with the reason said."""
    settings = read_settings()
    here = llama.models(settings.local_model, settings.cache_dir)
    mend = None
    if importlib.util.find_spec("xllamacpp") is None:
        mend = llama.INSTALL
    elif not here:
        mend = llama.PULL
    if mend is None:
        return f"local:{here[0].name}"
    note(f"No real model is here, so the last scene ends on a mock. For a real one: {mend}")
    return "mock:fixed?text=This%20answer%20is%20a%20mock's:%20fixed%20text,%20no%20model."
