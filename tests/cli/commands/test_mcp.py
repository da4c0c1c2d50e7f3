"""llmring mcp: what the command accepts, and what it reports before it serves."""

import pytest

from cli.terminal import is_plain_error, lockfile_of, run, write


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_an_invalid_port_is_wrong_usage(port: str) -> None:
    done = run("mcp", "--http", "--port", port)

    assert done.code == 2
    assert "is not a port; give a number from 1 to 65535" in done.err


def test_the_lockfile_and_profile_to_be_edited_are_noted() -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    write(lockfile_of(default={"fast": ["mock:a"]}, dev={}), "other.lock")

    done = run("mcp", "--file", "other.lock", "--profile", "dev")

    assert (done.code, done.out) == (0, "")
    assert done.err == "serving profile dev of other.lock\n"


def test_an_invalid_lockfile_is_an_error_before_anything_is_served() -> None:
    write("version = ")

    done = run("mcp")

    assert done.code == 1
    assert is_plain_error(done.err)
    assert "llmring.lock:1" in done.err
