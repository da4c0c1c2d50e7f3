"""Which lockfile and which keys llm's models use."""

import json
from collections.abc import Callable
from pathlib import Path

import llm
import pytest

from llm_llmring.users_lockfile import open_ring, require_trust
from llmring import ConfigurationError

Write = Callable[..., Path]


def in_llm() -> Path:
    return Path(llm.user_dir()) / "llmring.lock"


def test_the_lockfile_here_comes_before_the_one_in_llm_s_folder(write: Write) -> None:
    write(in_llm(), user=["mock:echo"])
    assert [*open_ring().list_aliases()] == ["user"]

    write(here=["mock:echo"])
    assert [*open_ring().list_aliases()] == ["here"]


def test_a_lockfile_that_a_variable_names_comes_first(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(in_llm(), user=["mock:echo"])
    write(here=["mock:echo"])
    named = write(tmp_path / "named.lock", named=["mock:echo"])
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(named))

    assert [*open_ring().list_aliases()] == ["named"]


def test_without_any_the_one_that_comes_with_llmring_is_used() -> None:
    assert open_ring().lockfile_source == "bundled"


@pytest.mark.parametrize(
    ("name", "model"),
    [("openai", "openai:o"), ("gemini", "google:g"), ("anthropic", "anthropic:a")],
)
def test_a_key_that_llm_stores_is_the_provider_s(write: Write, name: str, model: str) -> None:
    write(fast=[model, "mock:echo"])
    assert open_ring().resolve_alias("fast") == "mock:echo"

    (Path(llm.user_dir()) / "keys.json").write_text(json.dumps({name: "sk-none", "else": "x"}))

    assert open_ring().resolve_alias("fast") == model


def test_a_variable_comes_before_a_stored_key(monkeypatch: pytest.MonkeyPatch) -> None:
    (Path(llm.user_dir()) / "keys.json").write_text(json.dumps({"openai": "sk-stored"}))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-set")

    assert open_ring().get_provider("openai").client.api_key == "sk-set"


def test_a_lockfile_of_the_user_s_own_folder_needs_no_consent(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = '[providers.x]\nkind = "openai"\nbase_url = "https://x.example"\napi_key_env = "X_KEY"'
    path = write(more=more, fast=["x:y"])
    with pytest.raises(ConfigurationError):
        require_trust(open_ring())

    path.rename(in_llm())
    require_trust(open_ring())

    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(in_llm()))
    require_trust(open_ring())
