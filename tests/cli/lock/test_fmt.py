import json
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, write
from lockfile.texts import EXAMPLE

UNTIDY = EXAMPLE.replace(" = ", "=")


@pytest.fixture
def untidy() -> Path:
    return write(UNTIDY)


def test_the_file_is_formatted(call: Call, untidy: Path) -> None:
    result = call("lock", "fmt")

    assert result == (0, "llmring.lock formatted\n", "")
    assert untidy.read_text() == EXAMPLE


def test_a_formatted_file_is_not_rewritten(call: Call) -> None:
    path = write(EXAMPLE)
    before = path.stat()

    assert call("lock", "fmt") == (0, "llmring.lock is formatted already\n", "")
    after = path.stat()
    # Reading it changes the time of its last reading.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_check_changes_nothing_and_fails(call: Call, untidy: Path) -> None:
    result = call("lock", "fmt", "--check")

    assert result == (1, "llmring.lock would change\n", "format it: llmring lock fmt\n")
    assert untidy.read_text() == UNTIDY


def test_check_passes_for_a_formatted_file(call: Call) -> None:
    write(EXAMPLE)

    assert call("lock", "fmt", "--check") == (0, "llmring.lock is formatted\n", "")


def test_the_file_option_selects_the_file(call: Call) -> None:
    path = write(UNTIDY, "other.lock")

    assert call("lock", "fmt", "--file", "other.lock").code == 0
    assert path.read_text() == EXAMPLE


def test_the_suggested_command_names_the_chosen_file(call: Call) -> None:
    write(UNTIDY, "other.lock")

    result = call("lock", "fmt", "--check", "--file", "other.lock")

    assert result.err == "format it: llmring lock fmt --file other.lock\n"


def test_windows_line_ends_and_a_byte_order_mark_are_kept(call: Call) -> None:
    path = Path("llmring.lock")
    path.write_bytes(b"\xef\xbb\xbf" + UNTIDY.replace("\n", "\r\n").encode())

    assert call("lock", "fmt").code == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("words", [["lock", "fmt"], ["lock", "fmt", "--check"]], ids=" ".join)
def test_a_file_that_is_not_a_lockfile_is_rejected(call: Call, words: list[str]) -> None:
    path = write("profiles=3\n")

    result = call(*words)

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert "llmring.lock:1:10: profiles: is not a table" in result.err
    assert path.read_text() == "profiles=3\n"


def test_the_bundled_lockfile_is_never_formatted(call: Call) -> None:
    result = call("lock", "fmt")

    assert (result.code, result.out) == (1, "")
    assert "no llmring.lock here; create one: llmring lock init" in result.err


def test_json_has_the_file_and_its_state(call: Call) -> None:
    write('version="1.0"\n')

    checked = call("lock", "fmt", "--check", "--json")
    written = call("lock", "fmt", "--json")

    path = str(Path("llmring.lock").resolve())
    assert (checked.code, json.loads(checked.out)) == (
        1,
        {"file": path, "changed": False, "formatted": False},
    )
    assert json.loads(written.out) == {"file": path, "changed": True, "formatted": True}
