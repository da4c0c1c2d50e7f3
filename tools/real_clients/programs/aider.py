"""aider: https://aider.chat/docs/llms/openai-compat.html and .../config/options.html."""

from __future__ import annotations

from collections.abc import Callable

from llmring.gateway.wires import WireName
from real_clients.documented import arguments, variables
from real_clients.program import Command, Package, Program, Room

_QUIET = (
    "--analytics-disable",
    "--no-check-update",
    "--no-show-release-notes",
    "--no-show-model-warnings",
    "--no-git",
    "--no-pretty",
    "--yes-always",
)


def _start(row: str) -> Callable[[Room], Command]:
    def start(room: Room) -> Command:
        asked = ("--message", room.prompt, "--read", room.note)
        return Command(
            words=[str(room.program), *arguments(row), *asked, *_QUIET],
            environ={"LITELLM_LOCAL_MODEL_COST_MAP": "True", **variables(row, room.base)},
        )

    return start


def _program(wire: WireName, row: str) -> Program:
    return Program(
        name="aider",
        wire=wire,
        package=Package(folder="aider", pypi=["aider-chat==0.86.2"], runs="bin/aider"),
        start=_start(row),
        repeats=True,
    )


PROGRAMS = [
    _program("chat", "aider"),
    _program("messages", "aider, by Anthropic's API"),
    _program("ollama", "aider, by Ollama's API"),
]
