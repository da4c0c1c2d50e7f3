"""Where a conversation appears: a plain terminal, or a pipe, line by line."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from llmring.advisor.desk import Proposal
from llmring.advisor.talk import Screen
from llmring.cli.output import note, say
from llmring.exceptions import ConfigurationError

YOU = "You: "
ADVISOR = "Advisor: "
APPLY = "Apply? [y/N] "

# What a model writes could steer the terminal with these; line feeds and tabs may stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_AT_WORK = {
    "find_models": "looking up models",
    "model_details": "looking up details",
    "estimate_cost": "working out costs",
    "list_aliases": "looking up aliases",
    "list_profiles": "looking up profiles",
    "list_providers": "looking up providers",
}


class Terminal(Screen, Protocol):
    """A person's side of a conversation."""

    def read(self) -> str:
        """What the person says.

        Raises:
            EOFError: They say nothing more.
            KeyboardInterrupt: They think better of it.
        """

    async def agrees(self) -> bool:
        """Whether the person wants the change that was just shown."""

    def show(self, text: str) -> None:
        """Show a text that is no answer."""

    def patch(self, proposal: Proposal) -> None:
        """Show a change."""

    def end(self) -> None:
        """The answer is complete, or was stopped."""


class PlainTerminal:
    """A terminal without any comfort, or a pipe."""

    def __init__(self) -> None:
        self._within = False

    def read(self) -> str:
        """What the person says."""
        return _asked(YOU)

    async def agrees(self) -> bool:
        """Whether the person wants the change."""
        # The loop's own handler would leave the question standing.
        with _interruptible():
            try:
                return is_yes(_asked(APPLY))
            except (EOFError, KeyboardInterrupt):
                say()
                return False

    def show(self, text: str) -> None:
        """Show a text that is no answer."""
        self.end()
        say(harmless(text))

    def patch(self, proposal: Proposal) -> None:
        """Show a change."""
        self.show("\n".join((proposal.diff, *grounds(proposal))))

    def piece(self, text: str) -> None:
        """A piece of the answer."""
        if not self._within:
            say(ADVISOR, end="")
        self._within = True
        say(harmless(text), end="")

    def restart(self) -> None:
        """What was shown of the answer is void."""
        if self._within:
            self.show(" …")
            note("the answer begins anew")

    def working(self, tool: str) -> None:
        """A tool is at work."""
        words = at_work(tool)
        if words is not None:
            self.end()
            note(words)

    def end(self) -> None:
        """The answer is complete."""
        if self._within:
            say()
        self._within = False


def terminal(history: Path | None, words: Callable[[], Sequence[str]]) -> Terminal:
    """The terminal of a conversation; a comfortable one where a person and the extra are there.

    Args:
        history: A file that keeps what the person says; None to keep nothing.
        words: What the Tab key completes.

    Raises:
        ConfigurationError: The file can't be written.
    """
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return PlainTerminal()
    try:
        from llmring.cli.rich_terminal import RichTerminal
    except ImportError:
        note('line editing and completion come with: pip install "llmring[chat]"')
        return PlainTerminal()
    if history is not None:
        _require_writable(history)
    return RichTerminal(history, words)


def _require_writable(history: Path) -> None:
    """Make the file that keeps what is said, for this user alone, if it is not there.

    Raises:
        ConfigurationError: It can't be written.
    """
    try:
        os.close(os.open(history, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"what you type can't be kept in {history}: {error.strerror or error}; name another "
            "file with --history"
        ) from error


def harmless(text: str) -> str:
    """A text without what could steer a terminal."""
    return _CONTROL.sub("", text)


def _asked(question: str) -> str:
    """The answer to a question; a terminal shows it by itself, a pipe does not."""
    import sys

    answer = input(question)
    if not sys.stdin.isatty():
        say(harmless(answer))
    return answer


def is_yes(answer: str) -> bool:
    """Whether an answer agrees; an empty one does not."""
    return answer.strip().lower() in ("y", "yes")


def grounds(proposal: Proposal) -> Iterator[str]:
    """What a change does, and what is known of its models, a line each."""
    yield ""
    yield f"{proposal.done}:" if proposal.evidence else f"{proposal.done}."
    yield from (f"  {line}" for line in proposal.evidence)


def at_work(tool: str) -> str | None:
    """What a tool does, in words; None where that is shown otherwise."""
    words = _AT_WORK.get(tool)
    return None if words is None else f"{words} …"


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends a question that waits."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
