import json

import pytest

from cli.lineages import lockfile
from cli.terminal import Call, run_on_terminal, write

AMOUNTS = ("--tokens-in", "1M", "--tokens-out", "100k")
HEAD = "profile  alias  model       cost   fallbacks\n"


def test_each_alias_of_each_profile_has_its_cost_and_the_range_of_its_fallbacks(
    call: Call,
) -> None:
    fast = ["openai:t-1", "openai:t-2", "anthropic:u-1", "mock:a"]
    write(lockfile(default={"fast": fast}, prod={"solo": ["openai:t-1"]}))
    result = call("lock", "cost", *AMOUNTS)

    assert (result.code, result.out) == (
        0,
        HEAD
        + "default  fast   openai:t-1  $1.20  $0.80 to $4.80, 1 unknown\n"
        + "prod     solo   openai:t-1  $1.20\n",
    )


def test_the_profile_option_shows_only_that_profile(call: Call) -> None:
    write(lockfile(default={"fast": ["openai:t-1"]}, prod={"solo": ["openai:t-1"]}))

    assert "default" not in call("lock", "cost", *AMOUNTS, "--profile", "prod").out


def test_on_a_terminal_the_reason_of_an_unknown_cost_is_below_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(lockfile(default={"fast": ["mock:a"], "slow": ["mock:b", "openai:t-1"]}))
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("lock", "cost", *AMOUNTS)

    assert shown.splitlines() == [
        "profile  alias  model   cost     fallbacks",
        "default  fast   mock:a  unknown",
        "default  slow   mock:b  unknown  $1.20",
        "unknown: the model is not in the catalog (mock:a, mock:b)",
    ]


def test_an_unknown_price_is_shown_as_unknown(call: Call) -> None:
    write(lockfile(default={"fast": ["mock:a"], "soon": ["openai:t-3-preview"]}))
    result = call("lock", "cost", *AMOUNTS)

    assert result.code == 0
    assert "mock:a              unknown: the model is not in the catalog\n" in result.out
    assert "unknown: the catalog has no price for openai:t-3-preview\n" in result.out


def test_cached_tokens_cost_less(call: Call) -> None:
    write(lockfile(default={"fast": ["openai:t-1"]}))

    assert "openai:t-1  $0.30\n" in call("lock", "cost", *AMOUNTS, "--cached", "1M").out


def test_per_request_applies_the_prices_of_long_prompts(call: Call) -> None:
    write(lockfile(default={"fast": ["openai:t-2"]}))
    unsaid, short, long = (
        call("lock", "cost", *AMOUNTS, *words)
        for words in ([], ["--per-request", "100k"], ["--per-request", "100_001"])
    )

    assert ["$0.80" in result.out for result in (unsaid, short, long)] == [True, True, False]
    assert "$1.60" in long.out
    assert unsaid.err == (
        "higher prices for long prompts are not applied: openai:t-2 above 100,000 tokens; "
        "give --per-request\n"
    )
    assert short.err == ""
    assert long.err == "prices for long prompts are applied: openai:t-2 above 100,000 tokens\n"


PINS = '\n[registry.pins."openai:t-1"]\nmodel = "t-1"\nprices = { input = 10, output = 20 }\n'


def test_pinned_uses_the_prices_in_the_lockfile(call: Call) -> None:
    write(lockfile(default={"fast": ["openai:t-1"], "solo": ["openai:t-2"]}) + PINS)
    result = call("lock", "cost", *AMOUNTS, "--pinned")

    assert "fast   openai:t-1  $12.00\n" in result.out
    assert "solo   openai:t-2  unknown: no price is pinned\n" in result.out


def test_json_has_exact_amounts(call: Call) -> None:
    path = write(lockfile(default={"fast": ["openai:t-2", "mock:a"]}))
    words = ("--tokens-in", "200_000", "--tokens-out", "7", "--per-request", "200k", "--json")

    assert json.loads(call("lock", "cost", *words).out) == {
        "file": str(path.resolve()),
        "tokens_in": 200000,
        "tokens_out": 7,
        "cached": 0,
        "per_request": 200000,
        "pinned": False,
        "aliases": [
            {
                "profile": "default",
                "alias": "fast",
                "models": [
                    {
                        "model": "openai:t-2",
                        "cost": "0.200042",
                        "reason": None,
                        "long_context_above": 100000,
                        "long_context": True,
                    },
                    {
                        "model": "mock:a",
                        "cost": None,
                        "reason": "the model is not in the catalog",
                        "long_context_above": None,
                        "long_context": False,
                    },
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "required: --tokens-in, --tokens-out"),
        (["--tokens-in", "lots", "--tokens-out", "1"], "'lots' is not a number of tokens"),
        ([*AMOUNTS, "--cached", "2M"], "--cached is larger than --tokens-in"),
    ],
)
def test_wrong_usage_is_exit_code_2(call: Call, words: list[str], message: str) -> None:
    write(lockfile(default={"fast": ["openai:t-1"]}))
    result = call("lock", "cost", *words)

    assert (result.code, result.out) == (2, "")
    assert message in result.err
