"""Continue CLI: https://docs.continue.dev/cli/headless-mode and .../reference."""

from __future__ import annotations

from pathlib import Path

from real_clients.documented import block
from real_clients.program import Command, Package, Program, ReadCall, Room


def _start(room: Room) -> Command:
    path = room.write(".continue/config.yaml", block("Continue CLI", room.base))
    return Command(
        words=[str(room.program), "--config", str(path), "--allow", "Read", "-p", room.prompt],
        environ={"CONTINUE_CLI_ENABLE_TELEMETRY": "0", "CONTINUE_TELEMETRY_ENABLED": "0"},
    )


def _read(path: Path) -> ReadCall:
    return ReadCall(name="Read", arguments={"filepath": str(path)})


PROGRAM = Program(
    name="Continue CLI",
    wire="chat",
    package=Package(
        folder="continue", npm=["@continuedev/cli@1.5.47"], runs="node_modules/.bin/cn"
    ),
    start=_start,
    read=_read,
)
