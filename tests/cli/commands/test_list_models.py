import json
from datetime import date
from decimal import Decimal

import pytest

from cli.terminal import Call, run_on_terminal, write
from llmring.registry.bundled import bundled
from rings import TODAY

MODELS = """
[registry.models."ollama:cheap"]
prices = { input = 0.01, output = 9 }
capabilities = ["tools", "vision"]
[registry.models."ollama:dear"]
prices = { input = 900, output = 1000 }
capabilities = ["tools", "vision"]
[registry.models."ollama:secret"]
capabilities = ["tools", "vision"]
[registry.models."ollama:gone"]
prices = { input = 1, output = 1 }
retires = 2020-01-01
[registry.models."ollama:going"]
deprecated = 2020-01-01
retires = 2999-01-01
"""


@pytest.fixture(autouse=True)
def lockfile(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    write(MODELS)


def listed(call: Call, *words: str) -> set[str]:
    return {line.split()[0] for line in call("list", *words).out.splitlines()}


def test_on_a_narrow_terminal_capabilities_give_way_to_names_and_dates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("list", "--provider", "ollama")

    head, *rows = shown.splitlines()
    assert head.split() == ["model", "in/out", "context", "life"]
    assert any(row.startswith("ollama:going") and "2999-01-01" in row for row in rows)


def test_R42_current_models_and_those_of_the_lockfile_are_listed(call: Call) -> None:
    gone = {
        str(facts)
        for facts in bundled().models
        if (facts.retires or date.max) <= date.fromisoformat(TODAY)
    }

    found = listed(call)

    assert "ollama:cheap" in found
    assert "ollama:gone" not in found
    assert not found & gone


def test_all_includes_retired_models_and_marks_them(call: Call) -> None:
    lines = call("list", "--all").out.splitlines()

    assert next(line for line in lines if line.startswith("ollama:gone ")).endswith(
        "  retired 2020-01-01"
    )


def test_models_about_to_retire_are_marked(call: Call) -> None:
    lines = call("list").out.splitlines()

    assert next(line for line in lines if line.startswith("ollama:going ")).endswith(
        "  deprecated, retires 2999-01-01"
    )


def test_the_provider_option_filters_models(call: Call) -> None:
    found = listed(call, "--provider", "OpenAI")

    assert found
    assert {name.partition(":")[0] for name in found} == {"openai"}


def test_supports_requires_every_capability(call: Call) -> None:
    found = {str(facts) for facts in bundled().models if {"vision", "audio"} <= facts.capabilities}

    assert listed(call, "--supports", "vision, audio", "--all") == found


def test_max_price_limits_input_and_after_a_slash_output(call: Call) -> None:
    options = ("--provider", "ollama", "--supports", "tools,vision")

    def own(*words: str) -> set[str]:
        return {name for name in listed(call, *options, *words) if name in MODELS}

    assert own() == {"ollama:cheap", "ollama:dear", "ollama:secret"}
    assert own("--max-price", "0.01") == {"ollama:cheap"}
    assert own("--max-price", "$0.01/8.99") == set()
    assert own("--max-price", "1000/1000") == {"ollama:cheap", "ollama:dear"}


def test_max_price_leaves_out_models_of_unknown_price_with_a_note(call: Call) -> None:
    result = call("list", "--provider", "ollama", "--supports", "tools,vision", "--max-price", "1")

    assert "1 left out: their price is unknown\n" in result.err


def test_json_contains_all_facts(call: Call) -> None:
    result = call("list", "--provider", "ollama", "--max-price", "1", "--json")

    found = {model["name"]: model for model in json.loads(result.out)}
    assert found["cheap"]["prices"] == {"input": "0.01", "output": "9"}
    assert all(Decimal(model["prices"]["input"]) <= 1 for model in found.values())


def test_the_kind_option_separates_embedding_and_chat_models(call: Call) -> None:
    kinds = {str(facts): facts.kind for facts in bundled().models}

    assert {kinds.get(name, "chat") for name in listed(call, "--kind", "chat")} == {"chat"}
    assert {kinds[name] for name in listed(call, "--kind", "embedding")} <= {"embedding"}


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_W32_no_match_is_exit_code_1_with_a_note(call: Call, form: list[str]) -> None:
    result = call("list", "--provider", "groq", "--max-price", "0", "--supports", "prefill", *form)

    assert result.code == 1
    assert result.out == ("[]\n" if form else "")
    assert "no model matches" in result.err


def test_a_mistyped_provider_is_an_error_with_a_suggestion(call: Call) -> None:
    result = call("list", "--provider", "opnai")

    assert result.code == 1
    assert result.err == "llmring: unknown provider 'opnai'; did you mean openai?\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--supports", "vison"],
        ["--max-price", "cheap"],
        ["--max-price", "-1"],
        ["--max-price", "nan"],
        ["--max-price", "1/"],
        ["--kind", "poem"],
    ],
)
def test_an_invalid_filter_is_wrong_usage(call: Call, words: list[str]) -> None:
    assert call("list", *words).code == 2
