import json

import pytest

from cli.terminal import Call, lockfile_of, write

KEY = "sk-secret-0123456789"


@pytest.fixture(autouse=True)
def lockfile(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    write(
        lockfile_of(
            default={"fast": ["openai:gpt-4o-mini", "ollama:mine"], "lone": ["ollama:mine"]},
            dev={"fast": ["ollama:llama3.2"]},
        )
    )


def test_a_model_is_shown_with_prices_key_and_address(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    result = call("info", "openai:gpt-4o-mini")

    rows = dict(line.strip().split("  ", 1) for line in result.out.splitlines()[1:])
    rows = {label: text.strip() for label, text in rows.items()}
    assert result.code == 0
    assert rows["context"] == "128,000 tokens"
    assert rows["longest answer"] == "16,384 tokens"
    assert rows["price"] == "$0.15/$0.60 per million tokens"
    assert rows["read from a cache"] == "$0.075 per million tokens"
    assert rows["key"] == "set"
    assert rows["address"] == "https://api.openai.com/v1"
    assert KEY not in result.out + result.err


def test_a_snapshot_is_shown_with_the_model_it_belongs_to(call: Call) -> None:
    result = call("info", "openai:gpt-4o-mini-2024-07-18")

    assert result.out.startswith("openai:gpt-4o-mini-2024-07-18 (that is openai:gpt-4o-mini)\n")


def test_the_models_of_an_alias_are_shown_in_order(call: Call) -> None:
    result = call("info", "fast")

    heads = [line for line in result.out.splitlines() if not line.startswith(" ")]
    assert heads == ["fast: 2 models", "1. openai:gpt-4o-mini", "2. ollama:mine"]
    assert "ollama:mine is not in the catalog" in result.err
    assert result.code == 0


def test_the_profile_option_selects_the_models(call: Call) -> None:
    assert "1. ollama:llama3.2\n" in call("info", "fast", "--profile", "dev").out


def test_W32_the_exit_code_is_1_if_no_model_is_known(call: Call) -> None:
    result = call("info", "lone")

    assert result.code == 1
    assert "  address  http://localhost:11434\n" in result.out


def test_an_unknown_model_gets_suggestions(call: Call) -> None:
    result = call("info", "openai:gpt-4o-mni")

    assert result.code == 1
    assert "openai:gpt-4o-mni is not in the catalog; did you mean openai:gpt-4o-mini" in result.err


def test_an_unknown_model_with_a_colon_in_its_name_gets_suggestions(call: Call) -> None:
    result = call("info", "ollama:llama3.9:70b-it")

    assert "did you mean ollama:llama3." in result.err


def test_a_model_named_without_its_provider_gets_the_full_name_suggested(call: Call) -> None:
    result = call("info", "gpt-4o-mini")

    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[1] == "or did you mean the model openai:gpt-4o-mini?"


def test_facts_from_the_lockfile_are_shown(call: Call) -> None:
    write(
        "[registry.models.'ollama:mine']\ncontext_window = 4096\nfamily = 'mine'\n"
        "successor = 'ours'\nretires = 2020-01-01\ndeprecated = 2019-01-01\n"
        "prices = { input = 1, output = 2, long_context = { above = 9, input = 3, output = 4 } }\n"
    )

    result = call("info", "ollama:mine")

    for words in (
        "4,096 tokens",
        "price above 9 tokens  $3.00/$4.00 per million tokens",
        "retired               2020-01-01",
        "deprecated            2019-01-01",
        "successor             ours",
        "key                   not needed",
    ):
        assert words in result.out, result.out


def test_json_contains_all_facts(call: Call) -> None:
    result = json.loads(call("info", "fast", "--json").out)

    assert result["name"] == "fast"
    assert [model["model"] for model in result["models"]] == ["openai:gpt-4o-mini", "ollama:mine"]
    assert result["models"][0]["facts"]["context_window"] == 128_000
    assert result["models"][0]["key"] == "no key; set OPENAI_API_KEY"
    assert result["models"][1]["facts"] is None
