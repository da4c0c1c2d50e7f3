"""`lock init`, `bind`, `aliases`, `lock validate`."""

from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, run, write
from contract.programs import run_offline
from llmring import LLMRing
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.document import ModelRef
from llmring.registry import bundled
from lockfile.texts import EXAMPLE

# --- lock init ---------------------------------------------------------------------------------


def test_S031_lock_init_creates_a_lockfile_here() -> None:
    message = run("lock", "init")

    assert message.code == 0
    assert LLMRing().lockfile_path == Path.cwd() / "llmring.lock"


def test_S032_force_overwrites(call: Call, example: Path) -> None:
    assert call("lock", "init", "--force").code == 0

    assert "assistant" not in example.read_text()


def test_S033_without_force_the_file_is_left_alone(call: Call, example: Path) -> None:
    message = call("lock", "init")

    assert message.code == 1
    assert "--force" in message.err
    assert example.read_text() == EXAMPLE


def test_S034_lock_init_makes_the_folders_of_its_path(call: Call) -> None:
    assert call("lock", "init", "--file", "path/to/llmring.lock").code == 0

    assert LLMRing("path/to/llmring.lock").has_alias("fast")


def test_S035_lock_init_chooses_from_the_catalog_and_says_of_which_day(call: Call) -> None:
    message = call("lock", "init")

    assert f"catalog of {bundled.bundled().date}" in message.err


