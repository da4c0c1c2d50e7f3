"""Settings from the environment, and the values that they accept."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from llmring import ConfigurationError, LLMRing
from llmring.address import is_loopback
from llmring.config.endpoints import endpoint
from llmring.config.settings import chosen_profile, read_settings
from llmring.providers.table import PROVIDERS
from llmring.transport.proxy import proxy_for

# --- keys --------------------------------------------------------------------------------------


def key_of(provider: str, **env: str) -> str | None:
    return read_settings(env).endpoints[provider].key


def test_a_key_is_taken_from_the_provider_s_variable() -> None:
    assert key_of("openai", OPENAI_API_KEY="sk-1") == "sk-1"


GOOGLE = ["GOOGLE_GEMINI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"]


@pytest.mark.parametrize("first", range(3), ids=GOOGLE)
def test_R10_of_several_variables_the_first_one_wins(first: int) -> None:
    env = {name: name.lower() for name in GOOGLE[first:]}

    assert key_of("google", **env) == GOOGLE[first].lower()


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_variable_counts_as_unset(empty: str) -> None:
    assert key_of("google", GEMINI_API_KEY=empty, GOOGLE_API_KEY="g") == "g"


@pytest.mark.parametrize("written", ["sk-1\n", " sk-1", "\tsk-1\r\n"])
def test_white_space_around_a_key_is_dropped(written: str) -> None:
    assert key_of("openai", OPENAI_API_KEY=written) == "sk-1"


@pytest.mark.parametrize("key", ["sk-1\nx-evil: 1", "sk\u20111", "sk-\x00", "sk-\udcff"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    fault = fault_of("openai", OPENAI_API_KEY=key)

    assert "OPENAI_API_KEY" in fault
    assert "sk" not in fault


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_around_a_key_or_an_address_are_taken_off_with_one_warning(
    quote: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"TOGETHER_KEY_{ord(quote)}"
    row = replace(PROVIDERS["together"], key_env=(name,))
    env = {name: f"{quote}k-1{quote}", "TOGETHER_BASE_URL": f"{quote}https://h.example/v1{quote}"}

    with caplog.at_level(logging.WARNING, "llmring"):
        found = [endpoint(row, env) for _ in range(2)]

    assert {(each.key, each.base_url) for each in found} == {("k-1", "https://h.example/v1")}
    warned = [record.getMessage() for record in caplog.records]
    assert warned.count(f"{name} is in quotes, which are left out; write it without them") == 1


def test_reprs_of_the_settings_hide_keys() -> None:
    assert "sk-secret" not in repr(read_settings({"OPENAI_API_KEY": "sk-secret"}))


# --- addresses ---------------------------------------------------------------------------------


def fault_of(provider: str, **env: str) -> str:
    """Return why a provider can't be used; the others must be usable as before."""
    usual, found = read_settings({}).endpoints, read_settings(env).endpoints
    assert {name: found[name] for name in found if name != provider} == {
        name: usual[name] for name in usual if name != provider
    }
    return found[provider].fault or ""


def base_url(provider: str, **env: str) -> str:
    return read_settings(env).endpoints[provider].base_url


def test_without_a_variable_a_provider_has_its_default_address() -> None:
    assert base_url("openai") == "https://api.openai.com/v1"


OLLAMA_HOSTS = {
    "::1": "http://[::1]:11434",
    "0.0.0.0": "http://127.0.0.1:11434",  # noqa: S104
    "0.0.0.0:8080": "http://127.0.0.1:8080",
    "http://0.0.0.0:11434": "http://127.0.0.1:11434",
    "[::]:11434": "http://[::1]:11434",
    "0.0.0.0.example": "http://0.0.0.0.example:11434",
    "myhost": "http://myhost:11434",
    "myhost:1234": "http://myhost:1234",
    "myhost/ollama": "http://myhost:11434/ollama",
    ":1234": "http://localhost:1234",
    "http://h:1/": "http://h:1",
    "http://h": "http://h",
    "https://h/": "https://h",
    "https://h/ollama//": "https://h/ollama",
    "HTTP://H:1": "http://h:1",
    "[::1]:11434": "http://[::1]:11434",
    "[::1]": "http://[::1]:11434",
    " myhost \n": "http://myhost:11434",
}


