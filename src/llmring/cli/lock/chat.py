"""llmring lock chat: choose models and edit a lockfile in conversation."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmring.cli.folded_lines import print_diff, print_folded
from llmring.cli.lock.terminal import PlainTerminal, may_go_on, read_line
from llmring.cli.lockfile_options import add_options, edit_target
from llmring.cli.output import harmless, is_terminal, print_error, print_json, print_note, print_out
from llmring.cli.trust_check import add_trust_option, require_consent
from llmring.exceptions import ConfigurationError, LLMRingError

if TYPE_CHECKING:
    from llmring.advisor.agent import Turn
    from llmring.advisor.editor import LockfileEditor, Proposal
    from llmring.advisor.session import Session
    from llmring.advisor.toolset import Agree
    from llmring.cli.lock.terminal import Terminal

EXAMPLES = """examples:
  llmring lock chat
  llmring lock chat --guided    # no model, no key, no network
  llmring lock chat --model local:smollm2-135m
  llmring lock chat "bind a cheap model with fallbacks to fast" --yes --json

With a MESSAGE, no confirmation is requested: without --yes, changes are only
shown, and the exit code is 1. It is also 1 if the request can't be done."""

HELP = """\
Describe what you need. Each change is shown, and made once you agree.
  /aliases   the aliases of the profile
  /diff      all changes since the start
  /undo      undo the last change
  /cost      what the conversation has cost so far
  /quit      end it (also: quit, exit, bye, Ctrl-D); Ctrl-C stops an answer"""

