"""Gemini CLI: https://geminicli.com/docs/reference/configuration."""

from __future__ import annotations

import json
from pathlib import Path

from real_clients.documented import arguments, block, variables
from real_clients.program import Command, Package, Program, ReadCall, Room

_QUIET = {
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "security": {"auth": {"selectedType": "gemini-api-key"}},
}


def _start(room: Room) -> Command:
    settings = json.loads(block("Gemini CLI", room.base))
    settings["general"] |= {"enableAutoUpdate": False, "enableAutoUpdateNotification": False}
    room.write(".gemini/settings.json", json.dumps({**settings, **_QUIET}))
    return Command(
        words=[str(room.program), *arguments("Gemini CLI"), "--skip-trust", "-p", room.prompt],
        environ=variables("Gemini CLI", room.base),
    )


def _read(path: Path) -> ReadCall:
    return ReadCall(name="read_file", arguments={"file_path": str(path)})


PROGRAM = Program(
    name="Gemini CLI",
    wire="gemini",
    package=Package(
        folder="gemini-cli", npm=["@google/gemini-cli@0.61.0"], runs="node_modules/.bin/gemini"
    ),
    start=_start,
    read=_read,
)
