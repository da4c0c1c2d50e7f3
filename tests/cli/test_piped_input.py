"""Piped input of `llmring chat`, in a process of its own."""

import subprocess
import time

import pytest

from cli.terminal import PYTHON, write
from llmring.cli.piped_input import PATIENCE_SECONDS

ECHO = '[[profiles.default.bindings]]\nalias = "default"\nmodels = ["mock:echo"]\n'


def start(*words: str) -> "subprocess.Popen[bytes]":
    write(ECHO)
    pipe = subprocess.PIPE
    return subprocess.Popen([*PYTHON, "chat", *words], stdin=pipe, stdout=pipe, stderr=pipe)


def test_an_inherited_pipe_that_stays_silent_is_ignored_with_a_note() -> None:
    with start("Hello") as process:
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read().split() == [b"Hello"]
        assert b"standard input is open but silent for 3 s, and is ignored" in process.stderr.read()


@pytest.mark.parametrize("words", [["Hello", "--stdin"], []])
def test_standard_input_is_waited_for_where_it_is_asked_for(words: list[str]) -> None:
    with start(*words) as process:
        time.sleep(PATIENCE_SECONDS + 1)
        out, _ = process.communicate(b"late", timeout=30)

    assert out.split() == [*(word.encode() for word in words[:1]), b"late"]


def test_a_slow_writer_is_waited_for_once_it_has_begun() -> None:
    with start("Hello") as process:
        assert process.stdin is not None
        process.stdin.write("é".encode()[:1])
        process.stdin.flush()
        time.sleep(PATIENCE_SECONDS + 1)
        out, _ = process.communicate("é\r\nb".encode()[1:], timeout=30)

    assert out.decode().split() == ["Hello", "é", "b"]


def test_a_closed_standard_input_and_output_are_no_errors() -> None:
    write(ECHO)

    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {' '.join(PYTHON)} chat Hi <&- >&-"],
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0
    assert b"Error" not in done.stderr
