import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmring import LLMRing
from llmring.exceptions import (
    AliasNotFoundError,
    LockfileError,
    LockfileExistsError,
    LockfileNotFoundError,
    LockfileParseError,
)
from llmring.lockfile import file
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.document import parse
from llmring.lockfile.edit.bindings import bind, unbind
from llmring.lockfile.file import LockfileSource, create, find, read, update
from lockfile.texts import EXAMPLE

as_root = os.name == "posix" and os.geteuid() == 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "llmring.lock"
    found.write_text(EXAMPLE)
    return found


def unchanged(text: str) -> str:
    return text


def bound(alias: str) -> str:
    return bind(EXAMPLE, alias, "mock:echo", "default")


def test_S012_the_argument_wins_over_everything(tmp_path: Path, path: Path) -> None:
    (tmp_path / "mine.lock").touch()

    source = find(str(tmp_path / "mine.lock"), str(path), tmp_path)

    assert source == LockfileSource(tmp_path / "mine.lock", "argument", writable=True)


def test_S013_an_argument_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"given lockfile does .*lock init --file .*mine\.lock"
    ):
        find("mine.lock", None, tmp_path)


def test_S014_the_environment_comes_second(tmp_path: Path, path: Path) -> None:
    (tmp_path / "env.lock").touch()

    assert find(None, "env.lock", tmp_path).rule == "environment"


def test_S015_an_environment_path_that_does_not_exist_is_an_error(
    tmp_path: Path, path: Path
) -> None:
    with pytest.raises(LockfileNotFoundError, match="LLMRING_LOCKFILE_PATH does not"):
        find(None, "env.lock", tmp_path)


def test_S016_the_working_folder_comes_third(tmp_path: Path, path: Path) -> None:
    assert find(None, None, tmp_path) == LockfileSource(path, "folder", writable=True)


def test_S016_folders_above_are_not_searched(tmp_path: Path, path: Path) -> None:
    (tmp_path / "below").mkdir()

    assert find(None, None, tmp_path / "below").rule == "bundled"


def test_S017_the_bundled_lockfile_comes_last(tmp_path: Path) -> None:
    assert find(None, "", tmp_path) == LockfileSource(
        BUNDLED, "bundled", writable=False, searched=tmp_path
    )


def test_S018_a_relative_path_starts_at_the_working_folder(tmp_path: Path, path: Path) -> None:
    assert find("./llmring.lock", None, tmp_path).path == path


def test_S112_the_argument_may_be_a_path_object(tmp_path: Path, path: Path) -> None:
    assert find(path, None, tmp_path).path == path


def test_a_folder_given_as_lockfile_is_an_error_that_names_the_file_in_it(tmp_path: Path) -> None:
    with pytest.raises(LockfileNotFoundError, match=r"is a folder; name the file, such as"):
        find(tmp_path, None, tmp_path)


def test_a_dangling_link_in_the_working_folder_is_not_ignored(tmp_path: Path) -> None:
    (tmp_path / "llmring.lock").symlink_to("gone")

    assert find(None, None, tmp_path).rule == "folder"


def test_C11_edits_of_the_bundled_lockfile_go_to_the_working_folder(tmp_path: Path) -> None:
    source = find(None, None, tmp_path)

    assert file.writable_target(source, tmp_path) == tmp_path / "llmring.lock"


