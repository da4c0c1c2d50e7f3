"""llmring serve: what the command accepts, and what it reports before it serves."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, run, write
from llmring.cli.commands.serve import possible_workers

ONE = lockfile_of(default={"fast": ["mock:a"]})
ALL = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize("port", ["65536", "-1", "http", "٣", "9" * 5000])
def test_g173_an_invalid_port_is_wrong_usage(call: Call, port: str) -> None:
    done = call("serve", "--port", port)

    assert done.code == 2
    assert "is not a port; give a number from 0 to 65535" in done.err


@pytest.mark.parametrize("delay", ["-1", "soon", "nan", "inf"])
def test_g174_an_invalid_delay_is_wrong_usage(call: Call, delay: str) -> None:
    done = call("serve", "--drain-delay", delay)

    assert done.code == 2
    assert "give a number of seconds" in done.err


@pytest.mark.parametrize("workers", ["0", "-1", "257", "two", "1.5", "٢", "9" * 5000])
def test_g173_an_invalid_number_of_workers_is_wrong_usage(call: Call, workers: str) -> None:
    done = call("serve", "--workers", workers)

    assert done.code == 2
    assert "give one from 1 to 256" in done.err


@pytest.mark.parametrize(
    ("owner", "name", "value", "reason"),
    [("sys", "platform", "win32", "Windows"), ("sys", "frozen", True, "executable")],
)
def test_g173_where_one_worker_alone_is_possible_a_note_is_printed(
    owner: str,
    name: str,
    value: object,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert [possible_workers(each) for each in (1, 2)] == [1, 2]
    monkeypatch.setattr(f"{owner}.{name}", value, raising=False)

    assert [possible_workers(each) for each in (1, 2, 8)] == [1, 1, 1]
    assert capsys.readouterr().err.count(reason) == 2


@pytest.mark.parametrize("host", [ALL, "::", "192.0.2.7", "gateway.example"])
def test_g109_another_host_than_this_machine_is_refused_without_no_keys(
    call: Call, host: str
) -> None:
    write(ONE)

    done = call("serve", "--host", host)

    assert (done.code, done.out) == (2, "")
    assert is_plain_error(done.err)
    assert "--no-keys" in done.err


def test_g109_no_keys_warns_of_what_it_means() -> None:
    write(ONE)
    command = [sys.executable, "-m", "llmring", "serve", "--host", ALL, "--no-keys", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        warning = process.stderr.readline()
        process.kill()

    assert warning.startswith("WARNING: no keys are needed.")
    assert first.startswith("llmring gateway at http://127.0.0.1:")


def test_g173_a_missing_package_is_named_with_its_command(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(ONE)
    monkeypatch.setattr("llmring.cli.commands.serve.find_spec", lambda _: None)

    done = call("serve")

    assert done.code == 1
    assert is_plain_error(done.err)
    assert "pip install 'llmring[gateway]'" in done.err


def test_g173_an_invalid_lockfile_is_an_error_before_anything_is_served(call: Call) -> None:
    write("version = ")

    done = call("serve", "--port", "0")

    assert done.code == 1
    assert is_plain_error(done.err)
    assert "llmring.lock:1" in done.err


def test_g173_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from llmring.cli.main import main; main(['serve', '--help']); "
        "print([name for name in ('uvicorn', 'asyncio', 'llmring.client.ring', 'httptools') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.rstrip().endswith("[]")


def test_g126_a_check_ends_with_0_if_no_check_failed_and_else_with_1() -> None:
    write(ONE)
    good = run("serve", "--check", "--port", "0")
    write("version = ")
    bad = run("serve", "--check", "--port", "0")

    assert good.code == 0
    assert "ok    port: 127.0.0.1, port 0 is free" in good.out
    assert "ok    gateway: uvicorn" in good.out
    assert bad.code == 1
    assert "fail  lockfile" in bad.out


def test_variables_are_read_from_a_file_that_is_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "keys.env").write_text("OPENAI_API_KEY=sk-0123456789\nnot a variable\n")

    result = call("serve", "--check", "--env-file", str(tmp_path / "keys.env"))

    assert result.code == 1
    assert "keys.env:2: not a variable" in result.err
