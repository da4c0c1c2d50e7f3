"""Lockfiles read from git, with a real repository."""

import subprocess
from pathlib import Path

import pytest

from llmring.exceptions import LockfileNotFoundError
from llmring.lockfile.git_revision import content, is_revision, is_temporary


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HEAD:llmring.lock", True),
        ("HEAD~2:./llmring.lock", True),
        ("origin/main:a/b.lock", True),
        (":llmring.lock", True),
        ("llmring.lock", False),
        ("HEAD:", False),
        ("-p:x", False),
        ("--output=x:y", False),
        ("C:\\llmring.lock", False),
        ("c:/llmring.lock", False),
        ("HEAD:a\0b", False),
        ("", False),
    ],
)
def test_a_name_is_a_revision_if_it_has_a_colon_and_is_neither_option_nor_drive(
    name: str, expected: bool
) -> None:
    assert is_revision(name) is expected


def git(*words: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], capture_output=True, check=True)  # noqa: S607


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository whose folder "sub" has a lockfile that was changed after the commit."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "llmring.lock"
    file.write_bytes(b'version = "1.0"\r\n# \xff\n')
    git("add", ".")
    git("commit", "-qm", "one")
    file.write_bytes(b"changed")
    return tmp_path


def test_a_file_is_read_from_a_commit_byte_by_byte(repository: Path) -> None:
    assert content("HEAD:sub/llmring.lock") == b'version = "1.0"\r\n# \xff\n'


def test_a_path_may_be_relative_to_the_current_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "sub")

    assert content("HEAD:./llmring.lock") == content("HEAD:sub/llmring.lock")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("HAED:sub/llmring.lock", "invalid object name 'HAED'"),
        ("HEAD:other.lock", "path 'other.lock' does not exist in 'HEAD'"),
        ("HEAD:sub", "bad file"),
    ],
)
def test_a_missing_revision_file_or_a_folder_is_an_error_with_the_reason_of_git(
    repository: Path, name: str, reason: str
) -> None:
    with pytest.raises(LockfileNotFoundError, match="no such file or git revision") as caught:
        content(name)

    assert reason in str(caught.value)
    assert "HEAD:llmring.lock" in str(caught.value)
    assert caught.value.path == Path(name)


def test_without_git_the_error_asks_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(LockfileNotFoundError, match="install git"):
        content("HEAD:llmring.lock")


def test_a_file_that_git_difftool_has_made_is_recognized() -> None:
    assert is_temporary(Path("/tmp/git-blob-WLdWMf/llmring.lock"))  # noqa: S108
    assert not is_temporary(Path("/home/me/app/llmring.lock"))
