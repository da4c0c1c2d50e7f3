"""docs/drift.md: its outputs are those of the commands, and its files are valid."""

import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from cli.terminal import run, write
from llmring import __version__
from llmring.lockfile.check import problems
from llmring.lockfile.document import parse
from llmring.providers.table import PROVIDERS
from llmring.registry.drift import NOTICE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "drift.md").read_text(encoding="utf-8")
[LOCKFILE] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
[BLOCK] = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
PIN, CHECK, CHAT = re.findall(r"```console\n\$ llmring (.*?)\n(.*?)```", PAGE, re.DOTALL)
KEY, SIGN, SIGNED = re.findall(r"\$ (openssl .*)\n\$ llmring (.*)\n((?:.*\n)*?)```", PAGE)[0]
WORKFLOW, STEPS, PRE_COMMIT = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
BIN = Path(sys.executable).parent
FILES = "services/*/llmring.lock\nnone.lock"
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def lockfile() -> Path:
    """Return the page's lockfile, pinned."""
    path = write(LOCKFILE)
    assert run("lock", "pin").code == 0
    return path


def test_the_example_lockfile_has_no_errors_or_warnings() -> None:
    found = problems(LOCKFILE, PROVIDERS)

    assert [each for each in found if each.severity != "hint"] == []


def test_lock_pin_writes_the_lines_on_the_page() -> None:
    path = write(LOCKFILE)
    words, shown = PIN

    assert run(*shlex.split(words)).out == shown

    text = path.read_text()
    day = str(parse(text).registry["pinned"])
    assert re.sub("sha256:[0-9a-f]+", "sha256:…", text) == (
        f"{LOCKFILE}\n{BLOCK.replace('2026-11-23', day)}"
    )


def test_lock_check_prints_the_output_on_the_page(lockfile: Path) -> None:
    text = lockfile.read_text()
    changed = text.replace("output = 1.60", "output = 2.00").replace(', "vision"]', "]", 1)
    lockfile.write_text(changed)
    words, shown = CHECK

    result = run(*shlex.split(words))

    assert (result.code, result.out) == (1, shown)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.usefixtures("lockfile")
def test_lock_pin_signs_with_the_key_on_the_page_and_prints_its_output() -> None:
    subprocess.run(shlex.split(KEY), check=True)

    result = run(*shlex.split(SIGN))

    notes = [line for line in result.err.splitlines() if line.startswith("signed;")]
    shown = re.sub("ed25519:.*", "ed25519:…", result.out + "".join(notes))
    assert shown == SIGNED.removesuffix("\n")


@pytest.mark.usefixtures("lockfile")
def test_a_frozen_chat_fails_with_the_message_on_the_page() -> None:
    words, shown = CHAT

    result = run(*shlex.split(words))

    assert (result.code, result.out) == (1, "")
    assert result.err.replace(f"{Path.cwd()}/", "") == shown


def test_the_days_of_notice_are_those_of_the_code() -> None:
    assert {*re.findall(r"within (\d+) days", PAGE)} == {str(NOTICE.days)}


def scripts() -> list[str]:
    return [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]


def test_the_action_checks_the_lockfile() -> None:
    _, check = scripts()

    assert check.endswith('python -P -m llmring lock check --ci -- "${files[@]}"\n')
    for step in ACTION["runs"]["steps"]:
        assert {*re.findall(r"inputs\.([\w-]+)", str(step))} <= ACTION["inputs"].keys()