@pytest.mark.parametrize(("written", "meant"), OLLAMA_HOSTS.items(), ids=OLLAMA_HOSTS.keys())
def test_OLLAMA_HOST_may_be_written_as_ollama_itself_takes_it(written: str, meant: str) -> None:
    assert base_url("ollama", OLLAMA_HOST=written) == meant


def test_OLLAMA_BASE_URL_beats_OLLAMA_HOST() -> None:
    assert base_url("ollama", OLLAMA_HOST="a", OLLAMA_BASE_URL="http://b:1") == "http://b:1"


def test_slashes_at_the_end_of_a_base_url_are_dropped() -> None:
    assert base_url("openai", OPENAI_BASE_URL="https://gw.example/v1//") == "https://gw.example/v1"


BAD_URLS = [
    "http://",
    "http://host:99999",
    "http://host:0",
    "http://host:abc",
    "http://[::1",
    "ftp://host/v1",
    "http://bad host/v1",
    "http://host\n.example/v1",
    "http://host..example/v1",
    f"http://{'a' * 64}.example/v1",
    "http://münchen.example/v1",
    "http://host/v1?version=1",
    "http://host/v1#part",
    "://host",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_invalid_address_is_refused_with_the_variable_named(url: str) -> None:
    assert "OPENAI_BASE_URL" in fault_of("openai", OPENAI_BASE_URL=url)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_fault(text: str) -> None:
    found = read_settings({"OPENAI_BASE_URL": text}).endpoints["openai"]
    if found.fault:
        return
    url = found.base_url
    assert url.startswith(("http://", "https://"))
    assert not url.endswith("/")


@given(st.text(alphabet="ht:p/@[]0.1aé%\\ \n-", max_size=30))
def test_any_text_that_is_almost_an_address_is_one_or_a_fault(text: str) -> None:
    found = read_settings({"OLLAMA_HOST": text}).endpoints["ollama"]
    if found.fault:
        return
    url = found.base_url
    assert url.isascii()
    assert url.isprintable()


@pytest.mark.parametrize(
    "url", ["https://me:s3cret-word@host:99999", "me:s3cret-word@bad host", "x://me:s3cret-word@h"]
)
def test_a_password_in_a_bad_address_is_not_shown(url: str) -> None:
    assert "s3cret-word" not in fault_of("openai", OPENAI_BASE_URL=url)


def test_a_key_in_the_query_of_an_address_that_can_t_be_used_is_not_shown() -> None:
    url = "https://gw.example/v1?key=s3cret-word&to=http://x"

    fault = fault_of("openai", OPENAI_BASE_URL=url)

    assert "OPENAI_BASE_URL is 'https://gw.example/v1?***', which" in fault


def test_reprs_hide_a_password_in_an_address() -> None:
    settings = read_settings({"OPENAI_BASE_URL": "https://me:s3cret-word@gw.example/v1"})

    assert settings.endpoints["openai"].base_url == "https://gw.example/v1"
    assert "s3cret-word" not in repr(settings)


# --- timeouts ----------------------------------------------------------------------------------


def timeout(value: str) -> float | None:
    return read_settings({"LLMRING_PROVIDER_TIMEOUT_S": value}).timeout


@pytest.mark.parametrize(
    "word", ["none", "None", "OFF", "disable", "disabled", "infinite", " off "]
)
def test_S125_a_timeout_can_be_turned_off_in_words(word: str) -> None:
    assert timeout(word) is None


@pytest.mark.parametrize(("value", "seconds"), [("2.5", 2.5), ("90", 90.0), ("1e2", 100.0)])
def test_a_timeout_is_a_number_of_seconds(value: str, seconds: float) -> None:
    assert timeout(value) == seconds


@pytest.mark.parametrize("value", ["", " "])
def test_a_timeout_that_is_not_set_is_a_minute(value: str) -> None:
    assert timeout(value) == 60.0


@pytest.mark.parametrize("value", ["0", "-1", "nan", "soon", "10s"])
def test_an_invalid_timeout_is_refused_with_the_variable_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match="LLMRING_PROVIDER_TIMEOUT_S"):
        timeout(value)


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_timeout_of_the_ring_must_be_above_zero(value: float) -> None:
    with pytest.raises(ConfigurationError, match="above 0"):
        LLMRing(timeout=value)


