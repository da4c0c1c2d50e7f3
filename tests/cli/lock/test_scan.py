"""llmring lock scan: aliases in source code compared with the lockfile."""

import json
import subprocess
from pathlib import Path

import pytest

from cli.terminal import Call, lockfile_of, write

PROGRAM = """\
from llmring import LLMRing

ring = LLMRing()
print(ring.chat("fast", "Hi").content)
print(ring.chat("summarzer", "Hi").content)
"""


@pytest.fixture(autouse=True)
def two_profiles() -> None:
    models = ["openai:gpt-4o-mini"]
    write(
        lockfile_of(
            default={"fast": models, "summarizer": models, "idle": models},
            dev={"fast": models, "summarizer": models},
        )
    )


def test_a_missing_alias_is_reported_with_its_place_and_a_fix(call: Call) -> None:
    Path("app.py").write_text(PROGRAM)

    outcome = call("lock", "scan")

    assert outcome.code == 1
    [finding, *hints] = outcome.out.splitlines()
    assert finding == (
        "app.py:5:17: error: the alias 'summarzer' is not in profiles default, dev; did you mean "
        "'summarizer'? If not, bind it: llmring bind summarzer provider:model --profile default"
    )
    assert all(": hint: " in line for line in hints)
    assert outcome.err == "1 file, 1 missing, 2 unused\n"


def test_an_alias_must_be_in_every_profile_unless_one_is_named(call: Call) -> None:
    Path("app.py").write_text('ring.chat("idle", "Hi")\n')

    assert "the alias 'idle' is not in profile dev;" in call("lock", "scan").out
    assert call("lock", "scan", "--profile", "default").code == 0


def test_a_call_with_a_profile_is_compared_with_that_profile(call: Call) -> None:
    Path("app.py").write_text('ring.chat("idle", "Hi", profile="default")\n')

    assert call("lock", "scan").code == 0


def test_an_unknown_profile_is_reported(call: Call) -> None:
    Path("run.sh").write_text("LLMRING_PROFILE=prd llmring chat --model fast Hi\n")

    outcome = call("lock", "scan")

    assert outcome.code == 1
    assert "run.sh:1:17: error: unknown profile 'prd'" in outcome.out


def test_an_unused_alias_is_a_hint_and_does_not_fail(call: Call) -> None:
    Path("app.py").write_text('ring.require_aliases(["fast", "summarizer"])\n')

    outcome = call("lock", "scan")

    assert outcome.code == 0
    [hint] = outcome.out.splitlines()
    assert hint.startswith("llmring.lock:13:1: hint: ") or "hint" in hint
    assert "no scanned source uses the alias 'idle'" in hint


@pytest.mark.parametrize("name", ["openai:gpt-4o", "OpenAI:gpt-4o"])
def test_a_provider_model_reference_is_not_taken_for_an_alias(call: Call, name: str) -> None:
    Path("app.py").write_text(f'ring.chat("{name}", "Hi")\n')

    assert call("lock", "scan").code == 0


def test_an_alias_of_a_package_that_is_not_extended_is_reported(call: Call) -> None:
    Path("app.py").write_text('ring.chat("my_lib:fast", "Hi")\n')

    outcome = call("lock", "scan")

    assert outcome.code == 1
    assert "extends no package 'my_lib'" in outcome.out


def test_calls_with_a_variable_alias_are_counted(call: Call) -> None:
    Path("app.py").write_text("ring.chat(a, 'Hi')\nring.chat(b, 'Hi')\n")

    assert "2 calls name their alias in a variable" in call("lock", "scan").err


def test_foreign_folders_and_binary_files_are_skipped(call: Call) -> None:
    wrong = 'ring.chat("nonsense", "Hi")\n'
    for folder in ("node_modules/x", ".venv/lib", "env"):
        Path(folder).mkdir(parents=True)
        Path(folder, "a.py").write_text(wrong)
    Path("env/pyvenv.cfg").touch()
    Path("binary.py").write_bytes(b"\0" + wrong.encode())
    Path("long.py").write_text(wrong + "#" * 1_000_000)
    Path("latin.py").write_bytes("# é\n".encode("latin-1") + wrong.encode())

    assert call("lock", "scan").code == 0


def test_files_ignored_by_git_are_skipped(call: Call) -> None:
    subprocess.run(["git", "init", "-q"], check=True)  # noqa: S607
    Path(".gitignore").write_text("generated/\n")
    Path("generated").mkdir()
    Path("generated/a.py").write_text('ring.chat("nonsense", "Hi")\n')
    Path("new.py").write_text('ring.chat("nothing", "Hi")\n')

    outcome = call("lock", "scan")

    assert "new.py:1:11" in outcome.out
    assert "generated" not in outcome.out


def test_a_named_file_is_scanned(call: Call) -> None:
    Path("a.py").write_text('ring.chat("nothing", "Hi")\n')
    Path("b.py").write_text("")

    assert call("lock", "scan", "b.py").code == 0
    assert call("lock", "scan", "a.py").code == 1


def test_a_missing_path_is_an_error(call: Call) -> None:
    outcome = call("lock", "scan", "nowhere")

    assert outcome.code == 1
    assert "nowhere" in outcome.err


def test_invalid_python_is_skipped_with_a_note(call: Call) -> None:
    Path("old.py").write_text("print 'x'\n")

    outcome = call("lock", "scan")

    assert outcome.code == 0
    assert "old.py skipped: not valid Python" in outcome.err


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that can't be read here")
def test_an_unreadable_file_is_skipped_with_a_note(call: Call) -> None:
    Path("odd.py").symlink_to("/proc/self/mem")

    outcome = call("lock", "scan")

    assert outcome.code == 0
    assert "odd.py skipped: can't be read: " in outcome.err


def test_json_lists_the_findings(call: Call) -> None:
    Path("app.py").write_text(PROGRAM)

    result = json.loads(call("lock", "scan", "--json").out)

    [error] = [each for each in result["findings"] if each["severity"] == "error"]
    assert (error["file"], error["line"], error["column"]) == ("app.py", 5, 17)
    assert (result["files"], result["unclear"]) == (1, 0)


def test_ci_prints_annotations(call: Call) -> None:
    Path("app.py").write_text(PROGRAM)

    outcome = call("lock", "scan", "--ci")

    assert outcome.code == 1
    assert outcome.out.startswith("::error file=app.py,line=5,col=17::")
    assert "::notice file=llmring.lock" in outcome.out