def wheel(version: str) -> Path:
    """Write a wheel of that version of llmring, with nothing but its name in it."""
    path = Path("wheels", f"llmring-{version}-py3-none-any.whl")
    path.parent.mkdir(exist_ok=True)
    folder = f"llmring-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: llmring\nVersion: {version}\n"
        )
        archive.writestr(
            f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{folder}/RECORD", "")
    return path


def install(requirement: str, action: str = "none") -> "subprocess.CompletedProcess[str]":
    """Run the action's first step, with the wheels of this folder in place of an index."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'PATH="{BIN}:$PATH"; {scripts()[0]}'],  # noqa: S607
        env={
            "REQUIREMENT": requirement,
            "GITHUB_ACTION_PATH": action,
            "PATH": "/usr/bin:/bin",
            "HOME": str(Path.cwd()),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": "wheels",
            "PIP_TARGET": "installed",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def installed() -> list[str]:
    return [path.name for path in Path().glob("installed/*.dist-info")]


def test_the_action_installs_its_own_version_unless_another_is_named() -> None:
    done = install("", action=str(wheel("2.3.0")))

    assert (done.returncode, installed()) == (0, ["llmring-2.3.0.dist-info"])


@pytest.mark.parametrize("requirement", ["llmring", "llmring==2.3.0", "wheels/{name}"])
def test_the_action_installs_a_wheel_or_a_version(requirement: str) -> None:
    wheel("1.4.0")
    done = install(requirement.format(name=wheel("2.3.0").name))

    assert (done.returncode, installed()) == (0, ["llmring-2.3.0.dist-info"])


@pytest.mark.parametrize("requirement", ["llmring", "llmring==1.4.0", "wheels/{name}"])
def test_the_action_refuses_the_predecessor(requirement: str) -> None:
    done = install(requirement.format(name=wheel("1.4.0").name))

    assert (done.returncode, installed()) == (1, [])
    assert done.stdout.startswith("::error::")


def test_the_action_names_its_own_folder_where_that_can_t_be_installed() -> None:
    done = install("", action="missing/folder")

    assert done.returncode == 1
    assert "can't install llmring 2 from missing/folder;" in done.stdout


@pytest.mark.usefixtures("lockfile")
def test_the_action_s_check_prints_annotations() -> None:
    write(Path("llmring.lock").read_text() + "retires = 2020-01-01\n", "moved.lock")
    folder = Path(sys.executable).parent

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'PATH="{folder}:$PATH"; {scripts()[1]}'],  # noqa: S607
        env={"LOCKFILES": "moved.lock\n", "PATH": "/usr/bin:/bin", "HOME": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "::error file=moved.lock,line=" in done.stdout


def test_the_action_checks_every_lockfile_of_a_monorepo(lockfile: Path) -> None:
    for folder in ("services/a", "services/b b"):
        Path(folder).mkdir(parents=True)
    Path("services/a/llmring.lock").write_text(lockfile.read_text())
    Path("services/b b/llmring.lock").write_text("version = ")
    Path("llmring").mkdir()
    (Path("llmring") / "__init__.py").write_text("raise RuntimeError('not the installed one')")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'PATH="{BIN}:$PATH"; {scripts()[1]}'],  # noqa: S607
        env={
            "LOCKFILES": "services/*/llmring.lock\nnone.lock",
            "PATH": "/usr/bin:/bin",
            "HOME": ".",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "services/a/llmring.lock: no packages, 1 alias" in done.stderr
    assert "::error file=services/b b/llmring.lock,line=1" in done.stdout
    assert "none.lock" in done.stderr


def test_the_action_pins_other_actions_by_their_commits() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]

    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each) for each in used)


def test_the_workflow_uses_inputs_that_the_action_has() -> None:
    [_, step] = yaml.safe_load(WORKFLOW)["jobs"]["check"]["steps"]

    assert step["uses"].startswith("OWNER/llmring@")
    assert step["with"].keys() <= ACTION["inputs"].keys()
    runs = [each["run"].split()[-1] for each in yaml.safe_load(STEPS)]
    assert runs == [f"git+https://example.com/OWNER/llmring@v{__version__}", "--ci"]


def test_the_page_lists_all_pre_commit_hooks() -> None:
    [repository] = yaml.safe_load(PRE_COMMIT)["repos"]

    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in HOOKS]


def test_pre_commit_accepts_the_hooks() -> None:
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"],
        check=True,
    )


@pytest.mark.usefixtures("lockfile")
@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_passes_on_a_valid_lockfile(hook: dict[str, str]) -> None:
    program, *words = shlex.split(hook["entry"])

    assert program == "llmring"
    assert run(*words).code == 0
    Path("services/a").mkdir(parents=True)
    Path("services/a/llmring.lock").write_text("[profiles.default")
    assert run(*words, "llmring.lock", "services/a/llmring.lock").code != 0
    assert re.search(hook["files"], "a/llmring.lock")
    assert not re.search(hook["files"], "uv.lock")
