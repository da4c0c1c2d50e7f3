"""Libraries that ship a lockfile: built, installed into a fresh environment, and used there."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(__file__).parent / "samples"

# What the contract shows for hatchling, which ships a package that can't be imported.
INCLUDE = """
[tool.hatch.build]
include = ["src/liba/**/*.py", "src/liba/**/*.lock"]
"""

# Python 3.11.2, which Debian 12 has, knows no filters yet.
SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


class Program(NamedTuple):
    """What a program in the fresh environment came to."""

    out: str
    err: str
    code: int


Run = Callable[..., Program]


def execute(*words: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    hidden = ("LLMRING_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**env, "PYTHONIOENCODING": "utf-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def done(*words: str | Path, cwd: Path | None = None) -> str:
    ended = execute(*words, cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def environment(folder: Path, *options: str) -> Path:
    """Makes a virtual environment; gives its interpreter."""
    done(sys.executable, "-m", "venv", *options, folder)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has pip and both build backends."""
    python = environment(tmp_path_factory.mktemp("builder") / "venv")
    got = execute(python, "-m", "pip", "install", "--quiet", "hatchling", "setuptools>=77")
    if got.returncode:
        reason = (got.stderr.strip().splitlines() or ["pip failed"])[-1]
        pytest.skip(f"no package index can be reached for the build backends: {reason}")
    return python