_NOBODY = (
    "No user is present to agree: the change is only proposed, and nothing was written. Describe "
    "what you propose; do not ask."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "message", metavar="MESSAGE", nargs="?", help="the request (default: start a conversation)"
    )
    parser.add_argument(
        "--model",
        "-m",
        metavar="ALIAS",
        help="alias or provider:model that answers (default: advisor, from your lockfile or "
        "llmring's own)",
    )
    parser.add_argument("--guided", action="store_true", help="use rules instead of a model")
    parser.add_argument("--yes", "-y", action="store_true", help="make changes without asking")
    parser.add_argument(
        "--history", metavar="PATH", help="save what you type to this file (default: save nothing)"
    )
    parser.add_argument("--json", action="store_true", help="print the result of a MESSAGE as JSON")
    add_trust_option(parser)
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Hold the conversation."""
    from llmring.advisor.editor import editor_for
    from llmring.advisor.session import ALIAS, begin
    from llmring.advisor.toolset import DECLINED, Tools

    wrong = _misuse(args)
    if wrong:
        print_error(wrong)
        return 2
    if not args.guided:
        require_consent(args)
    target = edit_target(args)
    editor = editor_for(target.path, target.profile)
    # This command prints failures itself; keep the library's log off the terminal.
    logging.getLogger("llmring").addHandler(logging.NullHandler())
    alias = None if args.guided else args.model or ALIAS
    if args.message is not None:
        tools = Tools(editor, _always if args.yes else _never, _NOBODY)
        return _answer_once(args, begin(editor, tools, alias))
    screen = terminal(Path(args.history) if args.history else None, lambda: _completions(editor))
    tools = Tools(editor, _confirmation(screen, sure=args.yes), DECLINED)
    session = begin(editor, tools, alias)
    print_note(target.place)
    return converse(session, screen, lambda: None if args.guided else require_consent(args))


def _misuse(args: argparse.Namespace) -> str | None:
    if args.json and args.message is None:
        return '--json is for a MESSAGE: llmring lock chat "bind a cheap model to fast" --json'
    if args.guided and args.model:
        return "--guided calls no model; leave out --model"
    return None


async def _always(_: Proposal) -> bool:
    return True


async def _never(_: Proposal) -> bool:
    return False


def _confirmation(screen: Terminal, *, sure: bool) -> Agree:
    async def agree(proposal: Proposal) -> bool:
        screen.patch(proposal)
        return sure or await screen.agrees()

    return agree


def converse(session: Session, screen: Terminal, check: Callable[[], None]) -> int:
    """Run a conversation until the user ends it, then print what was changed.

    Args:
        session: The conversation with the advisor.
        screen: The user's terminal.
        check: Called before each turn, as the lockfile may have changed; raises if the user does
            not agree to what it does now.
    """
    screen.show(f"{session.who.greeting}\n/help lists commands; /quit ends.")
    with asyncio.Runner() as runner:
        try:
            while (line := read_line(screen, QUIT)) is not None:
                if line.lower() in _QUITTING:
                    break
                command = COMMANDS.get(line)
                if command is not None:
                    screen.show(_run_command(command, session))
                elif line.startswith("/"):
                    screen.show(
                        f"Unknown command {line}; use one of {', '.join([*COMMANDS, QUIT])}"
                    )
                elif line and may_go_on(check, screen):
                    _answer(runner, session, screen, line)
        finally:
            runner.run(session.close())
    screen.show(_summary(session.editor))
    return 0


def _answer(runner: asyncio.Runner, session: Session, screen: Terminal, line: str) -> None:
    try:
        turn = runner.run(session.say(line, screen))
    except KeyboardInterrupt:
        screen.show("(stopped)")
    except LLMRingError as error:
        screen.show(f"That failed: {error}")
    else:
        if turn.ungrounded:
            screen.show(f"not from the registry: {turn.ungrounded}")
    finally:
        screen.end()


def _run_command(command: Callable[[Session], str], session: Session) -> str:
    try:
        return command(session)
    except LLMRingError as error:
        return f"That failed: {error}"


def _aliases(session: Session) -> str:
    bound = session.editor.aliases()
    lines = [f"{alias} → {', '.join(models)}" for alias, models in bound.items()]
    return "\n".join(lines) or f"Profile {session.editor.profile} has no aliases yet."


def _undo(session: Session) -> str:
    from llmring.advisor.changes import listed

    return f"Undone:{listed(session.editor.undo().done)}"


COMMANDS: Mapping[str, Callable[[Session], str]] = {
    "/aliases": _aliases,
    "/diff": lambda session: session.editor.diff or "Nothing was changed.",
    "/undo": _undo,
    "/cost": lambda session: f"The conversation has cost {session.meter}.",
    "/help": lambda _: HELP,
}
QUIT = "/quit"
# What people write to end a conversation without looking up the command.
_QUITTING = ("/exit", "quit", "exit", "bye", "goodbye")


def _completions(editor: LockfileEditor) -> Sequence[str]:
    """List the words that the Tab key completes."""
    try:
        aliases = [*editor.aliases()]
    except LLMRingError:
        aliases = []
    return [*COMMANDS, QUIT, *aliases, *map(str, editor.models)]


def _summary(editor: LockfileEditor) -> str:
    if not editor.done:
        return "Nothing was changed."
    return "\n".join([f"Changed in {editor.path.name}:", *_steps(editor)])


def _steps(editor: LockfileEditor) -> Iterator[str]:
    from llmring.advisor.changes import steps_of

    yield from (f"  {step}" for done in editor.done for step in steps_of(done))


class _Silence:
    """A screen that shows nothing."""

    def piece(self, text: str) -> None:
        """Show nothing."""

    def restart(self) -> None:
        """Show nothing."""

    def working(self, tool: str) -> None:
        """Show nothing."""


def _answer_once(args: argparse.Namespace, session: Session) -> int:
    """Answer one message without asking for consent; return the exit code."""

    async def answer() -> Turn:
        try:
            return await session.say(args.message, _Silence())
        finally:
            await session.close()

    turn = asyncio.run(answer())
    proposals = session.tools.proposals
    done = turn.done and all(agreed for _, agreed in proposals)
    if args.json:
        print_json({"done": done, **_to_json(session, turn)})
    else:
        _print(session, turn)
    if not all(agreed for _, agreed in proposals):
        print_note("nothing was written; make the changes with --yes")
    return 0 if done else 1


def _print(session: Session, turn: Turn) -> None:
    from llmring.cli.lock.terminal import proposal_lines

    if session.who.mode == "guided":
        print_note("guided mode: no model answers; choices are made by rules")
    for line in harmless(turn.text).splitlines() or [""]:
        print_folded(line, deeper=0)
    for proposal, _ in session.tools.proposals:
        print_out()
        print_diff(proposal.diff)
        for each in proposal_lines(proposal):
            print_folded(harmless(each))
    if turn.ungrounded:
        print_note(f"not from the registry: {turn.ungrounded}")


def _to_json(session: Session, turn: Turn) -> dict[str, Any]:
    """Convert a turn to JSON-compatible data."""
    from llmring.advisor.editor import to_json

    cost = session.meter.total
    return {
        "answer": turn.text,
        "mode": session.who.mode,
        "model": turn.model,
        "changes": [
            {**to_json(proposal), "applied": agreed} for proposal, agreed in session.tools.proposals
        ],
        "ungrounded": [*turn.ungrounded.prices, *turn.ungrounded.models],
        "cost": None if cost is None else f"{cost:f}",
        "cost_reason": session.meter.unknown,
    }


def terminal(history: Path | None, words: Callable[[], Sequence[str]]) -> Terminal:
    """Choose a terminal: a rich one for a user with the extra `chat`, else a plain one.

    Args:
        history: A file to save input to; None to save nothing.
        words: Returns the words that the Tab key completes.

    Raises:
        ConfigurationError: The history file can't be written.
    """
    import sys

    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        return PlainTerminal()
    try:
        from llmring.cli.lock.rich_terminal import RichTerminal
    except ImportError:
        print_note('for line editing and completion: pip install "llmring[chat]"')
        return PlainTerminal()
    if history is not None:
        _require_writable(history)
    return RichTerminal(history, words)


def _require_writable(history: Path) -> None:
    """Create the history file, readable by this user only, if it is missing.

    Raises:
        ConfigurationError: The file can't be written.
    """
    try:
        os.close(os.open(history, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"can't write the history file {history}: {error.strerror or error}; name another "
            "with --history"
        ) from error
