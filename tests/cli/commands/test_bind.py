import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import Call, Outcome, is_plain_error, lockfile_of, run, write
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.document import parse
from lockfile.texts import EXAMPLE


def bound(profile: str = "default", path: str = "llmring.lock") -> dict[str, list[str]]:
    """Return the bindings in the file."""
    lockfile = parse(Path(path).read_text(encoding="utf-8"))
    bindings = lockfile.profiles[profile].bindings
    return {alias: list(map(str, binding.models)) for alias, binding in bindings.items()}


def place(result: Outcome) -> str:
    """Return the first note, which has the profile and the file."""
    return result.err.splitlines()[0]


def test_S006_S039_an_alias_is_bound_to_a_model() -> None:
    write(lockfile_of(default={}))

    result = run("bind", "fast", "openai:gpt-4o-mini")

    assert (result.code, result.out) == (0, "fast → openai:gpt-4o-mini\n")
    assert place(result) == "in profile default of llmring.lock"
    assert bound() == {"fast": ["openai:gpt-4o-mini"]}


@pytest.mark.parametrize(
    "models", ["openai:gpt-4o,ollama:llama3", " openai:gpt-4o , ollama:llama3 "]
)
def test_S040_models_after_commas_become_fallbacks(call: Call, models: str) -> None:
    result = call("bind", "fast", models)

    assert result.out == "fast → openai:gpt-4o (+ 1 fallback)\n"
    assert bound() == {"fast": ["openai:gpt-4o", "ollama:llama3"]}


def test_S041_a_missing_profile_is_created(call: Call) -> None:
    write(lockfile_of(default={}))

    result = call("bind", "assistant", "openai:gpt-4o-mini", "--profile", "a-b-testing")

    assert place(result) == "in profile a-b-testing (new) of llmring.lock"
    assert bound("a-b-testing") == {"assistant": ["openai:gpt-4o-mini"]}


def test_S042_an_alias_can_be_bound_differently_in_each_profile(call: Call) -> None:
    call("bind", "assistant", "openai:gpt-4o-mini", "--profile", "dev")
    call("bind", "assistant", "anthropic:claude-opus-4", "--profile", "prod")

    assert (bound("dev"), bound("prod")) == (
        {"assistant": ["openai:gpt-4o-mini"]},
        {"assistant": ["anthropic:claude-opus-4"]},
    )


def test_S043_the_model_name_may_contain_colons(call: Call) -> None:
    call("bind", "local", "ollama:llama3:8b")

    assert bound() == {"local": ["ollama:llama3:8b"]}


@pytest.mark.parametrize("models", ["gpt-4o-mini", "openai:", ":gpt-4o", "", "openai:a,,openai:b"])
def test_S043_S130_an_invalid_reference_is_rejected_and_the_file_unchanged(
    call: Call, models: str
) -> None:
    path = write(EXAMPLE)

    result = call("bind", "fast", models)

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_S130_the_error_names_the_reference_and_the_expected_form() -> None:
    result = run("bind", "fast", "gpt-4o-mini")

    assert result.err.startswith("llmring: 'gpt-4o-mini' is not a model reference; ")
    assert "provider:model" in result.err
    assert not Path("llmring.lock").exists()


def test_S131_the_same_model_with_its_provider_is_accepted(call: Call) -> None:
    assert call("bind", "fast", "openai:gpt-4o-mini").code == 0


def test_W023_an_unknown_provider_is_rejected(call: Call) -> None:
    result = call("bind", "fast", "opnai:gpt-4o")

    assert (result.code, result.out) == (1, "")
    assert result.err.endswith("did you mean openai:gpt-4o?\n")
    assert not Path("llmring.lock").exists()


@pytest.mark.parametrize("alias", ["", "two words", "a,b"])
def test_an_invalid_alias_name_is_rejected(call: Call, alias: str) -> None:
    result = call("bind", alias, "openai:gpt-4o")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert not Path("llmring.lock").exists()


def test_S044_C005_the_default_profile_of_the_file_is_used_if_none_is_named(call: Call) -> None:
    write(lockfile_of("dev", default={}, dev={}))

    result = call("bind", "fast", "openai:gpt-4o")

    assert place(result) == "in profile dev (the file's default) of llmring.lock"
    assert bound("dev") == {"fast": ["openai:gpt-4o"]}


