"""Claude Code: https://code.claude.com/docs/en/llm-gateway and .../env-vars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from real_clients.documented import arguments, variables
from real_clients.program import Command, Package, Program, ReadCall, Room

_QUIET = {
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
}


def start(room: Room) -> Command:
    """Return the command that calls the alias."""
    return _command(room, arguments("Claude Code"))


def start_unnamed(room: Room) -> Command:
    """Return a command that leaves the model to the program."""
    return _command(room, [])


def _command(room: Room, named: Sequence[str]) -> Command:
    return Command(
        words=[str(room.program), "-p", room.prompt, *named, "--allowedTools", "Read"],
        environ={**_QUIET, **variables("Claude Code", room.base)},
    )


def _read(path: Path) -> ReadCall:
    return ReadCall(name="Read", arguments={"file_path": str(path)})


PROGRAM = Program(
    name="Claude Code",
    wire="messages",
    package=Package(
        folder="claude-code",
        npm=["@anthropic-ai/claude-code@2.1.332"],
        runs="node_modules/.bin/claude",
    ),
    start=start,
    read=_read,
)
