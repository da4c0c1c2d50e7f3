import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from llmring import ConfigurationError
from llmring.config.gateway_secret import gateway_secret
from llmring.config.settings import read_settings

posix = pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")

LONG = "a long secret of the whole fleet, 42"


def test_the_secret_of_the_environment_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = read_settings({"LLMRING_GATEWAY_SECRET": LONG, "HOME": str(tmp_path)})

    assert gateway_secret(settings.gateway_secret, settings.state_dir) == LONG.encode()
    assert not settings.state_dir.exists()


def test_a_short_secret_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LLMRING_GATEWAY_SECRET") as caught:
        gateway_secret("hunter2", tmp_path)

    assert "hunter2" not in str(caught.value)


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    made = gateway_secret(None, tmp_path / "new" / "state")

    assert len(made) == 32
    assert gateway_secret(None, tmp_path / "new" / "state") == made
    assert gateway_secret(None, tmp_path / "other") != made


@posix
def test_the_file_and_its_folder_are_for_their_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        gateway_secret(None, tmp_path / "state")
    finally:
        os.umask(before)

    (file,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_other_users_may_open_is_refused_with_the_fix(
    tmp_path: Path, mode: int
) -> None:
    gateway_secret(None, tmp_path)
    (tmp_path / "gateway.secret").chmod(mode)

    with pytest.raises(ConfigurationError, match=r"chmod 600 .*gateway\.secret"):
        gateway_secret(None, tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"secret", b"00" * 31, b"00" * 33, b"\xff" * 64, b"zz" * 32]
)
def test_a_damaged_file_is_neither_used_nor_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "gateway.secret"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(ConfigurationError, match="does not hold the gateway's secret"):
        gateway_secret(None, tmp_path)
    assert file.read_bytes() == content


def test_a_file_that_is_a_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "vault" / "gateway.secret"
    real.parent.mkdir()
    (tmp_path / "gateway.secret").symlink_to(real)

    made = gateway_secret(None, tmp_path)

    assert (tmp_path / "gateway.secret").is_symlink()
    assert bytes.fromhex(real.read_text()) == made


def test_without_a_home_folder_the_error_names_the_variable() -> None:
    with pytest.raises(ConfigurationError, match="set LLMRING_GATEWAY_SECRET"):
        gateway_secret(None, Path("~/.local/state/llmring"))


def test_processes_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; "
        "from llmring.config.gateway_secret import gateway_secret; "
        "print('ready', flush=True); sys.stdin.readline(); "
        "print(gateway_secret(None, Path(sys.argv[1])).hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "state")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()

    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = {process.communicate(timeout=60)[0] for process in started}

    assert found == {gateway_secret(None, tmp_path / "state").hex() + "\n"}
