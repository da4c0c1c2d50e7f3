"""The first aliases of a new lockfile."""

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import catalogs
from llmring.config.settings import read_settings
from llmring.config.starter_models import first_aliases, keys_set
from llmring.registry import cache
from llmring.registry.catalog import ModelFacts, Prices
from llmring.registry.update import sha256_of
from rings import TODAY

ANTHROPIC = {"ANTHROPIC_API_KEY": "sk-ant-0123456789"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a machine without keys, local models and an installed catalog."""
    return {"LLMRING_TODAY": TODAY, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def aliases(environ: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {each.alias: each.models for each in first_aliases(read_settings(environ))}


def providers(environ: dict[str, str]) -> set[str]:
    return {model.partition(":")[0] for models in aliases(environ).values() for model in models}


def test_only_providers_whose_keys_are_set_are_named(environ: dict[str, str]) -> None:
    settings = read_settings({**environ, **ANTHROPIC, "OPENAI_API_KEY": " "})

    assert keys_set(settings) == ["anthropic"]


def test_the_aliases_use_only_models_for_which_there_is_a_key(environ: dict[str, str]) -> None:
    assert providers({**environ, **ANTHROPIC}) == {"anthropic"}


def test_without_any_key_the_aliases_use_the_largest_vendors(environ: dict[str, str]) -> None:
    assert providers(environ) == {"anthropic", "google", "openai"}


def test_a_local_model_has_an_alias_of_its_own_and_no_other_alias_falls_back_to_it(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    found = aliases({**environ, **ANTHROPIC, "LLMRING_LOCAL_MODEL": str(tmp_path / "mine.gguf")})

    assert found["local"] == ("local:mine",)
    assert [alias for alias, models in found.items() if "local:mine" in models] == ["local"]


def test_without_the_runtime_of_local_models_there_is_no_alias_for_one(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    assert "local" not in aliases(
        {**environ, **ANTHROPIC, "LLMRING_LOCAL_MODEL": str(tmp_path / "mine.gguf")}
    )


def test_without_a_local_model_there_is_no_alias_for_one(environ: dict[str, str]) -> None:
    assert "local" not in aliases({**environ, **ANTHROPIC})


@pytest.fixture
def installed(environ: dict[str, str]) -> dict[str, str]:
    """Install a catalog with two models; return the variables of that machine."""
    models = [
        chat_model("lasting", dollars="5"),
        chat_model("retiring", dollars="4", retires=date(2027, 1, 15)),
    ]
    body = catalogs.document(catalogs.NEW, models)
    note = cache.Note(url="https://example.com/m", sha256=sha256_of(body))
    folder = read_settings(environ).cache_dir
    folder.mkdir(parents=True)
    assert cache.keep(folder, note, body, catalogs.NEW)
    return environ


def chat_model(name: str, dollars: str, retires: date | None = None) -> ModelFacts:
    return ModelFacts(
        provider="openai",
        name=name,
        prices=Prices(input=Decimal(dollars), output=Decimal(dollars)),
        capabilities=frozenset({"tools", "json_schema"}),
        released=date(2020, 1, 1),
        retires=retires,
    )


@pytest.mark.parametrize(
    ("today", "models"),
    [("2026-06-01", {"openai:lasting", "openai:retiring"}), (TODAY, {"openai:lasting"})],
    ids=["long before", "some weeks before"],
)
def test_the_installed_catalog_counts_without_the_models_that_retire_soon(
    installed: dict[str, str], today: str, models: set[str]
) -> None:
    found = aliases({**installed, "LLMRING_TODAY": today})

    assert {model for each in found.values() for model in each} <= models
    assert ("openai:retiring" in str(found)) is ("openai:retiring" in models)
