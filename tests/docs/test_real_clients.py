"""tools/real_clients: settings come from the page, and findings from what a program has sent."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from real_clients import checks, report
from real_clients.__main__ import version_of
from real_clients.checks import Finding
from real_clients.documented import ADDRESS, PAGE, arguments, block, variables
from real_clients.program import Command, Package, Program, ReadCall, Room
from real_clients.programs import PROGRAMS
from real_clients.run import Run, Scene, run
from real_clients.tap import Exchange, read_exchanges

BASE = "http://127.0.0.1:9999"

# A program that asks, reads the file that the model wants, sends it, and prints the answer.
PROGRAM = """
import json, os, sys, urllib.request

def ask(messages):
    tool = {"name": "read", "parameters": {"type": "object", "properties": {"path": {}}}}
    tools = [{"type": "function", "function": tool}]
    body = {"model": "fast", "messages": messages, "tools": tools}
    request = urllib.request.Request(
        os.environ["BASE"] + "/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["choices"][0]["message"]

messages = [{"role": "user", "content": sys.argv[1]}]
answer = ask(messages)
for call in answer.get("tool_calls") or ():
    path = json.loads(call["function"]["arguments"])["path"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": open(path).read()}
    answer = ask([*messages, answer, result])
print(answer["content"])
"""


def start(room: Room) -> Command:
    code = room.write("program.py", PROGRAM)
    return Command(words=[sys.executable, str(code), room.prompt], environ={"BASE": room.base})


STAND_IN = Program(
    name="stand-in",
    wire="chat",
    package=Package(folder="none", runs="none"),
    start=start,
    read=lambda path: ReadCall(name="read", arguments={"path": str(path)}),
)


def ran(folder: Path, scene: Scene) -> Run:
    return run(STAND_IN, folder, scene)


@pytest.mark.parametrize("api", ["anthropic", "openai_responses"])
def test_g191_a_program_reads_the_file_through_the_gateway(tmp_path: Path, api: str) -> None:
    done = ran(tmp_path, Scene(api=api))

    assert (done.code, done.text) == (0, f"The word is {done.word}.")
    assert [each.status for each in done.questions] == [200, 200]
    assert done.word.encode() in done.questions[1].body


def test_g192_the_requests_of_a_program_that_gives_up_are_counted(tmp_path: Path) -> None:
    done = ran(tmp_path, checks.failing("anthropic", "key refused"))

    assert done.code == 1
    assert [each.status for each in done.questions] == [502]
    assert "HTTP Error 502" in done.err


def test_a_program_without_an_end_is_ended(tmp_path: Path) -> None:
    def sleep(room: Room) -> Command:
        return Command(words=[sys.executable, "-c", "import time; time.sleep(60)"])

    done = ran(tmp_path, Scene(api="anthropic", start=sleep, limit=0.3))

    assert done.code is None
    assert done.seconds < 30
    assert done.questions == []


# --- What goes over a connection ---

SENT = (
    b"GET /v1/responses HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
    b"POST /v1/responses HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"
)
GOT = (
    b"HTTP/1.1 426 Upgrade Required\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\nno"
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nyes\r\n"
)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_requests_and_their_answers_are_read_from_bytes_cut_anywhere(size: int) -> None:
    found = seen_in(SENT, GOT, size)

    assert [(each.method, each.body, each.status, each.answer) for each in found] == [
        ("GET", b"", 426, b"no"),
        ("POST", b"{}", 200, b"yes"),
    ]


def test_requests_and_answers_have_the_times_of_their_first_bytes() -> None:
    second, answer = SENT.index(b"POST"), GOT.index(b"HTTP/1.1 200")
    sent = [(1.0, SENT[:second]), (3.0, SENT[second:])]
    got = [(2.0, GOT[:answer]), (4.0, GOT[answer:])]

    assert [(each.at, each.answered_at) for each in read_exchanges(sent, got)] == [(1, 2), (3, 4)]


def test_a_request_without_an_answer_has_no_status() -> None:
    [_, second] = seen_in(SENT, GOT[: GOT.index(b"HTTP/1.1 200")], 10)

    assert (second.status, second.answer) == (None, b"")


def seen_in(sent: bytes, got: bytes, size: int) -> list[Exchange]:
    def pieces(data: bytes) -> list[tuple[float, bytes]]:
        return [(float(at), data[at : at + size]) for at in range(0, len(data), size)]

    return [*read_exchanges(pieces(sent), pieces(got))]


# --- Settings ---


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: f"{each.name}-{each.wire}")
def test_each_program_is_set_up_as_the_page_shows(program: Program, tmp_path: Path) -> None:
    room = Room(
        program=Path("/program"),
        home=tmp_path,
        project=tmp_path,
        note="note.txt",
        base=BASE,
        prompt="Read it",
    )

    command = program.start(room)

    files = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert BASE in files + "".join(command.environ.values())
    assert "fast" in files + " ".join(command.words)
    assert "Read it" in command.words


def test_settings_have_the_address_of_the_gateway() -> None:
    assert variables("aider", BASE)["OPENAI_API_BASE"] == f"{BASE}/v1"
    assert arguments("aider") == ["--model", "openai/fast"]
    assert f'base_url = "{BASE}/v1"' in block("Codex", BASE)
    with pytest.raises(ValueError, match="no settings of nothing"):
        block("nothing", ADDRESS)


# --- The table ---


def finding(check: str, target: str, *, ok: bool | None = True, **more: object) -> Finding:
    return Finding(check=check, target=target, ok=ok, **more)  # type: ignore[arg-type]


def row(*findings: Finding) -> report.Row:
    return report.Row(
        program="Codex CLI", version="1", wire="responses", date="2026-11-30", findings=[*findings]
    )


def test_a_line_of_the_table_shows_what_failed() -> None:
    shown = report.table(
        [
            row(
                finding("reads", "anthropic"),
                finding("reads", "gemini", ok=False),
                finding("survives", "cut-1"),
                finding("survives", "stall", ok=False),
                finding("gives up", "overload", ok=None, requests=4, seconds=60.2, ended=False),
            )
        ]
    )

    assert "Anthropic; **not** Gemini" in shown
    assert "1 of 2; **not** stall" in shown
    assert "4 or more (60 s)" in shown


def test_the_table_is_written_between_its_marks() -> None:
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"

    shown = report.written(page, [row(finding("426", "websocket", detail="155 ms"))])

    assert shown.startswith(f"before\n{report.BEGIN}\n")
    assert shown.endswith(f"{report.END}\nafter\n")
    assert "to HTTP: 155 ms" in shown
    assert "old" not in shown
    with pytest.raises(ValueError, match="marks"):
        report.written("no marks", [])


def test_rows_are_kept_for_later_runs(tmp_path: Path) -> None:
    kept = [row(finding("reads", "anthropic", statuses=[200, None]))]
    report.save(tmp_path / "rows", kept)

    assert report.load(tmp_path / "rows") == kept
    assert report.load(tmp_path / "other") == []


def published() -> list[list[str]]:
    """Return the cells of each line of the published table."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition(report.BEGIN)[2].partition(report.END)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines[1:]]


def test_g003_g013_g022_g191_g192_the_published_runs_are_of_all_programs_without_a_failure() -> (
    None
):
    lines = published()

    assert [tuple(cells[:2]) for cells in lines] == [
        (f"{program.name} {version_of(program)}", report.API_NAMES[program.wire])
        for program in PROGRAMS
    ]
    for cells in lines:
        assert (cells[3], cells[5]) == ("all five", "8 of 8")
    text = PAGE.read_text(encoding="utf-8")
    assert "**fails**" not in text
    for words in report.OWN.values():
        assert words.partition(":")[0] in text


def test_g097_the_programs_ask_once_if_a_budget_is_used_up() -> None:
    column = 6 + checks.FAILURES.index("budget used up")

    for program, cells in zip(PROGRAMS, published(), strict=True):
        assert cells[column].startswith("1 (") is not program.repeats
