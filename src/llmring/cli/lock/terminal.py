"""A plain terminal or pipe for conversations, line by line."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import Protocol

from llmring.advisor.agent import Screen
from llmring.advisor.changes import steps_of
from llmring.advisor.editor import Proposal
from llmring.cli.confirmation import is_yes
from llmring.cli.output import harmless, is_terminal, print_note, print_out
from llmring.exceptions import LockfileError

YOU = "You: "
ADVISOR = "Advisor: "
APPLY = "Apply? [y/N] "

_AT_WORK = {
    "find_models": "looking up models",
    "model_details": "looking up details",
    "estimate_cost": "estimating costs",
    "list_aliases": "looking up aliases",
    "list_profiles": "looking up profiles",
    "list_providers": "looking up providers",
}


class Terminal(Screen, Protocol):
    """The user's side of a conversation."""

    def read(self) -> str:
        """Read a message from the user.

        Raises:
            EOFError: The user closed the input.
            KeyboardInterrupt: The user pressed Ctrl-C.
        """

    async def agrees(self) -> bool:
        """Ask the user to confirm the change just shown; return True if they agree."""

    def show(self, text: str) -> None:
        """Show text that is not part of an answer."""

    def patch(self, proposal: Proposal) -> None:
        """Show a proposed change."""

    def end(self) -> None:
        """Finish the answer, complete or not."""


class PlainTerminal:
    """A plain terminal, or a pipe.

    Args:
        label: The name in front of an answer; empty for none.
    """

    def __init__(self, label: str = ADVISOR) -> None:
        self._label = label
        self._within = False

    def read(self) -> str:
        """Read a message from the user."""
        return _ask(YOU)

    async def agrees(self) -> bool:
        """Ask the user to confirm the change; return True if they agree."""
        # The event loop's own handler would not end the question.
        with interruptible():
            try:
                return is_yes(_ask(APPLY))
            except (EOFError, KeyboardInterrupt):
                print_out()
                return False

    def show(self, text: str) -> None:
        """Show text that is not part of an answer."""
        self.end()
        print_out(harmless(text))

    def patch(self, proposal: Proposal) -> None:
        """Show a proposed change."""
        self.show("\n".join((proposal.diff, *proposal_lines(proposal))))

    def piece(self, text: str) -> None:
        """Show the next piece of the answer."""
        if not self._within:
            print_out(self._label, end="")
        self._within = True
        print_out(harmless(text), end="")

    def restart(self) -> None:
        """Discard the answer shown so far; another follows."""
        if self._within:
            self.show(" …")
            print_note("the answer starts over")

    def working(self, tool: str) -> None:
        """Show that a tool is running."""
        words = at_work(tool)
        if words is not None:
            self.end()
            print_note(words)

    def end(self) -> None:
        """Finish the answer."""
        if self._within:
            print_out()
        self._within = False


def _ask(question: str) -> str:
    """Ask a question and return the answer; echo it if the input is a pipe."""
    import sys

    answer = input(question)
    if not is_terminal(sys.stdin):
        print_out(harmless(answer))
    return answer


def proposal_lines(proposal: Proposal) -> Iterator[str]:
    """Describe a change, and the facts about its models, one per line."""
    yield ""
    *others, last = steps_of(proposal.done)
    yield from (f"{each}." for each in others)
    yield f"{last}:" if proposal.evidence else f"{last}."
    yield from (f"  {line}" for line in proposal.evidence)


def read_line(screen: Terminal, end: str) -> str | None:
    """Read a line from the user; None if they end the conversation.

    Args:
        screen: The user's terminal.
        end: The command that ends the conversation.
    """
    while True:
        try:
            line = screen.read().strip()
        except EOFError:
            line = end
            screen.show("")
        except KeyboardInterrupt:
            screen.show(f"(Ctrl-D or {end} ends the conversation)")
            continue
        return None if line == end else line


def may_go_on(check: Callable[[], None], screen: Terminal) -> bool:
    """Check the lockfile before a turn; return False if it can't be read."""
    try:
        check()
    except LockfileError as error:
        screen.show(f"That failed: {error}")
        return False
    return True


def at_work(tool: str) -> str | None:
    """Describe a running tool; None if its effect is shown anyway."""
    words = _AT_WORK.get(tool)
    return None if words is None else f"{words} …"


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end a pending question."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
