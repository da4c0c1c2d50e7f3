"""The checks of a program: each is one run, and a finding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec import Struct, structs

from broken_streams import FAULTS, STALL, WORDS, broken, going_on, seen
from llmring.chat.events import TextDelta
from llmring.dialects.reply_encoding import ErrorAnswer
from loopback import Answer, Pause
from real_clients.program import Program, ReadCall
from real_clients.programs import claude_code, codex
from real_clients.run import Run, Scene, run
from vendors import APIS

# The vendor whose streams break, for each API that a program calls: never one of the same API.
_BREAKS = {
    "chat": "anthropic",
    "responses": "anthropic",
    "messages": "openai_chat",
    "gemini": "openai_responses",
    "ollama": "openai_chat",
}

# The APIs whose models sign their reasoning.
SIGNED = ("anthropic", "gemini", "openai_responses")

RETURNED = "returned"

# Failures that the client sees, of a gateway that has one model.
FAILURES = ("budget used up", "rate limit", "overload", "key refused", "stream cut")

_PRICES = """
[registry.models."{model}"]
prices = {{input = 1, output = 1}}
capabilities = ["tools", "reasoning", "temperature"]
"""
_SPENT = "daily_budget = 0.000001"
_FAILURE_SECONDS = 60
_NAMES = '[gateway.names]\n"claude-*" = "fast"\n'
_OTHERS = "".join(
    f'[[profiles.default.bindings]]\nalias = "{name}"\nmodels = ["deepseek:any"]\n'
    for name in ("deep", "claude-coder", "sum-mary")
)


class Finding(Struct, frozen=True, kw_only=True):
    """The result of a check.

    Attributes:
        check: The check.
        target: The API of the model, or the fault.
        ok: True if all is as it should be; None if there is nothing to compare it with.
        detail: A figure, or the reason of a failure.
        requests: The number of times that the program asked its question.
        seconds: The time that the program took.
        ended: False if it was ended after that time.
        statuses: The statuses that it got for that.
    """

    check: str
    target: str
    ok: bool | None
    detail: str = ""
    requests: int = 0
    seconds: float = 0
    ended: bool = True
    statuses: Sequence[int | None] = ()


Check = Callable[[Program, Path], Iterator[Finding]]


def reads(program: Program, programs: Path) -> Iterator[Finding]:
    """Let the program read a file, with models of each API."""
    for name in APIS:
        done = run(program, programs, Scene(api=name))
        asked = 1 if program.read is None else 2
        fine = done.code == 0 and done.word in done.out and len(done.questions) == asked
        yield _finding("reads", name, done, fine)


def thinks(program: Program, programs: Path) -> Iterator[Finding]:
    """Let models reason before the file is read, and see whether they get their signature back."""
    if program.read is None or program.wire == "ollama":
        return
    # Chat Completions has a place for signatures of calls alone.
    for name in ("gemini",) if program.wire == "chat" else SIGNED:
        done = run(program, programs, Scene(api=name, thinks=True))
        fine = done.code == 0 and done.word in done.out and len(done.questions) == 2
        found = _finding("thinks", name, done, fine)
        yield (
            _with_detail(found, "returned" if done.returned else "not returned") if fine else found
        )


def survives(program: Program, programs: Path) -> Iterator[Finding]:
    """Break the answer of the first model in each way; the second one goes on."""
    name = _BREAKS[program.wire]
    stalled = broken(name, 3, [Pause(30)])
    walls = {**{fault: make(name) for fault, make in FAULTS.items()}, "stall": stalled}
    whole = "".join(WORDS).strip()
    for fault, answer in walls.items():
        scene = Scene(
            api=name, answer=answer, then=going_on(seen(fault)), policy=f"stall_timeout = {STALL}"
        )
        done = run(program, programs, scene)
        first = WORDS[0].strip()
        shown = whole in done.text and done.text.count(first) == whole.count(first)
        fine = done.code == 0 and shown and len(done.questions) == 1
        yield _finding("survives", fault, done, fine)


def gives_up(program: Program, programs: Path) -> Iterator[Finding]:
    """Count the requests of the program after failures that no other model repairs."""
    for failure in FAILURES:
        done = run(program, programs, failing(_BREAKS[program.wire], failure))
        # Others may repeat what could succeed a little later.
        found = _finding("gives up", failure, done, None)
        if failure == "budget used up" and not program.repeats:
            spent = 429 if program.wire == "responses" else 402
            found = _finding("gives up", failure, done, found.statuses == [spent])
        yield found


def failing(name: str, failure: str) -> Scene:
    """Return a gateway whose only model fails.

    Args:
        name: The API of the model.
        failure: The failure.
    """
    api = APIS[name]
    if failure == "stream cut":
        return Scene(api=name, answer=FAULTS["cut-3"](name), limit=_FAILURE_SECONDS)
    if failure == "budget used up":
        tables = _PRICES.format(model=api.model)
        answer = api.answer(TextDelta("no"), stream=True)
        return Scene(api=name, answer=answer, policy=_SPENT, tables=tables, limit=_FAILURE_SECONDS)
    code = {"rate limit": 429, "overload": 503, "key refused": 401}[failure]
    head, body = api.encoding.error(ErrorAnswer(status=code, message="no", retry_after=1.0))
    return Scene(api=name, answer=Answer([body], code, dict(head.headers)), limit=_FAILURE_SECONDS)


def _finding(check: str, target: str, done: Run, ok: bool | None) -> Finding:
    detail = ""
    if ok is False:
        code = f"exit {done.code}"
        detail = f"{code}, {len(done.questions)} requests: {(done.out + done.err)[-1500:]}"
    return Finding(
        check=check,
        target=target,
        ok=ok,
        detail=detail,
        requests=len(done.questions),
        seconds=round(done.seconds, 1),
        ended=done.code is not None,
        statuses=[each.status for each in done.questions],
    )


# --- Of one program each ---


def codex_skips_the_websocket(program: Program, programs: Path) -> Iterator[Finding]:
    """Measure the time from the refused handshake to the first request over HTTP."""
    scene = Scene(api="anthropic", start=codex.start_built_in)
    done = run(program, programs, scene)
    times = [
        after.at - (before.answered_at or before.at)
        for before, after in pairwise(done.exchanges)
        if before.status == 426
    ]
    fine = done.code == 0 and done.word in done.out and len(times) == 1 and times[0] < 1
    found = _finding("426", "websocket", done, fine)
    if fine:
        [seconds] = times
        yield _with_detail(found, f"{seconds * 1000:.0f} ms")
    else:
        yield found


def claude_code_finds_the_models(program: Program, programs: Path) -> Iterator[Finding]:
    """Look for the aliases in the file in which Claude Code keeps what it finds."""
    scene = Scene(api="openai_chat", tables=_OTHERS)
    done = run(program, programs, scene)
    wanted = ("fast", "deep", "claude-coder", "sum-mary")
    names = [f'"claude/{name}"'.encode() for name in wanted]
    holding = [path for path, data in done.files.items() if all(name in data for name in names)]
    fine = done.code == 0 and bool(holding)
    found = _finding("discovery", "all aliases", done, fine)
    yield _with_detail(found, f"`~/{holding[0]}`") if fine else found


def claude_code_needs_no_model(program: Program, programs: Path) -> Iterator[Finding]:
    """Leave the model to Claude Code, with one rule for its names."""
    scene = Scene(api="openai_chat", tables=_NAMES, start=claude_code.start_unnamed)
    done = run(program, programs, scene)
    fine = done.code == 0 and done.word in done.out and len(done.questions) == 2
    found = _finding("names", "one rule", done, fine)
    if fine:
        model = json.loads(done.questions[0].body)["model"]
        yield _with_detail(found, f"`{model}`")
    else:
        yield found


def claude_code_loads_tools(program: Program, programs: Path) -> Iterator[Finding]:
    """Let the model look for a tool that Claude Code names only then."""
    call = ReadCall(name="ToolSearch", arguments={"query": "select:WebFetch", "max_results": 5})
    start = claude_code.start_unnamed
    scene = Scene(api="openai_chat", tables=_NAMES, start=start, first=call)
    done = run(program, programs, scene)
    tools = [[each["name"] for each in json.loads(q.body)["tools"]] for q in done.questions]
    loaded = ["WebFetch" in names for names in tools]
    fine = done.code == 0 and done.word in done.out and loaded == [False, True, True]
    found = _finding("tools", "deferred", done, fine)
    yield _with_detail(found, "`WebFetch`") if fine else found


def _with_detail(found: Finding, detail: str) -> Finding:
    return structs.replace(found, detail=detail)


CHECKS: dict[str, Check] = {
    "reads": reads,
    "thinks": thinks,
    "survives": survives,
    "gives up": gives_up,
}
OWN: dict[str, Sequence[Check]] = {
    codex.PROGRAM.name: [codex_skips_the_websocket],
    claude_code.PROGRAM.name: [
        claude_code_finds_the_models,
        claude_code_needs_no_model,
        claude_code_loads_tools,
    ],
}
