"""The check that a wheel or an installed package ships its lockfile in the right place."""

import importlib
import sys
import zipfile
from pathlib import Path

import pytest

from cli.terminal import lockfile_of
from llmring import LLMRingError
from llmring.audit.packages import PackagedLockfile, in_package, in_wheel

LOCKFILE = lockfile_of(default={"summarizer": ["mock:a"], "checker": ["mock:b"]}, dev={})
ALIASES = ("summarizer", "checker")


def wheel(*names: str, text: str = LOCKFILE) -> PackagedLockfile:
    """Check a wheel with these files."""
    with zipfile.ZipFile("lib.whl", "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return in_wheel("lib.whl")


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["lib/__init__.py", "lib/llmring.lock"], "lib/llmring.lock"),
        (["lib/__init__.pyc", "lib/llmring.lock"], "lib/llmring.lock"),
        (["acme/lib/__init__.py", "acme/lib/llmring.lock"], "acme/lib/llmring.lock"),
        (["lib/__init__.cp313-win_amd64.pyd", "lib/llmring.lock"], "lib/llmring.lock"),
        (
            ["lib-1.0.data/platlib/lib/__init__.py", "lib-1.0.data/platlib/lib/llmring.lock"],
            "lib/llmring.lock",
        ),
        (["aa/__init__.py", "lib/__init__.py", "lib/llmring.lock"], "lib/llmring.lock"),
    ],
    ids=["a package", "bytecode", "in a namespace", "compiled", "platlib", "one of two packages"],
)
def test_a_lockfile_next_to_an_init_file_is_found(names: list[str], place: str) -> None:
    assert wheel(*names) == PackagedLockfile("lib.whl", place, ALIASES)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["lib/__init__.py"], '[tool.setuptools.package-data] "lib" = ["*.lock"]'),
        (["lib/__init__.py", "llmring.lock"], "has no lib/llmring.lock, only llmring.lock;"),
        (
            ["lib/__init__.py", "lib/x/__init__.py", "lib/x/llmring.lock"],
            "only lib/x/llmring.lock;",
        ),
        (["src/lib/__init__.py", "src/lib/llmring.lock"], 'packages = ["src/lib"]'),
        (["lib.py", "llmring.lock"], "contains no package"),
    ],
    ids=["missing", "at the top", "in a subpackage", "under src", "no package"],
)
def test_a_missing_or_misplaced_lockfile_is_reported_with_the_fix(
    names: list[str], message: str
) -> None:
    result = wheel(*names)

    assert (result.lockfile, result.aliases) == (None, ())
    assert message in (result.trouble or "")


def test_a_bad_lockfile_in_a_wheel_is_reported_with_its_place() -> None:
    result = wheel("lib/__init__.py", "lib/llmring.lock", text="a = \n")

    assert result.lockfile == "lib/llmring.lock"
    assert (result.trouble or "").startswith("lib/llmring.lock:1:5: not TOML")


@pytest.mark.parametrize(
    ("path", "message"),
    [("lib.whl", "is not a wheel; name the .whl file"), ("none.whl", "does not exist; build it")],
)
def test_a_file_that_is_missing_or_not_a_wheel_is_an_error(path: str, message: str) -> None:
    Path("lib.whl").write_text("no zip")

    with pytest.raises(LLMRingError, match=message):
        in_wheel(path)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package that raises an error when it is imported; return its folder."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    folder = tmp_path / "site" / "libshipped"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError\n")
    importlib.invalidate_caches()
    return folder


def test_an_installed_package_is_checked_without_running_its_code(package: Path) -> None:
    path = package / "llmring.lock"
    path.write_text(LOCKFILE)

    assert in_package("libshipped") == PackagedLockfile("libshipped", str(path), ALIASES)
    assert "libshipped" not in sys.modules


def test_an_installed_package_with_a_bad_lockfile_is_reported_with_its_place(
    package: Path,
) -> None:
    path = package / "llmring.lock"
    path.write_text("a = \n")

    result = in_package("libshipped")

    assert result.lockfile == str(path)
    assert f"{path}:1:5: not TOML" in (result.trouble or "")


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("libshipped", "has no llmring.lock next to its __init__.py"),
        ("libnowhere", "is not installed here; give its import name"),
    ],
)
def test_a_package_without_a_lockfile_differs_from_one_that_is_not_installed(
    name: str, message: str
) -> None:
    result = in_package(name)

    assert result.lockfile is None
    assert (result.trouble or "").startswith(message)
