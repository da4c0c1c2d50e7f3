"""The structure of a lockfile."""

import difflib
from pathlib import Path

import pytest

from cli.terminal import Call, write
from llmring import LLMRing, LockfileVersionError
from lockfile.texts import EXAMPLE

BINDING = '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["openai:gpt-4o-mini"]\n'


def test_S020_what_toml_1_0_added_is_read() -> None:
    write(f"x-notes = [1, 'two', {{ three = 3.0 }}]\nprofiles.dev.name = 'dev'\n{BINDING}")

    assert LLMRing().list_aliases() == {"fast": "openai:gpt-4o-mini"}


def test_S021_the_version_is_a_text_and_another_one_is_refused() -> None:
    write(f'version = "9.9"\n{BINDING}')

    with pytest.raises(LockfileVersionError, match=r"9\.9"):
        LLMRing()


def test_S022_the_default_profile_is_the_file_s(example: Path) -> None:
    write(EXAMPLE.replace('default_profile = "default"', 'default_profile = "prod"'))

    assert LLMRing().list_aliases() == {"assistant": "anthropic:claude-3-5-sonnet"}


def test_S022_a_missing_default_profile_is_reported(call: Call) -> None:
    write(f'default_profile = "defualt"\n{BINDING}')

    message = call("lock", "validate").out

    assert "llmring.lock:1:19: warning: default_profile: unknown profile 'defualt'" in message


def test_S023_a_profile_is_a_table_with_a_name(example: Path) -> None:
    ring = LLMRing()

    for profile in ("default", "dev", "prod"):
        assert ring.list_aliases(profile)


def test_S024_bindings_are_tables_of_alias_and_models(example: Path) -> None:
    assert LLMRing().list_bindings()["fast"] == ("openai:gpt-4o-mini",)


def test_S025_models_may_span_lines_with_comments_and_keep_their_order(example: Path) -> None:
    assert LLMRing().list_bindings()["balanced"] == (
        "anthropic:claude-3-5-sonnet",
        "openai:gpt-4o",
        "google:gemini-1.5-pro",
    )


def test_S026_an_edit_changes_only_its_own_lines_and_no_comment(call: Call, example: Path) -> None:
    call("bind", "deep", "openai:gpt-4o")
    LLMRing().bind_alias("assistant", "google:gemini-1.5-pro", profile="dev")

    after = example.read_text().splitlines()
    changed = [
        line for line in difflib.ndiff(EXAMPLE.splitlines(), after) if line.startswith(("- ", "+ "))
    ]
    assert changed == [
        '- models = ["anthropic:claude-opus-4"]',
        '+ models = ["openai:gpt-4o"]',
        '- models = ["openai:gpt-4o-mini"]  # Cheaper for development',
        '+ models = ["google:gemini-1.5-pro"]  # Cheaper for development',
    ]


def test_S027_an_alias_with_one_model_is_legal(call: Call, example: Path) -> None:
    assert LLMRing().list_bindings()["deep"] == ("anthropic:claude-opus-4",)
    assert call("lock", "validate").code == 0


def test_S028_an_alias_may_differ_per_profile(example: Path) -> None:
    ring = LLMRing()

    assert ring.resolve_alias("assistant", profile="dev") == "openai:gpt-4o-mini"
    assert ring.resolve_alias("assistant", profile="prod") == "anthropic:claude-3-5-sonnet"


@pytest.mark.parametrize(("profile", "count"), [("default", 3), ("dev", 1), ("prod", 1)])
def test_S029_the_whole_example_loads(example: Path, profile: str, count: int) -> None:
    assert len(LLMRing().list_aliases(profile)) == count


def test_S030_dates_metadata_and_registry_versions_are_optional_and_allowed(call: Call) -> None:
    write(
        'version = "1.0"\ncreated_at = "2026-01-31T12:00:00Z"\nupdated_at = 2026-01-31\n'
        "[metadata]\nteam = 'x'\n[profiles.default.registry_versions]\nopenai = 3\n" + BINDING
    )

    assert call("lock", "validate").code == 0
    assert LLMRing().list_aliases() == {"fast": "openai:gpt-4o-mini"}
