import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from cli.terminal import (
    PYTHON,
    Call,
    is_plain_error,
    lockfile_of,
    run,
    run_on_terminal,
    write,
)
from llmring.cli import main as command_line
from llmring.cli.main import COMMANDS, GROUPS, Command
from lockfile.texts import EXAMPLE
from loopback import Loopback, Pause, as_stream

Serve = Callable[..., Loopback]

NAMES = [" ".join(command.words) for command in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_each_command_has_examples(call: Call, name: str) -> None:
    result = call(*name.split(), "--help")

    assert (result.code, result.err) == (0, "")
    assert f"\n  llmring {name}" in result.out.partition("examples:")[2]


@pytest.mark.parametrize("name", ["", "lock", "local", *NAMES])
def test_help_is_ascii_and_below_80_columns(call: Call, name: str) -> None:
    result = call(*name.split(), "--help")

    assert result.out.isascii()
    assert max(map(len, result.out.splitlines())) < 80


def test_help_is_printed_on_standard_output(call: Call) -> None:
    result = call("--help")

    assert (result.code, result.err) == (0, "")
    assert [name for name in NAMES if f"\n  {name} " not in result.out] == []


def test_no_command_is_no_error_and_shows_the_next_step(call: Call) -> None:
    result = call()

    assert (result.code, result.err) == (0, "")
    assert "llmring lock init" in result.out
    assert "llmring --help" in result.out


def test_the_help_lists_each_command_once_below_a_heading(call: Call) -> None:
    lines = call("--help").out.splitlines()
    begin = lines.index(f"{GROUPS['use']}:")
    listed = [line for line in lines[begin:] if line.startswith("  ")]

    assert [title for title in GROUPS.values() if f"{title}:" not in lines] == []
    assert [
        name for name in NAMES if sum(line.startswith(f"  {name}  ") for line in listed) != 1
    ] == []


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("words", [["--help"], ["list", "--help"]], ids=" ".join)
def test_the_help_is_as_wide_as_the_terminal_and_at_most_100(
    monkeypatch: pytest.MonkeyPatch, width: int, words: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    code, shown = run_on_terminal(*words)

    options = shown.partition("examples:")[0].splitlines()
    assert code == 0
    assert max(map(len, options)) <= min(width, 100)
    if width == 120 and len(words) > 1:
        assert max(map(len, options)) > 80


def test_a_group_without_a_command_lists_its_commands(call: Call) -> None:
    result = call("lock")

    assert (result.code, result.out) == (2, "")
    assert "lock init " in result.err
    assert "lock validate " in result.err
    assert "aliases" not in result.err.partition("commands:")[2]


def test_a_group_has_help(call: Call) -> None:
    assert call("lock", "--help") == (0, call("lock").err, "")


@pytest.mark.parametrize(
    "group", sorted({command.words[0] for command in COMMANDS if len(command.words) > 1})
)
def test_a_group_of_commands_has_a_description_of_its_own(call: Call, group: str) -> None:
    def about(*words: str) -> str:
        return call(*words, "--help").out.split("\n\n")[1]

    assert about(group) != about()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("alias", "aliases"),
        ("alias --profile dev", "aliases"),
        ("chta Hello", "chat"),
        ("lock inti", "lock init"),
        ("lokc validate", "lock validate"),
        ("init", "lock init"),
        ("validate --file x", "lock validate"),
        ("pull", "local pull"),
        ("stauts", "status"),
        ("lokc", "lock"),
    ],
)
def test_a_mistyped_command_gets_a_suggestion(call: Call, typed: str, meant: str) -> None:
    result = call(*typed.split())

    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"; did you mean 'llmring {meant}'?\n")


