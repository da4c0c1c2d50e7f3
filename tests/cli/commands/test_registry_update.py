import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from catalogs import NEW, OLD, TODAY, document
from cli.terminal import Call, is_plain_error, run, write
from llmring import LLMRing
from llmring.registry import cache
from llmring.registry.cache import Note, keep
from llmring.registry.update import sha256_of
from loopback import Answer, Loopback

Serve = Callable[..., Loopback]

NONE = Answer([b"none"], 404)


@pytest.fixture(autouse=True)
def cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LLMRING_TRUST", "1")
    monkeypatch.setenv("LLMRING_TODAY", str(NEW))
    return tmp_path / "cache" / "llmring"


@pytest.fixture
def url(serve: Serve) -> str:
    return f"{serve(Answer([document(NEW)]), NONE).url}/models.json"


def test_a_newer_catalog_is_fetched_and_used_by_other_processes(url: str) -> None:
    result = run("registry", "update", "--url", url)

    assert result.code == 0
    assert result.out == f"catalog of {NEW}, 1 models, replaces that of {TODAY}\n"
    assert result.err.startswith(f"from {url}; SHA-256 {sha256_of(document(NEW))}: not verified")
    assert f"catalog of {NEW} fetched from {url}" in run("list").err


@pytest.mark.parametrize("named_by", ["option", "variable", "lockfile"])
def test_the_url_comes_from_option_variable_or_lockfile(
    call: Call, monkeypatch: pytest.MonkeyPatch, url: str, named_by: str
) -> None:
    nowhere = "https://127.0.0.1:1/m"
    options = ["--url", url] if named_by == "option" else []
    write(f'[registry]\nurl = "{url if named_by == "lockfile" else nowhere}"\n')
    if named_by != "lockfile":
        monkeypatch.setenv("LLMRING_REGISTRY_URL", url if named_by == "variable" else nowhere)

    assert call("registry", "update", *options).code == 0


def test_without_a_url_the_error_explains_what_to_set(call: Call) -> None:
    result = call("registry", "update")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    for word in ("--url", "LLMRING_REGISTRY_URL", "[registry]", f"{TODAY} stays in use"):
        assert word in result.err


def test_W32_an_offline_update_fails_and_keeps_the_current_catalog(call: Call) -> None:
    result = call("registry", "update", "--url", "http://127.0.0.1:1/models.json")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert result.err.endswith(f"; the catalog of {TODAY} stays in use\n")


def test_an_unencrypted_url_in_the_lockfile_is_rejected_with_its_key(call: Call) -> None:
    write('[registry]\nurl = "http://example.com/models.json"\n')

    result = call("registry", "update")

    assert result.code == 1
    assert result.err.startswith("llmring: llmring.lock: registry.url is 'http://example.com/")


def test_json_contains_the_whole_result(call: Call, url: str) -> None:
    result = call("registry", "update", "--url", url, "--json")

    assert json.loads(result.out) == {
        "url": url,
        "outcome": "updated",
        "day": str(NEW),
        "models": 1,
        "was": str(TODAY),
        "sha256": sha256_of(document(NEW)),
        "check": "none",
    }


def test_an_older_catalog_is_installed_only_with_force(call: Call, serve: Serve) -> None:
    url = f"{serve(Answer([document(OLD)]), NONE, Answer([document(OLD)]), NONE).url}/m"

    assert call("registry", "update", "--url", url).code == 1
    assert call("registry", "update", "--url", url, "--force").code == 0


def test_a_catalog_with_another_digest_is_rejected(call: Call, url: str) -> None:
    result = call("registry", "update", "--url", url, "--sha256", "0" * 64)

    assert result.code == 1
    assert "--sha256" in result.err