def test_S036_the_common_aliases_are_bound_to_models_that_chat(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # no local model, which can do less
    call("lock", "init")

    for alias, models in LLMRing().list_bindings("default").items():
        for model in models:
            facts = bundled.facts(ModelRef.parse(model))
            assert facts is not None, (alias, model)
            assert {"tools", "json_schema"} <= facts.capabilities, (alias, model)


def test_S037_the_lockfile_is_placed_where_every_command_and_ring_finds_it(call: Call) -> None:
    Path("src/mine").mkdir(parents=True)
    Path("src/mine/__init__.py").touch()
    Path("pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1"\n')

    call("lock", "init")
    listed = call("aliases").out

    assert [line.split(" ")[0] for line in listed.splitlines()] == [*LLMRing().list_aliases()]
    assert LLMRing().lockfile_source == "folder"


def test_S038_lock_init_needs_neither_key_nor_network() -> None:
    assert run_offline("lock", "init") == (0, *run("lock", "init", "--force")[1:])

    assert LLMRing().has_alias("fast")


# --- bind --------------------------------------------------------------------------------------


def test_S039_bind_takes_an_alias_and_a_reference(example: Path) -> None:
    assert run("bind", "fast", "openai:gpt-4o").code == 0

    assert LLMRing().list_bindings()["fast"] == ("openai:gpt-4o",)


@pytest.mark.parametrize("comma", [",", ", ", " , "])
def test_S040_models_after_commas_are_fallbacks_in_order(
    call: Call, example: Path, comma: str
) -> None:
    call("bind", "balanced", f"anthropic:claude-3-5-sonnet{comma}openai:gpt-4o")

    assert LLMRing().list_bindings()["balanced"] == (
        "anthropic:claude-3-5-sonnet",
        "openai:gpt-4o",
    )


def test_S041_a_profile_that_is_missing_is_made(call: Call, example: Path) -> None:
    call("bind", "assistant", "openai:gpt-4o-mini", "--profile", "staging")

    assert LLMRing().list_aliases("staging") == {"assistant": "openai:gpt-4o-mini"}


def test_S042_the_same_alias_in_another_profile_is_left_alone(call: Call, example: Path) -> None:
    call("bind", "assistant", "anthropic:claude-opus-4", "--profile", "prod")

    assert LLMRing().resolve_alias("assistant", "dev") == "openai:gpt-4o-mini"
    assert LLMRing().resolve_alias("assistant", "prod") == "anthropic:claude-opus-4"


def test_S043_a_model_may_hold_colons(call: Call, example: Path) -> None:
    call("bind", "local", "ollama:llama3:8b")

    assert LLMRing().resolve_alias("local") == "ollama:llama3:8b"


@pytest.mark.parametrize("reference", ["openai:", ":gpt-4o", "opnai:gpt-4o", "gpt-4o", ""])
def test_S043_bind_rejects_what_is_not_a_reference_to_a_known_provider(
    call: Call, example: Path, reference: str
) -> None:
    assert call("bind", "fast", reference).code == 1

    assert example.read_text() == EXAMPLE


def test_S044_without_profile_bind_writes_the_default_one(call: Call, example: Path) -> None:
    message = call("bind", "new", "openai:gpt-4o")

    assert "profile default" in message.err
    assert LLMRing().has_alias("new", profile="default")


def test_S045_bind_creates_the_lockfile_where_none_is(call: Call) -> None:
    call("bind", "fast", "openai:gpt-4o-mini")

    assert LLMRing("llmring.lock").list_aliases() == {"fast": "openai:gpt-4o-mini"}


def test_S045_binding_again_keeps_the_alias_in_its_place(call: Call, example: Path) -> None:
    call("bind", "fast", "openai:gpt-4o")

    assert [*LLMRing().list_aliases()] == ["fast", "balanced", "deep"]


# --- aliases -----------------------------------------------------------------------------------

LISTED = """\
fast → openai:gpt-4o-mini
balanced → anthropic:claude-3-5-sonnet (+ 2 fallbacks)
deep → anthropic:claude-opus-4
"""


def test_S046_aliases_prints_one_line_each_in_the_order_of_the_file(example: Path) -> None:
    assert run("aliases") == (0, LISTED, "")


def test_S047_one_fallback_is_singular(call: Call) -> None:
    write(lockfile_of(default={"two": ["mock:echo", "mock:fixed"], "one": ["mock:echo"]}))

    assert call("aliases").out == "two → mock:echo (+ 1 fallback)\none → mock:echo\n"


def test_S048_without_profile_aliases_lists_the_default_one(call: Call, example: Path) -> None:
    assert call("aliases").out == call("aliases", "--profile", "default").out


@pytest.mark.parametrize(
    ("profile", "model"), [("dev", "openai:gpt-4o-mini"), ("prod", "anthropic:claude-3-5-sonnet")]
)
def test_S049_aliases_lists_a_profile(call: Call, example: Path, profile: str, model: str) -> None:
    assert call("aliases", "--profile", profile).out == f"assistant → {model}\n"


def test_S049_an_unknown_profile_is_an_error_that_names_the_others(
    call: Call, example: Path
) -> None:
    message = call("aliases", "--profile", "staging")

    assert message.code == 1
    assert "default, dev, prod" in message.err


def test_S050_verbose_shows_every_model_its_price_and_its_key(
    call: Call, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")

    message = call("aliases", "--verbose")

    assert message.code == 0
    for word in ("google:gemini-1.5-pro", "$0.15", "ANTHROPIC_API_KEY"):
        assert word in message.out
    assert "0123456789abcdef" not in message.out


def test_S051_the_arrow_is_written_in_utf_8(example: Path) -> None:
    assert "fast \u2192 openai:gpt-4o-mini" in run("aliases").out


def test_S051_where_the_output_has_no_arrow_there_is_no_traceback(example: Path) -> None:
    message = run("aliases", PYTHONIOENCODING="ascii")

    assert message == (0, LISTED.replace("→", "->"), "")


def test_S052_aliases_needs_neither_key_nor_network(example: Path) -> None:
    assert run_offline("aliases") == (0, LISTED, "")


def test_S053_a_named_lockfile_that_is_not_there_is_a_clear_error() -> None:
    for message in (
        run("aliases", "--file", "x.lock"),
        run("aliases", LLMRING_LOCKFILE_PATH="x.lock"),
    ):
        assert message.code == 1
        assert is_plain_error(message.err), message.err
        assert "llmring lock init" in message.err


def test_S053_without_a_lockfile_the_bundled_one_is_listed_with_a_note(call: Call) -> None:
    message = call("aliases")

    assert message.code == 0
    assert message.out == call("aliases", "--file", str(BUNDLED)).out
    assert "llmring lock init" in message.err


# --- lock validate -----------------------------------------------------------------------------


def test_S063_validate_accepts_the_active_lockfile(example: Path) -> None:
    message = run("lock", "validate")

    assert message.code == 0
    assert ": error:" not in message.out


def test_S063_validate_looks_at_the_file_that_the_environment_names(
    call: Call, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("version = 9", "bad.lock")
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "bad.lock")

    assert call("lock", "validate").code == 1


def test_S064_validate_takes_a_file(call: Call) -> None:
    Path("path/to").mkdir(parents=True)
    write(EXAMPLE, "path/to/llmring.lock")

    assert call("lock", "validate", "--file", "path/to/llmring.lock").code == 0


BINDING = '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["openai:gpt-4o-mini"]\n'

BAD_STRUCTURES = {
    "TOML syntax": "[profiles.default\n",
    "version": 'version = "9.9"\n' + BINDING,
    "a required key": '[[profiles.default.bindings]]\nalias = "fast"\n',
    "a type": '[[profiles.default.bindings]]\nalias = "fast"\nmodels = 3\n',
    "a duplicate alias": BINDING + BINDING,
    "empty models": '[[profiles.default.bindings]]\nalias = "fast"\nmodels = []\n',
    "an unknown key": BINDING + 'model = "openai:gpt-4o"\n',
}


@pytest.mark.parametrize("text", BAD_STRUCTURES.values(), ids=BAD_STRUCTURES.keys())
def test_S065_validate_checks_the_structure(call: Call, text: str) -> None:
    write(text)

    message = call("lock", "validate")

    assert message.code == 1
    assert ": error: " in message.out


@pytest.mark.parametrize("reference", ["gpt-4o-mini", "openai:", ":x", "opnai:gpt-4o"])
def test_S066_validate_checks_every_reference(call: Call, reference: str) -> None:
    write(EXAMPLE.replace("openai:gpt-4o-mini", reference, 1))

    message = call("lock", "validate")

    assert message.code == 1
    assert "llmring.lock:9:11: error: profiles.default.bindings[0].models[0]: " in message.out


def test_S067_every_problem_is_listed_with_its_place(call: Call) -> None:
    write(EXAMPLE.replace("openai:gpt-4o-mini", "gpt-4o-mini").replace("version", "verzion", 1))

    message = call("lock", "validate")

    errors = [
        line.partition(": error: ")[0] for line in message.out.splitlines() if "error" in line
    ]
    assert message.code == 1
    assert errors == ["llmring.lock:1:1", "llmring.lock:9:11", "llmring.lock:28:11"]


def test_S068_validate_means_as_much_offline(call: Call) -> None:
    write(EXAMPLE.replace("openai:gpt-4o-mini", "gpt-4o-mini"))

    assert run_offline("lock", "validate") == run("lock", "validate")