def test_an_unknown_command_like_no_other_gets_no_suggestion(call: Call) -> None:
    result = call("quux")

    assert result.code == 2
    assert result.err.endswith("llmring: error: unknown command 'quux'\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--nothing"],
        ["--profile", "dev", "aliases"],
        ["aliases", "--nothing"],
        ["aliases", "--verb"],
        ["aliases", "more"],
        ["aliases", "--json", "--verbose"],
        ["bind", "fast"],
        ["unbind"],
        ["chat", "Hello", "--temperature", "warm"],
        ["lock", "--version"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(call: Call, words: list[str]) -> None:
    result = call(*words)

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("usage: llmring ")


def test_the_version_is_printed(call: Call) -> None:
    from importlib.metadata import version

    printed = (0, f"llmring {version('llmring')}\n", "")
    assert [call(each) for each in ("--version", "-V", "version")] == [printed] * 3


def test_the_script_and_the_module_are_the_same_command() -> None:
    script = Path(sys.executable).with_name("llmring")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == run("--help")


USER_ERRORS = {
    "a bad reference": ("bind", "fast", "gpt-4o-mini"),
    "no such profile": ("aliases", "--profile", "nope"),
    "no such alias": ("unbind", "nope"),
    "no such file": ("aliases", "--file", "nope.lock"),
    "a folder for a file": ("aliases", "--file", "."),
    "a file in the way of a folder": ("lock", "init", "--file", "llmring.lock/llmring.lock"),
    "a file that exists": ("lock", "init"),
    "no such model": ("chat", "Hello", "--model", "nope"),
    "no such provider": ("chat", "Hello", "--model", "nope:nope"),
    "nothing to ask": ("chat",),
    "a timeout of nothing": ("chat", "Hello", "--timeout", "0"),
}


@pytest.mark.parametrize("words", USER_ERRORS.values(), ids=USER_ERRORS)
def test_W032_an_error_is_one_line_and_exit_code_1(call: Call, words: tuple[str, ...]) -> None:
    write(EXAMPLE)

    result = call(*words)

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err), result.err


@pytest.mark.parametrize(
    "command", ["aliases", "bind fast openai:gpt-4o", "unbind fast", "chat Hi"]
)
def test_W032_broken_toml_is_a_one_line_error_with_its_place(call: Call, command: str) -> None:
    path = write("[profiles.default\n").resolve()

    result = call(*command.split())

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err), result.err
    assert f"{path}:1:" in result.err


@pytest.mark.parametrize(
    "words", [("--debug", "aliases", "--profile", "x"), ("aliases", "--profile", "x", "--debug")]
)
def test_debug_shows_the_traceback(words: tuple[str, ...]) -> None:
    write(EXAMPLE)

    result = run(*words)

    assert result.code == 1
    assert result.err.startswith("Traceback (most recent call last)")
    assert "unknown profile 'x'" in result.err


def test_a_bug_is_reported_as_an_internal_error(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = types.ModuleType("llmring.cli.faulty")
    faulty.__dict__.update(EXAMPLES="", arguments=lambda _: None, handle=lambda _: 1 // 0)
    monkeypatch.setitem(sys.modules, faulty.__name__, faulty)
    monkeypatch.setattr(command_line, "COMMANDS", (Command(("faulty",), "faulty", "fail"),))

    result = call("faulty")

    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("llmring: internal error, ZeroDivisionError: ")
    assert result.err.endswith("; see the traceback with --debug\n")


def test_a_provider_s_message_can_t_control_the_terminal(call: Call) -> None:
    result = call("chat", "Hello", "--model", "mock:fail?message=a%1b%5b31mb%0ac")

    assert "\x1b" not in result.err
    assert is_plain_error(result.err), result.err


@pytest.mark.parametrize("words", [["aliases"], ["--help"], ["aliases", "--help"]], ids=" ".join)
def test_a_closed_pipe_causes_no_traceback(words: list[str]) -> None:
    write(EXAMPLE)
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [*PYTHON, *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        check=False,
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_a_one_line_error() -> None:
    write(EXAMPLE)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PYTHON, "aliases"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert is_plain_error(done.stderr), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts are not signals on Windows")
@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_an_interrupt_ends_a_chat_with_130_and_no_traceback(serve: Serve, stream: str) -> None:
    server = serve(as_stream(answers.ROLE, answers.openai_event(content="Hel"), Pause(30)))
    env = {**os.environ, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{server.url}/v1"}
    words = ["chat", "Hello", "--model", "openai:gpt-4o", stream]
    with subprocess.Popen(
        [*PYTHON, *words],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        begun = process.stdout.read(3) if stream == "--stream" else ""
        while not server.requests:
            time.sleep(0.01)
        time.sleep(0.05)  # until the chat waits for the next chunk
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (130, "")
    assert begun + rest == ("Hel\n" if begun else "")


HEAVY = {
    *("httptools", "asyncio", "ssl", "subprocess", "shutil", "sqlite3"),
    *(
        "llmring.client.ring",
        "llmring.registry.bundled",
        "llmring.cli.commands.chat",
        "llmring.lockfile.edit.bindings",
    ),
}


def test_listing_aliases_loads_neither_http_nor_the_catalog() -> None:
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}))
    code = "from llmring.cli.main import main; import sys; main(['aliases']); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert HEAVY & set(done.stdout.split()) == set()