@pytest.mark.parametrize(
    "options",
    [
        ("--sha256", "short"),
        ("--sha256", ""),
        ("--url", "models.json"),
        ("--url", "http://a.com/m"),
    ],
)
def test_an_invalid_option_value_is_wrong_usage(
    call: Call, url: str, options: tuple[str, str]
) -> None:
    result = call("registry", "update", "--url", url, *options)

    assert result.code == 2
    assert is_plain_error(result.err)
    assert options[0] in result.err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_an_invalid_timeout_is_wrong_usage(call: Call, seconds: str) -> None:
    assert call("registry", "update", "--timeout", seconds).code == 2


def test_W28_W29_a_damaged_catalog_does_not_stop_a_command(call: Call, cache_folder: Path) -> None:
    path = cache_folder / "registry" / "catalog"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")

    result = call("list", "--json")

    assert result.code == 0
    assert json.loads(result.out)


def test_an_unwritable_cache_folder_is_a_one_line_error(
    call: Call, url: str, cache_folder: Path
) -> None:
    cache_folder.parent.mkdir()
    cache_folder.write_text("in the way")

    result = call("registry", "update", "--url", url)

    assert result.code == 1
    assert is_plain_error(result.err)
    assert "XDG_CACHE_HOME" in result.err


def test_S035_lock_init_uses_the_fetched_catalog_with_a_note(
    call: Call, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    call("registry", "update", "--url", url)

    result = call("lock", "init")

    assert f"catalog of {NEW} fetched from {url})" in result.err


def test_an_older_fetched_catalog_is_noted_as_unused(call: Call, cache_folder: Path) -> None:
    body = document(OLD)
    keep(cache_folder, Note(url="https://example.com/m", sha256=sha256_of(body)), body, OLD)

    result = call("list")

    output = f"catalog of {TODAY} shipped with llmring, newer than the one fetched, of {OLD}\n"
    assert result.err == output


def test_a_catalog_dated_in_the_future_is_refused(
    call: Call, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("LLMRING_TODAY", str(NEW - timedelta(days=2)))

    result = call("registry", "update", "--url", url, "--force")

    assert (result.code, result.out) == (1, "")
    assert f"it is dated {NEW}, in the future; today is 2998-12-30" in result.err
    assert f"catalog of {TODAY} shipped with llmring, none fetched" in call("list").err


def test_a_catalog_of_tomorrow_is_taken_and_the_shipped_one_is_never_refused(
    call: Call, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("LLMRING_TODAY", str(NEW - timedelta(days=1)))
    assert call("registry", "update", "--url", url).code == 0

    monkeypatch.setenv("LLMRING_TODAY", "2020-01-01")
    monkeypatch.setenv("XDG_CACHE_HOME", "elsewhere")
    assert f"catalog of {TODAY} shipped with llmring" in call("list").err


def test_a_catalog_from_the_url_of_a_lockfile_is_for_lockfiles_of_that_url(
    call: Call, url: str
) -> None:
    write(f'[registry]\nurl = "{url}"\n')
    assert call("registry", "update").code == 0
    assert f"catalog of {NEW} fetched from {url}" in call("list").err
    assert call("info", "openai:gpt-4o-mini").out.count("7") > 0

    write('[registry]\nurl = "https://other.example/models.json"\n')
    assert f"catalog of {TODAY} shipped with llmring, none fetched" in call("list").err

    write("")
    assert f"catalog of {TODAY} shipped with llmring, none fetched" in call("list").err


def test_calls_use_the_catalog_of_their_lockfile_s_url(
    call: Call, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(cache, "LOOK_AGAIN_SECONDS", -1.0)
    bound = '[[profiles.default.bindings]]\nalias = "a"\nmodels = ["openai:gpt-4o-mini"]\n'
    named = f'[registry]\nurl = "{url}"\n{bound}'
    write(named)
    with LLMRing() as ring:
        before = ring.explain("a").to_dict()
        assert call("registry", "update").code == 0
        after = ring.explain("a").to_dict()

    assert before != after
    with LLMRing(write(bound, "plain.lock")) as other:
        assert other.explain("a").to_dict() == before
