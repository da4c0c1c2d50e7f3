import json

import pytest

from cli.lineages import lockfile
from cli.terminal import Call, is_plain_error, write

HEAD = "profile  alias  model       newest      price                      retires\n"
T_1 = "openai:t-1  openai:t-2  $1.00/$2.00 → $0.50/$3.00  2099-12-31\n"
HELD = "newer than openai:t-2, but held back: openai:t-3-preview is a preview\n"


def test_outdated_models_are_listed_with_exit_code_1(call: Call) -> None:
    write(lockfile(default={"fast": ["openai:t-1", "anthropic:u-1"]}))

    assert call("lock", "outdated") == (
        1,
        f"{HEAD}default  fast   {T_1}",
        f"default.fast: {HELD}llmring.lock: 1 of 2 models can be upgraded: llmring lock upgrade\n",
    )


def test_an_up_to_date_lockfile_is_exit_code_0(call: Call) -> None:
    write(lockfile(default={"fast": ["anthropic:u-1"]}))

    assert call("lock", "outdated") == (0, "", "llmring.lock: no model is outdated\n")


def test_all_lists_current_models_with_the_reason(call: Call) -> None:
    write(lockfile(default={"fast": ["anthropic:u-1", "mock:echo"]}))
    result = call("lock", "outdated", "--all")

    assert result.code == 0
    assert "anthropic:u-1  - (it is the newest of its line)  $4.00/$8.00\n" in result.out
    assert "mock:echo      - (it is in no catalog)           unknown\n" in result.out
    assert result.err.endswith("no model is outdated; 1 can't be judged: see --all\n")


def test_every_profile_is_checked_unless_one_is_named(call: Call) -> None:
    write(lockfile(default={"fast": ["openai:t-1"]}, prod={"slow": ["openai:t-1"]}))
    every, one = call("lock", "outdated"), call("lock", "outdated", "--profile", "prod")

    assert every.out == f"{HEAD}default  fast   {T_1}prod     slow   {T_1}"
    assert [line.split()[0] for line in one.out.splitlines()] == ["profile", "prod"]


def test_an_inherited_binding_is_listed_once(call: Call) -> None:
    text = lockfile(default={"fast": ["openai:t-1"]}, prod={})
    write(text.replace("[profiles.prod]", '[profiles.prod]\nextends = "default"'))

    assert call("lock", "outdated").out == f"{HEAD}default  fast   {T_1}"
    assert call("lock", "outdated", "--profile", "prod").out == f"{HEAD}default  fast   {T_1}"


def test_a_need_of_the_lockfile_holds_a_newer_model_back(call: Call) -> None:
    text = lockfile(default={"fast": ["openai:t-1"]})
    write(text.replace("[profiles.default]", "[profiles.default]\nmin_context = 2001"))
    result = call("lock", "outdated")

    assert result.code == 0
    assert "openai:t-2 has a context of 2,000 tokens, less than 2,001" in result.err


def test_json_lists_every_model(call: Call) -> None:
    path = write(lockfile(default={"fast": ["openai:t-1", "mock:echo"]}))
    result = call("lock", "outdated", "--json")
    plain = json.loads(result.out)

    assert result.code == 1
    assert (plain["file"], plain["outdated"]) == (str(path.resolve()), 1)
    assert plain["models"][0] == {
        "profile": "default",
        "alias": "fast",
        "model": "openai:t-1",
        "newest": "openai:t-2",
        "why": None,
        "held": [{"model": "openai:t-3-preview", "why": "is a preview", "smaller": False}],
        "prices": {"input": "1", "output": "2", "cached_input": "0.1"},
        "prices_then": {
            "input": "0.5",
            "output": "3",
            "long_context": {"above": 100000, "input": "1", "output": "6"},
        },
        "context_window": 1000,
        "context_window_then": 2000,
        "retires": "2099-12-31",
    }
    assert (plain["models"][1]["newest"], plain["models"][1]["prices"]) == (None, None)


@pytest.mark.parametrize("words", [["--file", "nope.lock"], ["--file", "bad.lock"], []])
def test_a_lockfile_that_is_missing_or_bad_is_exit_code_2(call: Call, words: list[str]) -> None:
    write("[\n", "bad.lock")
    result = call("lock", "outdated", *words)

    assert (result.code, result.out) == (2, "")
    assert is_plain_error(result.err)
