import json
import subprocess
from pathlib import Path

import pytest

from cli.lineages import lockfile
from cli.terminal import Call, is_plain_error, write

OLD = "openai:t-1"
TEXT = lockfile(default={"fast": [OLD, "anthropic:u-1"], "solo": [OLD]}, prod={"fast": [OLD]})


def models(*, line: int, path: str = "llmring.lock") -> str:
    """Return a line that binds models."""
    lines = [each for each in Path(path).read_text().splitlines() if each.startswith("models")]
    return lines[line]


def test_all_aliases_of_all_profiles_are_upgraded_and_shown(call: Call) -> None:
    write(TEXT)
    result = call("lock", "upgrade")
    price = "price $1.00/$2.00 → $0.50/$3.00 per million tokens in/out"

    assert result.code == 0
    assert Path("llmring.lock").read_text() == TEXT.replace("['openai:t-1'", "['openai:t-2'")
    assert result.out.splitlines()[:3] == [
        f"default.fast: openai:t-1 → openai:t-2, {price}",
        f"default.solo: openai:t-1 → openai:t-2, {price}",
        f"prod.fast: openai:t-1 → openai:t-2, {price}",
    ]
    assert "\n--- a/llmring.lock\n+++ b/llmring.lock\n@@ " in result.out
    assert (
        "\n-models = ['openai:t-1', 'anthropic:u-1']\n+models = ['openai:t-2', 'ant" in result.out
    )
    assert result.err.endswith("llmring.lock: upgraded 3 models\n")


def test_a_dry_run_shows_the_changes_and_writes_nothing(call: Call) -> None:
    write(TEXT)
    dry = call("lock", "upgrade", "--dry-run")

    assert Path("llmring.lock").read_text() == TEXT
    assert dry.err.endswith("llmring.lock: would upgrade 3 models; nothing written\n")
    assert call("lock", "upgrade").out == dry.out


def test_the_shown_diff_is_a_valid_patch(call: Call) -> None:
    write(TEXT.rstrip("\n"))
    patch = call("lock", "upgrade", "--dry-run").out
    subprocess.run(["git", "apply", "-"], input=patch.encode(), check=True)  # noqa: S607

    assert call("lock", "upgrade").out == ""


def test_only_a_named_alias_is_upgraded(call: Call) -> None:
    write(TEXT)
    call("lock", "upgrade", "fast", "--profile", "default")

    assert [models(line=at).count("t-2") for at in range(3)] == [1, 0, 0]


def test_after_an_upgrade_nothing_is_outdated(call: Call) -> None:
    write(TEXT)
    call("lock", "upgrade")

    assert call("lock", "outdated").code == 0
    again = call("lock", "upgrade")
    assert (again.out, again.err.splitlines()[-1]) == ("", "llmring.lock: nothing to upgrade")


def test_comments_and_layout_are_kept(call: Call) -> None:
    text = lockfile(default={"fast": [OLD]}).replace(
        "models = ['openai:t-1']", "models = [\n    'openai:t-1', # why\n    \"mock:a\",\n]"
    )
    write(text)
    call("lock", "upgrade")

    assert Path("llmring.lock").read_text() == text.replace("'openai:t-1'", "'openai:t-2'")


SMALLER = """
[registry.models."openai:t-1"]
family = "t"
released = 2024-01-01
capabilities = ["tools", "vision"]

[registry.models."openai:t-2"]
family = "t"
released = 2025-01-01
capabilities = ["tools"]
"""


def test_a_less_capable_model_is_used_only_with_allow_smaller(call: Call) -> None:
    write(lockfile(SMALLER, default={"fast": [OLD]}))
    kept = call("lock", "upgrade")

    assert "openai:t-2 has no vision; to accept openai:t-2, use lock upgrade --allow" in kept.err
    assert kept.out == ""
    assert (
        "openai:t-1 → openai:t-2, price unknown" in call("lock", "upgrade", "--allow-smaller").out
    )


def test_outdated_pins_are_noted(call: Call) -> None:
    write(f'{TEXT}\n[registry.pins."openai:t-1"]\nmodel = "t-1"\n')

    assert (
        "the pins are those of the replaced models; renew them: llmring lock pin"
        in call("lock", "upgrade").err
    )


def test_weights_of_replaced_models_are_kept_with_a_note(call: Call) -> None:
    weights = '[profiles.default]\nweights = { "openai:t-1" = 1 }'
    write(TEXT.replace("[profiles.default]", weights))

    assert (
        "the weights of profile default name openai:t-1, which default.fast"
        in call("lock", "upgrade").err
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fats"], "did you mean 'fast'?"),
        (["solo", "--profile", "prod"], "it is defined in profiles: default"),
        (["fast", "--profile", "heir"], "inherits alias 'fast' from profile 'default'"),
        (["--profile", "pord"], "did you mean 'prod'?"),
        (["--file", "nope.lock"], "does not exist"),
    ],
)
def test_an_unknown_alias_or_profile_is_an_error(
    call: Call, words: list[str], message: str
) -> None:
    write(f'{TEXT}\n[profiles.heir]\nextends = "default"\n')
    result = call("lock", "upgrade", *words)

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert message in result.err


def test_json_lists_upgraded_and_kept_models(call: Call) -> None:
    path = write(lockfile(default={"fast": [OLD, "mock:a"]}))
    plain = json.loads(call("lock", "upgrade", "--json").out)

    assert (plain["file"], plain["written"]) == (str(path.resolve()), True)
    assert [(each["model"], each["newest"]) for each in plain["upgraded"]] == [
        ("openai:t-1", "openai:t-2")
    ]
    assert [(each["model"], each["why"]) for each in plain["kept"]] == [
        ("mock:a", "it is in no catalog")
    ]
    assert plain["diff"].startswith("--- a/llmring.lock\n")
