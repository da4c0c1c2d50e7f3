import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import PYTHON, Call, is_plain_error, lockfile_of, run, run_on_terminal, write
from lockfile.texts import EXAMPLE, REGIONS

LISTED = """\
fast → openai:gpt-4o-mini
balanced → anthropic:claude-3-5-sonnet (+ 2 fallbacks)
deep → anthropic:claude-opus-4
"""

TWO = lockfile_of(
    "dev",
    default={"fast": ["openai:gpt-4o"]},
    dev={"fast": ["ollama:llama3.2"]},
    prod={"fast": ["anthropic:claude-opus-4"]},
    empty={},
)


def test_S005_S046_S048_the_aliases_of_the_default_profile_are_listed_one_per_line() -> None:
    write(EXAMPLE)

    assert run("aliases") == (0, LISTED, "")


@pytest.mark.parametrize(
    ("fallbacks", "tail"), [(0, ""), (1, " (+ 1 fallback)"), (2, " (+ 2 fallbacks)")]
)
def test_S047_each_line_shows_the_number_of_fallbacks(
    call: Call, fallbacks: int, tail: str
) -> None:
    others = [f"ollama:model-{number}" for number in range(fallbacks)]
    write(lockfile_of(default={"fast": ["openai:gpt-4o", *others]}))

    assert call("aliases").out == f"fast → openai:gpt-4o{tail}\n"


def test_S046_aliases_are_listed_in_the_order_of_the_file(call: Call) -> None:
    aliases = ["zeta", "alpha", "mid"]
    write(lockfile_of(default={alias: ["openai:gpt-4o"] for alias in aliases}))

    assert [line.split()[0] for line in call("aliases").out.splitlines()] == aliases


@pytest.mark.parametrize(
    ("profile", "model"),
    [("dev", "openai:gpt-4o-mini"), ("prod", "anthropic:claude-3-5-sonnet")],
)
def test_S049_S092_profile_lists_the_aliases_of_that_profile(
    call: Call, profile: str, model: str
) -> None:
    write(EXAMPLE)

    assert call("aliases", "--profile", profile) == (0, f"assistant → {model}\n", "")


@pytest.mark.parametrize(
    ("words", "variable", "model"),
    [
        ([], None, "ollama:llama3.2"),
        ([], "", "ollama:llama3.2"),
        ([], "prod", "anthropic:claude-opus-4"),
        (["--profile", "default"], None, "openai:gpt-4o"),
        (["--profile", "default"], "prod", "openai:gpt-4o"),
    ],
    ids=["the file's", "the file's, as an empty variable is ignored", "variable", "option", "both"],
)
def test_C005_S094_S124_the_profile_option_overrides_the_variable_which_overrides_the_file(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    variable: str | None,
    model: str,
) -> None:
    write(TWO)
    if variable is not None:
        monkeypatch.setenv("LLMRING_PROFILE", variable)

    assert call("aliases", *words).out == f"fast → {model}\n"


def test_an_unknown_profile_is_an_error_that_lists_the_existing_ones(call: Call) -> None:
    write(TWO)

    result = call("aliases", "--profile", "staging")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert result.err.endswith("; use one of: default, dev, prod, empty\n")


def test_a_mistyped_profile_gets_a_suggestion(call: Call) -> None:
    write(TWO)

    assert "did you mean 'prod'?" in call("aliases", "--profile", "pord").err


def test_a_profile_without_aliases_succeeds_with_a_note(call: Call) -> None:
    write(TWO)

    result = call("aliases", "--profile", "empty")

    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "profile empty has no aliases; "
        "bind one: llmring bind fast openai:gpt-6-luna --profile empty\n"
    )


def test_S088_a_file_without_a_default_profile_lists_no_aliases(call: Call) -> None:
    write(REGIONS)

    result = call("aliases")

    assert (result.code, result.out) == (0, "")


def test_S050_verbose_shows_every_model_with_its_price_and_context(call: Call) -> None:
    write(EXAMPLE)

    result = call("aliases", "--verbose")

    assert result.out.splitlines()[0] == LISTED.splitlines()[0]
    assert "    openai:gpt-4o-mini  $0.15/$0.60 per million tokens  128,000 tokens" in result.out
    assert [line.split()[0] for line in result.out.splitlines()] == [
        *("fast", "openai:gpt-4o-mini"),
        *("balanced", "anthropic:claude-3-5-sonnet", "openai:gpt-4o", "google:gemini-1.5-pro"),
        *("deep", "anthropic:claude-opus-4"),
    ]


def test_S050_verbose_shows_which_keys_are_set_but_no_key(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")
    models = ["openai:gpt-4o", "anthropic:claude-opus-4", "ollama:llama3.2", "acme:x"]
    write(lockfile_of(default={"fast": models}))

    result = call("aliases", "--verbose")

    assert [line.rpartition("  ")[2] for line in result.out.splitlines()[1:]] == [
        *("key set", "no key; set ANTHROPIC_API_KEY", "needs no key", "unknown provider")
    ]
    assert "secret" not in result.out + result.err


def test_verbose_works_for_a_model_missing_in_the_catalog(call: Call) -> None:
    write(lockfile_of(default={"fast": ["ollama:my-own"]}))

    assert "ollama:my-own  price unknown" in call("aliases", "--verbose").out


def test_json_lists_every_model(call: Call) -> None:
    path = write(EXAMPLE).resolve()

    result = call("aliases", "--json", "--profile", "prod")

    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out) == {
        "file": str(path),
        "profile": "prod",
        "aliases": {"assistant": ["anthropic:claude-3-5-sonnet"]},
    }


def test_json_is_valid_for_a_profile_without_aliases(call: Call) -> None:
    write(TWO)

    assert json.loads(call("aliases", "--json", "--profile", "empty").out)["aliases"] == {}