@pytest.fixture(scope="session")
def build(builder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Path]]:
    """Builds wheels of source folders; gives them in the order of their names."""

    def run(*sources: Path) -> list[Path]:
        out = tmp_path_factory.mktemp("wheels")
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
        done(builder, "-m", "pip", "wheel", *options, out, *sources)
        return sorted(out.iterdir())

    return run


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries' sources, where building may leave its marks."""
    folder = tmp_path_factory.mktemp("sources")
    shutil.copytree(SAMPLES, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def wheels(build: Callable[..., list[Path]], sources: Path) -> dict[str, Path]:
    """Wheels of the two libraries and of llmring, by distribution."""
    built = build(sources / "liba", sources / "libb", ROOT)
    return {path.name.partition("-")[0]: path for path in built}


@pytest.fixture(scope="session")
def python(
    builder: Path, wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The interpreter of a fresh environment that has the three wheels."""
    fresh = environment(tmp_path_factory.mktemp("fresh") / "venv", "--without-pip")
    pip = (builder, "-m", "pip", "--python", fresh)
    done(*pip, "install", "--quiet", *wheels.values())
    return fresh


@pytest.fixture
def run(python: Path) -> Run:
    """Runs code in the fresh environment, from the empty working folder."""

    def start(code: str) -> Program:
        ended = execute(python, "-W", "error", "-c", code, cwd=Path.cwd())
        return Program(ended.stdout.strip(), ended.stderr, ended.returncode)

    return start


def mine(*aliases: str, text: str = "mine") -> Path:
    """The user's own lockfile."""
    path = Path("my-models.lock")
    lines = ["[profiles.default]"]
    for alias in aliases:
        lines += ["[[profiles.default.bindings]]", f'alias = "{alias}"']
        lines += [f'models = ["mock:fixed?text={text}"]']
    path.write_text("\n".join([*lines, ""]))
    return path


def test_S109_a_library_built_with_hatchling_ships_its_lockfile(wheels: dict[str, Path]) -> None:
    assert "liba/llmring.lock" in zipfile.ZipFile(wheels["library_a"]).namelist()


def test_S108_a_library_built_with_setuptools_and_a_manifest_ships_its_lockfile(
    wheels: dict[str, Path],
) -> None:
    assert "libb/llmring.lock" in zipfile.ZipFile(wheels["library_b"]).namelist()


def test_S122_a_library_uses_the_lockfile_that_it_ships(run: Run) -> None:
    result = run("from liba import LibraryA; print(LibraryA().ring.lockfile_path)")

    assert Path(result.out).parts[-3:] == ("site-packages", "liba", "llmring.lock")


def test_S116_a_library_answers_without_async_and_fails_over(run: Run) -> None:
    assert run("from liba import LibraryA; print(LibraryA().summarize('x'))").out == "library A"


@pytest.mark.parametrize("kind", ["str", "Path"])
def test_S111_S112_S122_the_user_names_another_lockfile(run: Run, kind: str) -> None:
    mine("summarizer")
    code = "from pathlib import Path; from liba import LibraryA\n"

    result = run(f"{code}print(LibraryA(lockfile_path={kind}('./my-models.lock')).summarize('x'))")

    assert result.out == "mine"


def test_S115_S119_a_library_refuses_a_lockfile_that_lacks_its_aliases(run: Run) -> None:
    path = mine("other")

    result = run(
        "from liba import LibraryA\n"
        "try: LibraryA('my-models.lock')\n"
        "except ValueError as error: print(error)"
    )

    assert result.out.splitlines() == [
        "Lockfile missing required aliases for library-a: summarizer.",
        f"Lockfile path: {path.resolve()}",
        "Please ensure your lockfile defines these aliases.",
    ]


def test_S121_a_library_hands_its_lockfile_to_the_one_that_it_uses(run: Run) -> None:
    result = run(
        "from libb import LibraryB\n"
        "b = LibraryB()\n"
        "print(b.analyze('x'), '|', b.lib_a.summarize('x'))\n"
        "print(b.lib_a.ring.lockfile_path == b.ring.lockfile_path)"
    )

    assert result.out.splitlines() == ["analyzed | library B", "True"]


def test_S122_the_user_s_lockfile_reaches_both_libraries(run: Run) -> None:
    mine("summarizer", "analyzer")

    result = run(
        "from libb import LibraryB\n"
        "b = LibraryB('my-models.lock')\n"
        "print(b.analyze('x'), b.lib_a.summarize('x'))"
    )

    assert result.out == "mine mine"


def test_C03_S110_a_bare_ring_in_a_library_uses_the_library_s_lockfile(run: Run) -> None:
    result = run(
        "from liba import bare_ring\n"
        "ring = bare_ring()\n"
        "print(ring.lockfile_source, ring.lockfile_path.parent.name, ring.list_aliases())"
    )

    assert result.out == "package liba {'summarizer': 'mock:fail?status=503'}"


def test_C03_a_bare_ring_of_the_application_uses_llmring_s_own(run: Run) -> None:
    assert run("from llmring import LLMRing; print(LLMRing().lockfile_source)").out == "bundled"


@pytest.mark.parametrize("ring", ["LibraryA().ring", "bare_ring()"])
def test_C11_binding_in_a_library_never_writes_into_site_packages(run: Run, ring: str) -> None:
    result = run(
        "from liba import LibraryA, bare_ring\n"
        f"ring = {ring}\n"
        "path = ring.lockfile_path; before = path.read_bytes()\n"
        "ring.bind_alias('summarizer', 'mock:echo')\n"
        "print(path.read_bytes() == before, sorted(each.name for each in path.parent.iterdir()))\n"
        "print(ring.lockfile_path)"
    )

    unchanged, place = result.out.splitlines()
    assert unchanged == "True ['__init__.py', '__pycache__', 'llmring.lock']"
    assert Path(place) == Path("llmring.lock").resolve()


def test_R43_R45_an_application_extends_the_libraries(run: Run) -> None:
    Path("llmring.lock").write_text('[extends]\npackages = ["liba", "libb"]\n[profiles.default]\n')

    result = run(
        "import sys\n"
        "from llmring import LLMRing\n"
        "ring = LLMRing()\n"
        "ring.require_aliases(['liba:summarizer', 'libb:analyzer'])\n"
        "print(ring.chat('liba:summarizer', messages='x').content)\n"
        "print('liba' in sys.modules)"
    )

    assert result.out.splitlines() == ["library A", "False"]


# The command line says so, too.


@pytest.fixture
def check(python: Path) -> Run:
    """Runs `llmring lock check` in the fresh environment, from the empty working folder."""

    def start(*words: str | Path) -> Program:
        ended = execute(python, "-m", "llmring", "lock", "check", *words, cwd=Path.cwd())
        return Program(ended.stdout.strip(), ended.stderr, ended.returncode)

    return start


def test_R44_the_check_finds_both_libraries(check: Run) -> None:
    Path("llmring.lock").write_text('[extends]\npackages = ["liba", "libb"]\n[profiles.default]\n')

    result = check()

    assert result.code == 0
    assert result.err.startswith("llmring.lock: 2 of 2 packages good, 3 extended aliases")


@pytest.mark.parametrize("package", ["liba", "libb"])
def test_C17_the_check_finds_the_lockfile_of_an_installed_library(check: Run, package: str) -> None:
    assert check("--package", package).code == 0


@pytest.mark.parametrize("library", ["library_a", "library_b"])
def test_C17_the_check_finds_the_lockfile_in_a_wheel(
    check: Run, wheels: dict[str, Path], library: str
) -> None:
    assert check("--wheel", wheels[library]).code == 0


@pytest.fixture(scope="session")
def faulty(
    build: Callable[..., list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The libraries built in ways that do not ship a lockfile as it should be."""
    folder = tmp_path_factory.mktemp("faulty")
    shutil.copytree(SAMPLES, folder, dirs_exist_ok=True)
    project = folder / "liba" / "pyproject.toml"
    head = project.read_text().partition("[tool.hatch")[0]
    project.write_text(f"{head}{INCLUDE}")
    (folder / "libb" / "MANIFEST.in").unlink()
    built = build(folder / "liba", folder / "libb")
    return {path.name.partition("-")[0]: path for path in built}


@pytest.mark.parametrize(
    ("library", "message"),
    [
        ("library_a", 'packages = ["src/liba"]'),
        ("library_b", '[tool.setuptools.package-data] "libb" = ["*.lock"]'),
    ],
)
def test_S107_C17_the_check_reports_a_faulty_wheel_and_the_fix(
    check: Run, faulty: dict[str, Path], library: str, message: str
) -> None:
    result = check("--wheel", faulty[library])

    assert result.code == 1
    assert message in result.err


def test_C17_the_fix_for_setuptools_is_one(
    check: Run, build: Callable[..., list[Path]], tmp_path: Path
) -> None:
    folder = shutil.copytree(SAMPLES / "libb", tmp_path / "libb")
    (folder / "MANIFEST.in").unlink()
    with (folder / "pyproject.toml").open("a") as project:
        project.write('[tool.setuptools.package-data]\n"libb" = ["*.lock"]\n')

    [wheel] = build(folder)

    assert check("--wheel", wheel).code == 0


# llmring's own wheel.

SHIPPED = ["llmring.lock", "py.typed", "registry/data/models.json"]
SHIPPED += [
    str(path.relative_to(ROOT / "src" / "llmring").as_posix())
    for path in sorted((ROOT / "src" / "llmring").rglob("*.schema.json"))
]


@pytest.mark.parametrize("name", SHIPPED)
def test_llmring_ships_more_than_code(wheels: dict[str, Path], name: str) -> None:
    shipped = zipfile.ZipFile(wheels["llmring"]).read(f"llmring/{name}")

    assert shipped == (ROOT / "src" / "llmring" / name).read_bytes()


def test_llmring_s_wheel_holds_nothing_else(wheels: dict[str, Path]) -> None:
    names = zipfile.ZipFile(wheels["llmring"]).namelist()

    assert {name.partition("/")[0] for name in names} == {
        "llmring",
        f"{wheels['llmring'].name.partition('-py3')[0]}.dist-info",
    }
    assert [name for name in names if "__pycache__" in name] == []


def test_the_source_distribution_builds_the_same_wheel(
    builder: Path, wheels: dict[str, Path], tmp_path: Path
) -> None:
    done(builder, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path / "out", cwd=ROOT)
    [sdist] = (tmp_path / "out").iterdir()
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", **SAFELY)  # noqa: S202 -- built just now
    [source] = (tmp_path / "unpacked").iterdir()
    done(builder, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again", cwd=source)
    [again] = (tmp_path / "again").iterdir()

    assert again.name == wheels["llmring"].name
    assert contents(again) == contents(wheels["llmring"])


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
