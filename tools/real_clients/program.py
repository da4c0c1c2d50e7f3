"""A client program: how it is installed, set up and started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from llmring.gateway.wires import WireName


class Package(Struct, frozen=True, kw_only=True):
    """Packages of npm or PyPI.

    Attributes:
        folder: The folder for them, below that of all programs.
        npm: Packages of npm, with their versions.
        pypi: Packages of PyPI, with their versions.
        runs: The program, relative to the folder.
    """

    folder: str
    npm: Sequence[str] = ()
    pypi: Sequence[str] = ()
    runs: str

    def path(self, programs: Path) -> Path:
        """Return the path of the program.

        Args:
            programs: The folder of all programs.
        """
        return programs / self.folder / self.runs


class Room(Struct, frozen=True, kw_only=True):
    """The surroundings of one run.

    Attributes:
        program: The path of the program.
        home: The home folder of its user; empty at first.
        project: The working folder, with a file to read.
        note: The name of that file.
        base: The address of the gateway.
        prompt: The question.
    """

    program: Path
    home: Path
    project: Path
    note: str
    base: str
    prompt: str

    def write(self, path: str, text: str) -> Path:
        """Write a file of settings, by its path in the home folder."""
        found = self.home / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(text, encoding="utf-8")
        return found


class Command(Struct, frozen=True, kw_only=True):
    """A command, and the variables it needs.

    Attributes:
        words: The program and its arguments.
        environ: Variables, in addition to those of all programs.
    """

    words: Sequence[str]
    environ: Mapping[str, str] = {}


class ReadCall(Struct, frozen=True, kw_only=True):
    """A call of the tool with which a program reads a file.

    Attributes:
        name: The tool.
        arguments: Its arguments.
    """

    name: str
    arguments: Mapping[str, Any]


class Program(Struct, frozen=True, kw_only=True):
    """A client program, or one of the ways in which it can be set up.

    Attributes:
        name: Its name.
        wire: The API that it calls.
        package: The packages that have it.
        start: Writes its settings, and returns its command.
        read: Returns the call with which it reads a file, by the file's path; None if it has no
            tools, and sends the file with the question.
        repeats: True if it repeats a request whose budget is used up.
    """

    name: str
    wire: WireName
    package: Package
    start: Callable[[Room], Command]
    read: Callable[[Path], ReadCall] | None = None
    repeats: bool = False