def test_C005_the_variable_selects_the_profile(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_PROFILE", "prod")
    write(lockfile_of(default={}))

    result = call("bind", "fast", "openai:gpt-4o")

    assert place(result) == "in profile prod (by LLMRING_PROFILE, new) of llmring.lock"
    assert bound("prod") == {"fast": ["openai:gpt-4o"]}


def test_S124_the_profile_option_overrides_the_variable(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    call("bind", "fast", "openai:gpt-4o", "--profile", "prod")

    assert bound("prod") == {"fast": ["openai:gpt-4o"]}


def test_S045_C011_a_missing_lockfile_is_created_in_the_working_folder(call: Call) -> None:
    bundled = BUNDLED.read_bytes()

    result = call("bind", "mine", "openai:gpt-4o")

    assert place(result) == "in profile default of llmring.lock (new)"
    assert bound() == {"mine": ["openai:gpt-4o"]}
    assert BUNDLED.read_bytes() == bundled


def test_S045_a_new_lockfile_is_valid(call: Call) -> None:
    call("bind", "fast", "mock:echo,mock:fixed?text=Hi")

    assert call("lock", "validate") == (0, "", "llmring.lock: no problems\n")


def test_S026_S045_binding_again_changes_the_models_and_nothing_else(call: Call) -> None:
    path = write(EXAMPLE)

    call("bind", "balanced", "openai:gpt-4o,ollama:llama3.2")

    before, after = EXAMPLE.splitlines(), path.read_text(encoding="utf-8").splitlines()
    assert [line for line in before if line not in after] == [
        '    "anthropic:claude-3-5-sonnet",   # Primary',
        '    "google:gemini-1.5-pro"           # Second fallback',
    ]
    assert '    "openai:gpt-4o",                  # Fallback' in after


def test_binding_the_same_model_again_changes_nothing(call: Call) -> None:
    path = write(EXAMPLE)

    result = call("bind", "fast", "openai:gpt-4o-mini")

    assert place(result) == "unchanged in profile default of llmring.lock"
    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_S014_the_variable_selects_the_file(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = write(lockfile_of(default={}), str(tmp_path / "other.lock"))
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(other))

    result = call("bind", "fast", "openai:gpt-4o")

    assert place(result) == f"in profile default of {other}"
    assert bound(path=str(other)) == {"fast": ["openai:gpt-4o"]}
    assert not Path("llmring.lock").exists()


def test_S015_the_file_named_by_the_variable_must_exist(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "nope.lock")

    result = call("bind", "fast", "openai:gpt-4o")

    assert result.code == 1
    assert "LLMRING_LOCKFILE_PATH" in result.err
    assert list(Path().iterdir()) == []


def test_the_file_option_creates_the_file_and_its_folders(call: Call) -> None:
    result = call("bind", "fast", "openai:gpt-4o", "--file", "a/b/llmring.lock")

    assert place(result) == f"in profile default of {Path('a/b/llmring.lock')} (new)"
    assert bound(path="a/b/llmring.lock") == {"fast": ["openai:gpt-4o"]}


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_lockfile_of_an_installed_package_is_not_edited(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    folder = tmp_path / "site-packages" / "mylib"
    folder.mkdir(parents=True)
    path = write(EXAMPLE, str(folder / "llmring.lock"))
    if how == "variable":
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
    options = ["--file", str(path)] if how == "option" else []

    result = call("bind", "fast", "openai:gpt-4o", *options)

    assert (result.code, result.out) == (1, "")
    assert "belongs to an installed package" in result.err
    assert path.read_text(encoding="utf-8") == EXAMPLE
    assert not Path("llmring.lock").exists()


def test_W013_two_processes_binding_at_once_lose_no_binding() -> None:
    write(EXAMPLE)
    code = (
        "import sys; from llmring.cli.main import main\n"
        "for n in range(20): assert main(['bind', f'{sys.argv[1]}-{n}', 'openai:gpt-4o']) == 0"
    )

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for name in "ab"
    ]
    errors = [process.communicate()[1].count(b"Traceback") for process in processes]

    assert (errors, [process.returncode for process in processes]) == ([0, 0], [0, 0])
    expected = {f"{name}-{n}" for name in "ab" for n in range(20)}
    assert bound().keys() == expected | {"fast", "balanced", "deep"}


def test_json_prints_the_binding(call: Call) -> None:
    result = call("bind", "fast", "openai:a, google:b", "--json")

    assert json.loads(result.out) == {
        "file": str(Path("llmring.lock").resolve()),
        "profile": "default",
        "alias": "fast",
        "models": ["openai:a", "google:b"],
    }


def test_a_provider_defined_in_the_lockfile_can_be_bound(call: Call) -> None:
    write('[providers.mine]\nkind = "openai"\nbase_url = "http://localhost:1/v1"\n')

    assert call("bind", "fast", "mine:llama").code == 0


def remarks(result: Outcome) -> list[str]:
    return result.err.splitlines()[1:]


def test_what_is_known_about_the_models_is_noted(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("LLMRING_TODAY", "2026-11-24")

    found = remarks(call("bind", "fast", "openai:gpt-6-lunar,anthropic:claude-3-opus-20240229"))

    unlisted, retired, keyless = found
    assert "openai:gpt-6-lunar is in no catalog" in unlisted
    assert "did you mean openai:gpt-6-luna?" in unlisted
    assert "anthropic:claude-3-opus-20240229 is retired since" in retired
    assert keyless == "openai:gpt-6-lunar can't be called here: no key; set OPENAI_API_KEY"


def test_models_that_can_be_called_need_no_remark(call: Call) -> None:
    assert remarks(call("bind", "fast", "mock:a")) == []


def test_models_are_separated_by_commas(call: Call) -> None:
    result = call("bind", "fast", "openai:gpt-4o,", "ollama:llama3")

    assert result.code == 2
    assert "separate models by commas: llmring bind fast openai:gpt-4o,ollama:llama3" in result.err
    assert not Path("llmring.lock").exists()


def test_a_model_without_its_provider_is_found(call: Call) -> None:
    result = call("bind", "fast", "openai:gpt-4o,gpt-6-luna")

    assert result.err.rstrip().endswith("did you mean openai:gpt-6-luna?")


def test_of_many_providers_a_few_are_named(call: Call) -> None:
    result = call("bind", "fast", "zzz:x")

    assert "openai, anthropic, google, ollama and " in result.err
    assert "list them: llmring providers" in result.err
    assert len(result.err) < 160
