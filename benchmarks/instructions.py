"""The instructions of a call and of a chunk, counted by callgrind: `make bench-instructions`.

Each client runs twice under valgrind, with few calls and with more; the difference is that of the
calls alone, as both runs start in the same way. llmring runs without its ledger, which is written
by the clock, and so for far fewer calls at a time under valgrind, which is many times slower.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from figures import number, paragraph, ratio, table
from machine import described
from page import INSTRUCTIONS
from peers import FLOOR, FLOOR_JSON, PEERS, UNRECORDED, UPSTREAM, Peer, install, python
from processes import HERE, Ports, Told, environ, upstream
from section import replace
from texts import ANSWER, EVENTS, pieces

CALLS = (100, 300)
STREAMS = (3, 9)
SYNCHRONOUS = f"{UNRECORDED}, synchronous"


class Count(NamedTuple):
    """Calls whose instructions are counted.

    Attributes:
        name: Their row on the page.
        peer: The client.
        stream: True for streams.
        blocking: True for synchronous calls.
    """

    name: str
    peer: Peer
    stream: bool
    blocking: bool = False

    @property
    def shares(self) -> int:
        """Number of calls or chunks that the longer run has more."""
        return (STREAMS[1] - STREAMS[0]) * EVENTS if self.stream else CALLS[1] - CALLS[0]


def counts() -> list[Count]:
    """List what is counted."""
    peer = {each.name: each for each in PEERS}
    both = (False, True)
    return [
        *(Count(UNRECORDED, peer[UNRECORDED], stream) for stream in both),
        *(Count(SYNCHRONOUS, peer[UNRECORDED], stream, blocking=True) for stream in both),
        *(Count(FLOOR_JSON, peer[FLOOR_JSON], stream) for stream in both),
        Count(FLOOR, peer[FLOOR], stream=True),
    ]


def counted(count: Count, peers: Path, ports: Ports) -> float:
    """Count the instructions of one call, or of one chunk."""
    few, more = (
        _instructions(count, calls, peers, ports) for calls in (STREAMS if count.stream else CALLS)
    )
    return (more - few) / count.shares


def _instructions(count: Count, calls: int, peers: Path, ports: Ports) -> int:
    job: dict[str, Any] = {
        "do": "count",
        "url": ports.url("ok"),
        "text": "".join(pieces(EVENTS)) if count.stream else ANSWER,
        "stream": count.stream,
        "blocking": count.blocking,
        "calls": calls,
    }
    script, *arguments = count.peer.command
    interpreter = python(peers / count.peer.environment)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        found = home / "callgrind.out"
        ended = subprocess.run(  # noqa: S603  # our own files
            [
                _valgrind(),
                "--tool=callgrind",
                f"--callgrind-out-file={found}",
                str(interpreter),
                str(HERE / "clients" / script),
                *arguments,
            ],
            input=json.dumps(job) + "\n",
            env={**environ(home), "PYTHONHASHSEED": "0"},
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(ended.stderr.strip()[-300:])
        result: Told = json.loads(ended.stdout.splitlines()[-1])
        if result.get("error") or result["wrong"]:
            raise RuntimeError(f"{count.name}: {result}")
        return _total(found.read_text())


def _total(profile: str) -> int:
    # https://valgrind.org/docs/manual/cl-format.html: "totals" is the sum of all costs.
    lines = (line.split() for line in reversed(profile.splitlines()))
    return next(int(line[1]) for line in lines if line and line[0] == "totals:")


def _valgrind() -> str:
    path = shutil.which("valgrind")
    if path is None:
        raise SystemExit("valgrind is missing; install it, as with `apt install valgrind`")
    return path


def section(found: Mapping[tuple[str, bool], float]) -> str:
    """Format what was counted, by name and by whether it is of streams."""
    asked = [_valgrind(), "--version"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603
    day = datetime.now(tz=UTC).date().isoformat()
    floors = (found.get((FLOOR_JSON, False)), found.get((FLOOR, True)))
    rows = [
        [
            name,
            number(found.get((name, False))),
            number(ratio(found.get((name, False)), floors[0])),
            number(found.get((name, True))),
            number(ratio(found.get((name, True)), floors[1])),
        ]
        for name in dict.fromkeys(name for name, _ in found)
    ]
    heads = ("", "instructions a call", f"by {FLOOR_JSON}", "instructions a chunk", f"by {FLOOR}")
    return "\n".join(
        [
            *paragraph(
                f"`make bench-instructions`, {day}: {version.stdout.strip()}, {described()}. "
                "Instructions of the client's process, all threads, without those of the system; "
                "the difference of two runs, so that starting is not in them. They hardly depend "
                "on the load of the machine. llmring runs without its ledger, which is written by "
                "the clock and would be written too often here."
            ),
            "",
            *table(heads, rows),
        ]
    )


def main() -> int:
    """Count, print the table, and save it with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="folder of their environments")
    parser.add_argument("--save", type=Path, help="the page to save it in")
    arguments = parser.parse_args()
    peers = arguments.peers.absolute()
    _valgrind()
    wanted = counts()
    if install(peers, dict.fromkeys([UPSTREAM, *(each.peer.environment for each in wanted)])):
        return 1
    found: dict[tuple[str, bool], float] = {}
    with upstream(python(peers / UPSTREAM)) as ports:
        for each in wanted:
            found[each.name, each.stream] = counted(each, peers, ports)
            kind = "chunk" if each.stream else "call"
            sys.stderr.write(f"{each.name}: {found[each.name, each.stream]:,.0f} a {kind}\n")
    text = section(found)
    sys.stdout.write(text + "\n")
    if arguments.save:
        replace(arguments.save, INSTRUCTIONS, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
