"""llmring demo: watch failover happen against four simulated vendors on this machine."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.answer_printer import model_warning, print_stream, summary_line
from llmring.cli.colour import Styled, columns
from llmring.cli.output import print_line, print_out
from llmring.cli.text_width import folded
from llmring.client.ring import LLMRing
from llmring.config.settings import read_settings, variables
from llmring.exceptions import ConfigurationError
from llmring.local import llama
from llmring.local.weights import SMOLLM2
from llmring.lockfile import file
from llmring.lockfile.edit.starter import Suggestion, starter
from llmring.registry.price import dollars
from llmring.testing.fake_vendors import DemoServer

EXAMPLES = """A local server speaks the wire formats of OpenAI, Anthropic, Google and Ollama,
and fails on purpose. llmring sends it real requests, through a temporary
lockfile. One answer comes from a real model if one is installed:
  pip install 'llmring[local]'
  llmring local pull

examples:
  llmring demo"""

FAST = Suggestion(
    "fast", ("openai:gpt-6-luna", "anthropic:claude-haiku-5-5", "google:gemini-3.5-flash-lite")
)
WRITER = Suggestion("writer", ("ollama:llama3.2", "openai:gpt-6-sol"))

STORY = Suggestion("story", ("openai:gpt-6-sol", "anthropic:claude-sonnet-5-5"))

# The spaces before what goes on from an indented line.
_DEEPER = 4

# Answers if no real model is installed.
MOCK = "mock:fixed"

# The variables that locate the local model; the rest of the user's environment is ignored.
LOCAL_VARIABLES = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "LLMRING_LOCAL_MODEL")


class _Narrator:
    """Prints failed attempts, each on a line of its own.

    Attributes:
        is_within_text: True if the last line has no end yet.
    """

    is_within_text = False

    def print_attempt(self, attempt: Attempt) -> None:
        if attempt.outcome == "ok":
            return
        if self.is_within_text:
            print_out()
        wait = attempt.error.retry_after if attempt.error else None
        asks = f" (retry after {wait:g} s: trying the next model at once)" if wait else ""
        what = f"{attempt.model} {attempt.outcome}"
        reason = f"in {attempt.ms:.1f} ms: {attempt.reason}{asks}"
        begin = len(what) + 3
        print_line("  ", Styled(what, "error"), " ", _fit(reason, begin, _DEEPER))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""
    del parser


def handle(args: argparse.Namespace) -> int:
    """Run the four scenes."""
    del args
    environ = variables(LOCAL_VARIABLES)
    offline = Suggestion(
        "offline", ("anthropic:claude-haiku-5-5", f"local:{_local_model(environ)}", MOCK)
    )
    with DemoServer() as server, tempfile.TemporaryDirectory(prefix="llmring-demo-") as folder:
        print_out(_fit(f"Four simulated vendors listen on {server.url}."))
        print_out("The requests are real HTTP; the answers are made up, and no cost is charged.")
        path = Path(folder) / file.NAME
        file.create(path, starter((FAST, WRITER, offline, STORY)))
        narrator = _Narrator()
        with LLMRing(
            path, on_attempt=narrator.print_attempt, environ=environ | server.environ()
        ) as ring:
            _rate_limit_and_outage(server, ring)
            _cut_stream(server, ring)
            _real_model(server, ring, offline)
            _broken_answer(server, ring, narrator)
    return 0


def _local_model(environ: Mapping[str, str]) -> str:
    """Return the name of the installed local model, or of the one that `local pull` downloads."""
    settings = read_settings(environ)
    try:
        here = llama.models(settings.local_model, settings.cache_dir)
    except ConfigurationError:  # without a home directory, models have no place
        here = ()
    return here[0].name if here else SMOLLM2.name


def _rate_limit_and_outage(server: DemoServer, ring: LLMRing) -> None:
    question = "Write a greeting."
    _open("1. A rate limit, then an outage: the third model answers", FAST, question)
    server.plan("openai", "429", "Rate limit reached for requests")
    server.plan("anthropic", "500", "Internal server error")
    server.plan("google", "answers", "Hello from the third model of the alias.")
    response = ring.chat("fast", question).result()
    print_out(response.content)
    _close(response)


def _cut_stream(server: DemoServer, ring: LLMRing) -> None:
    question = "Write a line."
    _open("2. A stream is cut before its first word: the next model streams", WRITER, question)
    server.plan("ollama", "cut", "You will never read this.")
    server.plan("openai", "answers", "Not a word was lost, and none came twice.")
    _close(print_stream(ring.chat_stream("writer", question), _preface))


def _real_model(server: DemoServer, ring: LLMRing, offline: Suggestion) -> None:
    question = "What is the capital of France?"
    _open("3. The vendor is overloaded: a model on this machine answers", offline, question)
    server.plan("anthropic", "529", "Overloaded")
    end = print_stream(ring.chat_stream("offline", question), _preface)
    _close(end)
    if end.model == MOCK:
        real = f"That was a mock, not a model. To use a real one: {llama.INSTALL}; {llama.PULL}"
        print_out(_fit(real))


def _broken_answer(server: DemoServer, ring: LLMRing, narrator: _Narrator) -> None:
    question = "Why do stars twinkle?"
    title = "4. An answer breaks off in the middle: the next vendor goes on where it stopped"
    _open(title, STORY, question)
    server.plan(
        "openai",
        "breaks",
        "Starlight crosses moving air, which bends it this way and that, so a star seems",
    )
    server.plan("anthropic", "answers", " to flicker. From space, stars shine without a tremor.")
    with ring.chat_stream("story", question) as stream:
        model, narrator.is_within_text = "", True
        for chunk in stream:
            text = chunk.delta
            if model and chunk.model != model:
                print_line(Styled(f"  --- {chunk.model} goes on ---", "ok"))
                text = text.lstrip()
            model = chunk.model
            print_out(text, end="")
    print_out()
    narrator.is_within_text = False
    _close(chunk)
    print_out(_money(chunk))


def _money(end: StreamChunk) -> str:
    """Return what an answer cost, and how much of that is for the attempt that failed."""
    answered = end.attempts[-1].cost
    if end.cost is None or answered is None:
        return f"Money: unknown ({end.cost_reason})"
    return (
        f"Money: {dollars(end.cost)} in all; of that, {dollars(answered)} for the end of the "
        f"answer,\nand about {dollars(end.cost - answered)} for its beginning: an estimate, as it "
        "was cut short."
    )


def _open(title: str, alias: Suggestion, question: str) -> None:
    print_out(f"\n{title}")
    print_out(_fit(f"  {alias.alias}: {', then '.join(alias.models)}", 0, _DEEPER))
    print_out(f"> {question}")


def _preface(model: str) -> None:
    if model_warning(model):
        print_out(_fit(f"  {model} is {model_warning(model)}", 0, _DEEPER))


def _close(end: LLMResponse | StreamChunk) -> None:
    print_out(_fit(f"  {summary_line(end)}", 0, _DEEPER))


def _fit(text: str, begin: int = 0, indent: int = 0) -> str:
    """Divide a text between words where the terminal ends."""
    return folded(text, columns(sys.stdout), begin, indent)