def test_edits_go_to_the_active_lockfile(tmp_path: Path, path: Path) -> None:
    assert file.writable_target(find(path, None, tmp_path), tmp_path) == path


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_a_lockfile_of_an_installed_package_is_not_writable(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "lib" / "llmring.lock"
    path.parent.mkdir(parents=True)
    path.touch()

    assert not find(path, None, tmp_path).writable


def test_a_byte_order_mark_is_dropped(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfversion = '1'")

    assert read(path) == "version = '1'"


def test_line_ends_are_left_as_they_are(path: Path) -> None:
    path.write_bytes(b"a\r\nb\n")

    assert read(path) == "a\r\nb\n"


def test_the_error_for_text_that_is_not_utf8_gives_line_and_column(path: Path) -> None:
    path.write_bytes("a = 1\n# é: ".encode() + b"\xff")

    with pytest.raises(LockfileParseError, match=r"llmring\.lock:2:6: not UTF-8"):
        read(path)


def test_the_error_for_a_missing_file_gives_the_command_to_create_it(tmp_path: Path) -> None:
    with pytest.raises(LockfileNotFoundError, match="llmring lock init --file"):
        read(tmp_path / "no.lock")


def test_reading_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LockfileError, match="is a folder, not a file"):
        read(tmp_path)


def test_update_writes_the_new_text_to_the_file(path: Path) -> None:
    assert update(path, lambda text: bind(text, "quick", "mock:echo", "default"))

    assert read(path) == bound("quick")


def test_S045_a_missing_file_is_created(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "llmring.lock"

    update(path, lambda text: text + "[profiles.x]\n", new='version = "1.0"\n')

    assert read(path) == 'version = "1.0"\n[profiles.x]\n'


def test_S045_the_updates_of_many_processes_are_all_kept(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from llmring.lockfile.edit.bindings import bind; from llmring.lockfile.file import "
        "update\n"
        "for number in range(200):\n"
        "    update(Path(sys.argv[1]), lambda text: bind(\n"
        "        text, f'{sys.argv[2]}{number}', 'mock:echo', 'default'))\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, path, name]) for name in ("a", "b")]

    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(parse(read(path)).profiles["default"].bindings) == 403


def test_the_updates_of_many_threads_are_all_kept(path: Path) -> None:
    threads = [
        threading.Thread(
            target=update,
            args=(path, lambda text, n=n: bind(text, f"t{n}", "mock:echo", "default")),
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(parse(read(path)).profiles["default"].bindings) == 11


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_process_killed_at_any_moment_leaves_the_old_or_the_new_file(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from llmring.lockfile.file import update\n"
        "texts = [Path(name).read_text() for name in sys.argv[2:]]\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    update(Path(sys.argv[1]), lambda text: texts[text == texts[0]])\n"
    )
    texts = [EXAMPLE, EXAMPLE + "# long\n" * 20_000]
    names = [path.with_name("old"), path.with_name("new")]
    for name, text in zip(names, texts, strict=True):
        name.write_text(text)
    for round_ in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", script, path, *names], stdout=subprocess.PIPE
        )
        assert writer.stdout
        writer.stdout.readline()
        time.sleep(0.0007 * round_)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()

        assert read(path) in texts
    update(path, lambda text: bind(text, "after", "mock:echo", "default"))
    assert {found.name for found in path.parent.iterdir()} - {"cwd"} == {
        *("llmring.lock", "old", "new")
    }


def test_update_leaves_no_other_file_in_the_folder(path: Path) -> None:
    before = {*path.parent.iterdir()}

    update(path, lambda text: text + "\n")

    assert {*path.parent.iterdir()} == before


def test_a_change_that_raises_leaves_the_file_alone(path: Path) -> None:
    with pytest.raises(AliasNotFoundError):
        update(path, lambda text: unbind(text, "unknown", "default"))

    assert read(path) == EXAMPLE


def test_an_update_without_a_change_does_not_touch_the_file(path: Path) -> None:
    before = path.stat()

    assert not update(path, unchanged)
    assert path.stat() == before


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_the_mode_of_the_file_is_kept(path: Path, mode: int) -> None:
    path.chmod(mode)

    update(path, lambda text: text + "\n")

    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_stays_a_link_and_its_target_is_changed(path: Path) -> None:
    link = path.parent / "cwd" / "link.lock"
    link.symlink_to(path)

    update(link, lambda text: bind(text, "quick", "mock:echo", "default"))

    assert link.is_symlink()
    assert read(path) == bound("quick")


def test_byte_order_mark_and_line_ends_are_kept(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf[profiles.default]\r\n")

    update(path, lambda text: bind(text, "a", "mock:echo", "default"))

    assert path.read_bytes() == (
        b"\xef\xbb\xbf[profiles.default]\r\n\r\n"
        b'[[profiles.default.bindings]]\r\nalias = "a"\r\nmodels = ["mock:echo"]\r\n'
    )


def test_the_error_for_updating_an_invalid_lockfile_names_the_file(path: Path) -> None:
    path.write_text("a = \n")

    with pytest.raises(LockfileParseError, match=r"llmring\.lock:1:5"):
        update(path, unchanged)


def test_S017_the_bundled_lockfile_is_never_written() -> None:
    with pytest.raises(LockfileError, match="installed package"):
        update(BUNDLED, lambda text: text + "\n")


def test_a_link_to_an_installed_lockfile_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link.lock").symlink_to(BUNDLED)

    with pytest.raises(LockfileError, match="installed package"):
        update(tmp_path / "link.lock", lambda text: text + "\n")


@pytest.mark.skipif(as_root, reason="root may write everything")
def test_a_read_only_file_is_not_replaced(path: Path) -> None:
    path.chmod(0o444)

    with pytest.raises(LockfileError, match="read-only"):
        update(path, lambda text: text + "\n")


def test_an_update_below_a_path_that_is_a_file_is_an_error(path: Path) -> None:
    with pytest.raises(LockfileError, match="can't be written"):
        update(path / "llmring.lock", unchanged)


def test_S034_missing_folders_are_created(tmp_path: Path) -> None:
    create(tmp_path / "path" / "to" / "llmring.lock", EXAMPLE)

    assert read(tmp_path / "path" / "to" / "llmring.lock") == EXAMPLE


def test_S033_an_existing_file_is_left_alone_without_force(path: Path) -> None:
    with pytest.raises(LockfileExistsError, match="force=True"):
        create(path, "")

    assert read(path) == EXAMPLE


def test_S082_the_error_for_an_existing_file_is_a_file_exists_error(path: Path) -> None:
    with pytest.raises(FileExistsError):
        create(path, "")


def test_S032_force_replaces_an_existing_file(path: Path) -> None:
    create(path, "version = '1'", force=True)

    assert read(path) == "version = '1'"


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        create(tmp_path / "new.lock", EXAMPLE)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "new.lock").stat().st_mode) == 0o640


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "kind"),
    [(_folder, "a folder"), (_pipe, "a pipe"), (_socket, "a socket"), (_device, "a device")],
)
def test_what_is_not_a_file_is_an_error_at_once_and_never_the_bundled_lockfile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("llmring.lock"))

    with pytest.raises(LockfileError, match=rf"llmring\.lock: is {kind}, not a file"):
        LLMRing()
    with pytest.raises(LockfileError):
        update(tmp_path / "llmring.lock", lambda text: text)