def test_S051_the_arrow_is_written_in_utf_8() -> None:
    write(lockfile_of(default={"fast": ["openai:gpt-4o"]}))

    done = subprocess.run(
        [*PYTHON, "aliases"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "", "PYTHONUTF8": "1"},
        check=False,
    )

    assert done.stdout == b"fast \xe2\x86\x92 openai:gpt-4o\n"


def test_W036_the_arrow_is_ascii_if_the_output_encoding_lacks_it() -> None:
    write(lockfile_of(default={"für": ["openai:gpt-4o"]}))

    result = run("aliases", PYTHONIOENCODING="ascii")

    assert result == (0, "f\\xfcr -> openai:gpt-4o\n", "")


def test_json_is_valid_on_an_ascii_output() -> None:
    write(lockfile_of(default={"für": ["openai:gpt-4o"]}))

    result = run("aliases", "--json", PYTHONIOENCODING="ascii")

    assert json.loads(result.out)["aliases"] == {"für": ["openai:gpt-4o"]}


@pytest.mark.parametrize("words", [[], ["--verbose"]], ids=["plain", "verbose"])
def test_S052_aliases_works_without_key_network_or_home(tmp_path: Path, words: list[str]) -> None:
    write(EXAMPLE)
    nowhere = tmp_path / "file"
    nowhere.write_text("")

    result = run("aliases", *words, HOME=str(nowhere / "home"), HTTPS_PROXY="http://127.0.0.1:1")

    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0] == "fast → openai:gpt-4o-mini"


def test_S053_without_a_lockfile_the_bundled_one_is_listed_with_a_note(call: Call) -> None:
    result = call("aliases")

    assert result.code == 0
    assert result.out.startswith("fast → ")
    assert result.err.endswith("Create yours: llmring lock init\n")


def test_S053_a_named_lockfile_must_exist(call: Call) -> None:
    result = call("aliases", "--file", "nope.lock")

    assert (result.code, result.out) == (1, "")
    assert "nope.lock: the given lockfile does not exist" in result.err
    assert "llmring lock init" in result.err


def test_S014_the_variable_selects_the_lockfile(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(EXAMPLE)
    write(TWO, str(tmp_path / "other.lock"))
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(tmp_path / "other.lock"))

    assert call("aliases").out == "fast → ollama:llama3.2\n"


def test_S012_the_file_option_overrides_the_variable(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(TWO, "two.lock")
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "nope.lock")

    assert call("aliases", "--file", "two.lock").out == "fast → ollama:llama3.2\n"


def test_an_unknown_key_in_the_lockfile_is_ignored_with_a_note(call: Call) -> None:
    write(lockfile_of(default={"fast": ["openai:gpt-4o"]}) + 'tempo = "presto"\n')

    result = call("aliases")

    assert (result.code, result.out) == (0, "fast → openai:gpt-4o\n")
    assert result.err.startswith("llmring.lock:9: ignored: ")
    assert "tempo" in result.err


def test_an_inherited_alias_is_listed(call: Call) -> None:
    write(lockfile_of(default={"fast": ["openai:gpt-4o"]}) + '[profiles.dev]\nextends = "default"')

    assert call("aliases", "--profile", "dev").out == "fast → openai:gpt-4o\n"


def test_the_command_works_from_any_folder(tmp_path: Path) -> None:
    path = write(EXAMPLE).resolve()

    assert run("aliases", "--file", str(path), cwd=Path(sys.prefix)).out == LISTED


def test_verbose_shows_providers_of_the_lockfile_and_their_key_variables(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = '[providers.mine]\nkind = "openai"\nbase_url = "http://localhost:1/v1"\n'
    models = ["mine:a", "groq:b", "azure:c", "vllm:d"]
    write(lockfile_of(default={"fast": models}) + mine + 'api_key_env = "MINE_KEY"\n')
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "sk-secret")

    lines = call("aliases", "--verbose").out.splitlines()

    assert [line.split("price unknown")[1].strip() for line in lines[1:]] == [
        "no key; set MINE_KEY",
        "no key; set GROQ_API_KEY",
        "no address; set AZURE_OPENAI_ENDPOINT",
        "needs no key",
    ]


def test_a_provider_of_the_lockfile_can_be_bound_in_upper_or_lower_case(call: Call) -> None:
    write('[providers.Mine]\nkind = "openai"\nbase_url = "http://localhost:1/v1"\n')

    assert call("bind", "fast", "MINE:model").code == 0
    assert call("aliases").out == "fast → mine:model\n"


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_the_aliases_are_a_table(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    write(
        lockfile_of(default={"fast": ["openai:gpt-6-luna"] + ["mock:a-long-name-of-a-model"] * 9})
    )
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("aliases")

    head, first, *rest = shown.splitlines()
    assert head == "alias  model, then fallbacks"
    assert first.startswith("fast   openai:gpt-6-luna, mock:a-long-name-of-a-model,")
    assert max(map(len, (first, *rest))) <= width
    assert " ".join((first, *rest)).count("mock:a-long-name-of-a-model") == 9


def test_the_details_of_aliases_show_each_name_and_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(lockfile_of(default={"an-alias-of-many-words": ["google:gemini-3.5-flash-lite"]}))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("aliases", "-v")

    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1] == "an-alias-of-many-words"
    assert lines[2].split()[0] == "google:gemini-3.5-flash-lite"
    assert "GOOGLE_GEMINI_API_KEY" in shown


def test_aliases_of_packages_are_mentioned(call: Call) -> None:
    Path("llmring.lock").write_text('[extends]\npackages = ["my_library"]\n')

    assert call("aliases").err == (
        "aliases of my_library can be called too; list them: llmring lock check\n"
    )
