"""Codex CLI: https://developers.openai.com/codex/config-reference."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from real_clients.documented import block
from real_clients.program import Command, Package, Program, ReadCall, Room

_QUIET = "check_for_update_on_startup = false\n{}\n[analytics]\nenabled = false\n"


def start(room: Room) -> Command:
    """Write the documented settings, and return the command."""
    return _command(room, block("Codex", room.base))


def start_built_in(room: Room) -> Command:
    """Write settings that keep the program's own provider, which begins with a WebSocket."""
    key = {"OPENAI_API_KEY": "any"}
    return _command(room, f'model = "fast"\nopenai_base_url = "{room.base}/v1"\n', key)


def _command(room: Room, settings: str, environ: Mapping[str, str] | None = None) -> Command:
    room.write(".codex/config.toml", _QUIET.format(settings))
    # Its own sandbox needs rights that containers often lack.
    free = "--dangerously-bypass-approvals-and-sandbox"
    return Command(
        words=[str(room.program), "exec", "--skip-git-repo-check", free, room.prompt],
        environ=environ or {},
    )


def _read(path: Path) -> ReadCall:
    return ReadCall(name="exec_command", arguments={"cmd": f"cat {path.name}"})


PROGRAM = Program(
    name="Codex CLI",
    wire="responses",
    package=Package(folder="codex", npm=["@openai/codex@0.171.0"], runs="node_modules/.bin/codex"),
    start=start,
    read=_read,
)
