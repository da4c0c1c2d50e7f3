"""The files that a scan reads, in real folders and git repositories."""

import subprocess
from pathlib import Path

import pytest

from llmring.exceptions import MissingFileError
from llmring.scan.source_files import MOST_BYTES, files_under, text_of


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names_under(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files_under(folder)]


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=True)  # noqa: S607


@pytest.fixture(params=["plain folder", "git repository"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an empty folder, once in a git repository and once not."""
    if request.param == "git repository":
        git(tmp_path, "init", "-q")
    return tmp_path


def test_files_of_all_subfolders_are_found(folder: Path) -> None:
    make(folder, "b.py", "a/c.py", "a/b.md", ".github/ci.yml")

    assert sorted(names_under(folder)) == [".github/ci.yml", "a/b.md", "a/c.py", "b.py"]


def test_installed_and_generated_files_are_left_out(folder: Path) -> None:
    make(folder, "app.py", "node_modules/x/a.js", "lib/site-packages/a.py", ".tox/a.py")

    assert names_under(folder) == ["app.py"]


def test_a_virtual_environment_of_any_name_is_left_out(folder: Path) -> None:
    make(folder, "app.py", "mine/pyvenv.cfg", "mine/lib/a.py", "mine/lib/deep/b.py")

    assert names_under(folder) == ["app.py"]


def test_a_folder_named_as_if_installed_may_itself_be_scanned(tmp_path: Path) -> None:
    make(tmp_path, "venv/app.py")

    assert names_under(tmp_path / "venv") == ["app.py"]


def test_ignored_files_are_left_out_and_new_ones_are_not(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    make(tmp_path, "generated/a.py", "kept.py", "new é.py")
    (tmp_path / ".gitignore").write_text("generated/\n")
    git(tmp_path, "add", "kept.py")

    assert names_under(tmp_path) == [".gitignore", "kept.py", "new é.py"]


def test_a_tracked_file_that_was_deleted_is_left_out(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    make(tmp_path, "a.py", "b.py")
    git(tmp_path, "add", ".")
    (tmp_path / "a.py").unlink()

    assert names_under(tmp_path) == ["b.py"]


def test_without_git_ignored_files_are_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    make(tmp_path, "generated.py")
    (tmp_path / ".gitignore").write_text("generated.py\n")
    monkeypatch.setenv("PATH", "")

    assert names_under(tmp_path) == [".gitignore", "generated.py"]


def test_a_file_named_by_itself_is_scanned_even_if_installed(tmp_path: Path) -> None:
    make(tmp_path, "node_modules/a.js")
    path = tmp_path / "node_modules" / "a.js"

    assert list(files_under(path)) == [path]


def test_a_missing_path_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nowhere does not exist; name a file or folder"):
        list(files_under(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        ("é\r\n".encode(), "é\r\n"),
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        (b"a\0b", None),
        ("é".encode("latin-1"), None),
        (b"x" * MOST_BYTES, "x" * MOST_BYTES),
        (b"x" * (MOST_BYTES + 1), None),
    ],
    ids=["empty", "UTF-8", "with a mark", "binary", "Latin-1", "long", "too long"],
)
def test_only_utf_8_text_of_a_size_written_by_hand_is_read(
    tmp_path: Path, data: bytes, text: str | None
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)

    assert text_of(path) == text