# --- the rest ----------------------------------------------------------------------------------


def test_an_empty_profile_counts_as_unset() -> None:
    assert chosen_profile({"LLMRING_PROFILE": " "}) is None


def test_the_home_of_the_user_s_own_model_is_expanded() -> None:
    settings = read_settings({"LLMRING_LOCAL_MODEL": "~/model.gguf"})

    assert settings.local_model == Path.home() / "model.gguf"


@pytest.mark.parametrize(
    "host", ["localhost", "api.localhost", "127.0.0.1", "127.1.2.3", "::1", "0:0:0:0:0:0:0:1"]
)
def test_loopback_hosts_are_recognized(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["api.openai.com", "10.0.0.1", "localhost.example", "fe80::1"])
def test_other_hosts_are_not_taken_for_loopback(host: str) -> None:
    assert not is_loopback(host)


PROXIES = {
    "by scheme": ({"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "http://q:1"),
    "lower case": ({"https_proxy": "http://p:1"}, "http://p:1"),
    "lower case first": ({"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "http://p:1"),
    "for all": ({"ALL_PROXY": "http://p:1"}, "http://p:1"),
    "exact before all": ({"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "http://q:1"),
    "without a scheme": ({"HTTPS_PROXY": "p:1"}, "http://p:1"),
    "for http only": ({"HTTP_PROXY": "http://p:1"}, None),
    "not for this host": ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "openai.com"}, None),
    "not for any host": ({"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, None),
    "not for another": ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x.example"}, "http://p:1"),
    "empty": ({"HTTPS_PROXY": ""}, None),
}


@pytest.mark.parametrize(("env", "proxy"), PROXIES.values(), ids=PROXIES.keys())
def test_the_proxy_of_a_host_is_the_one_that_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], proxy: str | None
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    assert proxy_for("https", "api.openai.com") == proxy


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_loopback_has_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:1")

    assert proxy_for("http", host) is None


@pytest.mark.parametrize("proxy", ["socks5://p:1", "http://", "http://p:99999", "http://bad host"])
def test_a_proxy_that_can_t_be_used_is_refused_with_the_variable_named(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    with pytest.raises(ConfigurationError, match="ALL_PROXY"):
        proxy_for("https", "api.openai.com")


def test_a_password_in_a_bad_proxy_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5h://me:s3cret-word@p:1")

    with pytest.raises(ConfigurationError) as caught:
        proxy_for("https", "api.openai.com")

    assert "socks5h://***@p:1" in str(caught.value)


def test_g128_one_database_serves_a_gateway_s_ledger_unless_it_has_its_own() -> None:
    gateway = {"LLMRING_GATEWAY_DB": "postgresql://me@db.example/gateway"}
    own = {"LLMRING_LEDGER_URL": "postgresql://me@db.example/ledger"}

    assert read_settings(gateway).ledger == "postgresql://me@db.example/gateway"
    assert read_settings({**gateway, **own}).ledger == "postgresql://me@db.example/ledger"
    assert read_settings({**gateway, "LLMRING_LEDGER": "0"}).ledger is None
