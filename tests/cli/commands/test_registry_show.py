import json

import pytest

from cli.terminal import Call, is_plain_error, write
from llmring.registry.bundled import bundled


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


OWN = "[registry.models.'openai:gpt-4o-mini']\nmax_output = 99\n"


def test_every_fact_has_a_source_and_each_source_a_date(call: Call) -> None:
    result = call("registry", "show", "openai:gpt-4o-mini")

    [price] = [line for line in result.out.splitlines() if line.startswith("  price")]
    origin = price.split()[-1]
    assert origin in bundled().sources
    figures, _, sources = result.out.partition("\nfrom:\n")
    assert f"  {origin} {bundled().sources[origin].version}" in sources
    assert str(bundled().sources[origin].date) in sources
    assert figures.startswith("openai:gpt-4o-mini\n  context ")
    assert result.err == f"catalog of {bundled().date} shipped with llmring, none fetched\n"


def test_facts_from_the_lockfile_are_attributed_to_it(call: Call) -> None:
    write(OWN)

    result = call("registry", "show", "openai:gpt-4o-mini")

    [line] = [line for line in result.out.splitlines() if "99 tokens" in line]
    assert line.split()[-1] == "lockfile"
    assert "lockfile" in result.out.partition("\nfrom:\n")[2]
    assert "llmring.lock" in result.out


def test_json_has_facts_origins_and_sources(call: Call) -> None:
    path = write(OWN).resolve()

    result = json.loads(call("registry", "show", "openai:gpt-4o-mini", "--json").out)

    assert result["model"] == "openai:gpt-4o-mini"
    assert result["facts"]["max_output"] == 99
    used = {key for keys in result["facts"]["origins"].values() for key in keys}
    assert used == result["sources"].keys()
    assert result["sources"]["lockfile"] == {"url": str(path)}


def test_an_unknown_model_is_an_error_with_suggestions(call: Call) -> None:
    result = call("registry", "show", "openai:gpt-4o-mni")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert "did you mean openai:gpt-4o-mini" in result.err


def test_an_unknown_model_like_no_other_gets_advice_on_describing_it(call: Call) -> None:
    result = call("registry", "show", "mock:quux")

    assert result.err == (
        "llmring: mock:quux is not in the catalog; describe it in the lockfile, "
        "under [registry.models]\n"
    )


def test_an_invalid_reference_is_an_error(call: Call) -> None:
    result = call("registry", "show", "gpt-4o-mini")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
