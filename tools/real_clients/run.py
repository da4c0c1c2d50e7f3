"""One run of a program through a gateway of its own, onto vendors of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from llmring.gateway.routes import find_route, read_path
from llmring.gateway.wires import WIRES
from loopback import Answer
from real_clients.program import Command, Program, ReadCall, Room
from real_clients.scripted_vendor import ScriptedVendor, decoded, is_main
from real_clients.served import served
from real_clients.tap import Exchange
from vendors import APIS, FALLBACK, Api

LIMIT_SECONDS = 90
PROMPT = "Read the file note.txt in this folder, and answer with the word that is in it."

# No program reaches anything but this machine; the addresses in between are not listened on.
_NOWHERE = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9"),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
}


class Scene(Struct, frozen=True, kw_only=True):
    """The models behind the gateway.

    Attributes:
        api: The API of the first model, a key of `vendors.APIS`.
        answer: The answer of the first model to each question; without it, a file is read.
        first: A call that the first model makes before it has the file read.
        thinks: True if the first model signs its reasoning before it has the file read.
        then: The answer of a second model, of another provider; None for no second one.
        policy: Keys of the binding of the alias `fast`.
        tables: Other tables of the lockfile.
        start: Another command than the program's own.
        limit: Seconds for the program.
    """

    api: str
    answer: Answer | None = None
    first: ReadCall | None = None
    thinks: bool = False
    then: Answer | None = None
    policy: str = ""
    tables: str = ""
    start: Callable[[Room], Command] | None = None
    limit: float = LIMIT_SECONDS


class Run(Struct, frozen=True, kw_only=True):
    """What a program did.

    Attributes:
        code: Its exit code; None if it did not end in time.
        out: Its output.
        err: Its error output.
        seconds: Its time.
        word: The word in the file.
        exchanges: All its requests.
        questions: Those of them that are the question itself.
        returned: True if the model got the signature of its reasoning back.
        files: The files of its home folder, by path, that are small.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    word: str
    exchanges: Sequence[Exchange]
    questions: Sequence[Exchange]
    returned: bool
    files: Mapping[str, bytes]

    @property
    def text(self) -> str:
        """The output, with single spaces."""
        return " ".join(self.out.split())


def run(program: Program, programs: Path, scene: Scene) -> Run:
    """Run a program.

    Args:
        program: The program.
        programs: The folder in which all are installed.
        scene: The models behind the gateway.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=programs, prefix="run-")))
        for name in ("home", "project", "gateway"):
            (folder / name).mkdir()
        word = f"pelican-{secrets.randbelow(9 * 10**5) + 10**5}"
        note = folder / "project" / "note.txt"
        note.write_text(f"The word is {word}.\n", encoding="utf-8")
        api = APIS[scene.api]
        first = ScriptedVendor(
            api, program, note, scene.answer, first=scene.first, thinks=scene.thinks
        )
        vendors = [stack.enter_context(first)]
        apis = [api]
        if scene.then is not None:
            vendors.append(stack.enter_context(ScriptedVendor(FALLBACK, program, note, scene.then)))
            apis.append(FALLBACK)
        environ: dict[str, str] = {}
        for one, vendor in zip(apis, vendors, strict=True):
            environ |= {one.url: vendor.url + one.path, one.key: "sk-0123456789abcdef"}
        tap = stack.enter_context(served(folder / "gateway", _lockfile(apis, scene), environ))
        room = Room(
            program=program.package.path(programs),
            home=folder / "home",
            project=folder / "project",
            note=note.name,
            base=tap.url,
            prompt=PROMPT,
        )
        command = (scene.start or program.start)(room)
        begun = time.monotonic()
        code, out, err = _executed(command, room, scene.limit)
        seconds = time.monotonic() - begun
        exchanges = tap.exchanges()
        return Run(
            code=code,
            out=out,
            err=err,
            seconds=seconds,
            word=word,
            exchanges=exchanges,
            questions=[each for each in exchanges if _is_question(program, each)],
            returned=first.returned,
            files=_small_files(room.home),
        )


def _lockfile(apis: Sequence[Api], scene: Scene) -> str:
    models = ", ".join(f'"{each.model}"' for each in apis)
    binding = f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = [{models}]\n{scene.policy}'
    return f"{apis[0].lockfile}\n{scene.tables}\n{binding}\n"


def _executed(command: Command, room: Room, limit: float) -> tuple[int | None, str, str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(room.home),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "SHELL": "/bin/sh",
        "DO_NOT_TRACK": "1",
        **_NOWHERE,
        **command.environ,
    }
    with subprocess.Popen(  # noqa: S603  # our own table
        command.words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=room.project,
        env=environ,
        start_new_session=True,
    ) as process:
        code: int | None
        try:
            out, err = process.communicate(timeout=limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            code = None
        # Programs may leave others behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if code is None:
            out, err = process.communicate()
    return code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _is_question(program: Program, exchange: Exchange) -> bool:
    path = read_path(exchange.path.partition("?")[0]).path
    route = find_route(exchange.method, path, exchange.headers)
    if route.handler != "endpoints.chat:answer_chat":
        return False
    wire = next(each for each in WIRES if each is route.wire)
    return is_main(program, decoded(wire, exchange.body, exchange.headers))


def _small_files(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 100_000
    }
