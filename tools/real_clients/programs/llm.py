"""llm: https://llm.datasette.io/en/stable/other-models.html and llm-ollama."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from llmring.gateway.wires import WireName
from real_clients.documented import arguments, block, variables
from real_clients.program import Command, Package, Program, ReadCall, Room

_LLM, _PLUGIN = "llm==0.36", "llm-ollama==0.19.1"
_TOOL = """
def read_file(path: str) -> str:
    "Read a file."
    with open(path) as file:
        return file.read()
"""


def _chat(room: Room) -> Command:
    room.write("llm/extra-openai-models.yaml", block("llm", room.base))
    return _command(room, ["-m", "fast"], {})


def _ollama(room: Room) -> Command:
    row = "llm with llm-ollama"
    return _command(room, arguments(row), variables(row, room.base))


def _command(room: Room, named: Sequence[str], environ: Mapping[str, str]) -> Command:
    return Command(
        words=[str(room.program), *named, "--functions", _TOOL, room.prompt],
        environ={"LLM_USER_PATH": str(room.home / "llm"), **environ},
    )


def _read(path: Path) -> ReadCall:
    return ReadCall(name="read_file", arguments={"path": str(path)})


def _program(
    name: str, wire: WireName, start: Callable[[Room], Command], *packages: str
) -> Program:
    package = Package(folder="llm", pypi=packages, runs="bin/llm")
    return Program(name=name, wire=wire, package=package, start=start, read=_read)


# The version of a program is that of its first package.
PROGRAMS = [
    _program("llm", "chat", _chat, _LLM, _PLUGIN),
    _program("llm with llm-ollama", "ollama", _ollama, _PLUGIN, _LLM),
]
