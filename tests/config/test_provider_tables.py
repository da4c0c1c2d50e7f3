"""The `[providers]` of a lockfile: the user's own servers, and settings of known providers."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import (
    AllModelsFailedError,
    LLMRing,
    LockfileParseError,
    Message,
    ModelNotFoundError,
    ProviderAuthenticationError,
    ProviderNotFoundError,
)
from loopback import Loopback, as_json

Serve = Callable[..., Loopback]

KEY = "a-key-that-opens-nothing"

ALIAS = """
[[profiles.default.bindings]]
alias = "fast"
models = ["mine:some/model"]
"""


def table(name: str, server: Loopback, path: str = "/v1", *, kind: str = "openai") -> str:
    return f'[providers.{name}]\nkind = "{kind}"\nbase_url = "{server.url}{path}"\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a lockfile whose alias `fast` is a model of `mine`."""

    def write(providers: str, alias: str = ALIAS) -> Path:
        path = tmp_path / "llmring.lock"
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_text(alias + providers)
        os.utime(path, ns=(before + 10**9, before + 10**9))
        return path

    return write


Write = Callable[..., Path]


def test_a_server_of_one_s_own_answers(way: Way, serve: Serve, write: Write) -> None:
    server = serve(answers.openai("hello"))
    ring = LLMRing(write(table("mine", server)), environ={"OPENAI_API_KEY": KEY})

    answer = way.chat(ring, "fast", "Hi")

    assert (answer.content, answer.model) == ("hello", "mine:some/model")
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.json["model"] == "some/model"
    assert "authorization" not in request.headers


def test_its_key_comes_from_the_variable_that_the_table_names(
    way: Way, serve: Serve, write: Write
) -> None:
    server = serve(answers.openai())
    path = write(table("mine", server) + 'api_key_env = "MINE_KEY"\n')

    way.chat(LLMRing(path, environ={"MINE_KEY": KEY}), "fast", "Hi")

    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_server_with_the_messages_api_is_called_with_it(
    way: Way, serve: Serve, write: Write
) -> None:
    server = serve(answers.anthropic("hello"))
    path = write(table("mine", server, "/up", kind="anthropic") + 'api_key_env = "MINE_KEY"\n')

    answer = way.chat(LLMRing(path, environ={"MINE_KEY": KEY}), "fast", "Hi", max_tokens=9)

    assert answer.content == "hello"
    [request] = server.requests
    assert request.path == "/up/v1/messages"
    assert request.headers["x-api-key"] == KEY


def test_headers_and_query_go_with_every_request(serve: Serve, write: Write) -> None:
    server = serve(answers.openai())
    path = write(
        table("mine", server, "/openai/deployments/gpt-4o")
        + 'api_key_env = "MINE_KEY"\napi_key_header = "Api-Key"\n'
        + 'headers = { X-Team = "search" }\nquery = { api-version = "2024-10-21" }\n'
    )

    with LLMRing(path, environ={"MINE_KEY": KEY}) as ring:
        ring.chat("fast", "Hi")

    [request] = server.requests
    assert request.path == ("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21")
    assert request.headers["x-team"] == "search"
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers


def test_a_key_in_the_header_authorization_is_a_bearer_token(serve: Serve, write: Write) -> None:
    server = serve(answers.anthropic())
    path = write(
        table("mine", server, "", kind="anthropic")
        + 'api_key_env = "MINE_KEY"\napi_key_header = "Authorization"\n'
    )

    with LLMRing(path, environ={"MINE_KEY": KEY}) as ring:
        ring.chat("fast", "Hi", max_tokens=9)

    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "x-api-key" not in server.requests[0].headers


def test_a_known_provider_can_get_another_address(serve: Serve, write: Write) -> None:
    server = serve(answers.openai("from the gateway"))
    path = write(f'[providers.openai]\nbase_url = "{server.url}/gw"\napi_key_env = "GW_KEY"\n')

    with LLMRing(path, environ={"OPENAI_API_KEY": "not-this", "GW_KEY": KEY}) as ring:
        answer = ring.chat("openai:gpt-4o-mini", "Hi", max_tokens=5)

    assert answer.content == "from the gateway"
    assert answer.cost is not None
    [request] = server.requests
    assert request.path == "/gw/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json["max_completion_tokens"] == 5


def test_the_environment_overrides_an_address(serve: Serve, write: Write) -> None:
    here, there = serve(answers.openai("here")), serve(answers.openai("there"))
    path = write(f'[providers.vllm]\nbase_url = "{there.url}/v1"\n')

    with LLMRing(path, environ={"VLLM_BASE_URL": f"{here.url}/v1"}) as ring:
        assert ring.chat("vllm:m", "Hi").content == "here"


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-4o-mini",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "from responses", "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
}


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_provider_s_api_can_be_forced(serve: Serve, write: Write, api: str) -> None:
    server = serve(as_json(RESPONSE) if api == "responses" else answers.openai("from chat"))
    path = write(f'[providers.openai]\napi = "{api}"\n')

    with LLMRing(
        path, environ={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{server.url}/v1"}
    ) as ring:
        answer = ring.chat("openai:gpt-4o-mini", "Hi")

    assert answer.content == f"from {api}"
    assert server.requests[0].path == {"chat": "/v1/chat/completions"}.get(api, "/v1/responses")


def test_a_change_of_the_file_is_noticed(serve: Serve, write: Write) -> None:
    old, new = serve(answers.openai("old")), serve(answers.openai("new"))
    path = write(table("mine", old))

    with LLMRing(path, environ={}) as ring:
        assert ring.chat("fast", "Hi").content == "old"
        write(table("mine", new))
        assert ring.chat("fast", "Hi").content == "new"


def test_an_invalid_change_leaves_the_last_good_reading_active(
    serve: Serve, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(answers.openai("hello"))
    path = write(table("mine", server))

    with LLMRing(path, environ={}) as ring:
        write('[providers.mine]\nkind = "openai"\nbase_url = "http://me:pass@h/v1"\n')
        with caplog.at_level(logging.WARNING, "llmring"):
            assert ring.chat("fast", "Hi").content == "hello"

    assert "providers.mine.base_url: contains a user or a password" in caplog.text


def test_a_file_that_is_wrong_is_an_error_with_its_place(write: Write) -> None:
    path = write(f'[providers.mine]\nkind = "openai"\napi_key_env = "gsk_{"a" * 24}"\n')

    with pytest.raises(LockfileParseError) as caught:
        LLMRing(path, environ={})

    assert str(caught.value).startswith(f"{path}:7:15: providers.mine.api_key_env: looks like a")
    assert "aaaa" not in str(caught.value)


def test_an_incomplete_table_is_an_error_when_its_model_is_called(write: Write) -> None:
    path = write('[providers.mine]\nkind = "openai"\n')

    with pytest.raises(ProviderNotFoundError) as caught:
        LLMRing(path, environ={}).chat("mine:m", "Hi").result()

    assert f"{path}:5:12: providers.mine: base_url is missing" in str(caught.value)
    assert "add base_url = " in str(caught.value)


def test_an_incomplete_table_does_not_affect_other_models(serve: Serve, write: Write) -> None:
    server = serve(answers.openai("from vllm"))
    alias = '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["mine:a", "vllm:m"]\n'
    path = write('[providers.mine]\nkind = "openai"\n', alias)

    with LLMRing(path, environ={"VLLM_BASE_URL": f"{server.url}/v1"}) as ring:
        assert ring.chat("fast", "Hi").content == "from vllm"


def test_a_key_that_is_not_set_is_named(serve: Serve, write: Write) -> None:
    path = write(table("mine", serve(answers.openai())) + 'api_key_env = "MINE_KEY"\n')

    with pytest.raises(ProviderAuthenticationError, match="no key; set MINE_KEY"):
        LLMRing(path, environ={}).chat("mine:m", "Hi").result()
    with pytest.raises(AllModelsFailedError, match="no key; set MINE_KEY"):
        LLMRing(path, environ={}).chat("fast", "Hi").result()
    with pytest.raises(ModelNotFoundError, match="set MINE_KEY"):
        LLMRing(path, environ={}).resolve_alias("fast", require_available=True)


def test_a_key_that_no_header_can_carry_is_an_error_that_hides_it(
    serve: Serve, write: Write
) -> None:
    path = write(table("mine", serve(answers.openai())) + 'api_key_env = "MINE_KEY"\n')

    with pytest.raises(ProviderNotFoundError, match="MINE_KEY holds a character") as caught:
        LLMRing(path, environ={"MINE_KEY": "secret\nword"}).chat("mine:m", "Hi").result()

    assert "secret" not in str(caught.value)


def test_aliases_can_use_an_own_provider(serve: Serve, write: Write) -> None:
    path = write(table("Mine", serve(answers.openai())))
    ring = LLMRing(path, environ={})

    assert ring.resolve_alias("fast", require_available=True) == "mine:some/model"
    assert ring.resolve_alias("MINE:x") == "mine:x"
    ring.bind_alias("new", "mine:other")
    assert ring.list_aliases() == {"fast": "mine:some/model", "new": "mine:other"}


@pytest.fixture
def package(tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Serve at the address that an installed package's lockfile sets for OpenAI."""
    server = serve(answers.openai("from the package's server"))
    folder = tmp_path / "site" / "libp"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "llmring.lock").write_text(
        '[[profiles.default.bindings]]\nalias = "sum"\nmodels = ["openai:gpt-4o-mini"]\n'
        f'[providers.openai]\nbase_url = "{server.url}/v1"\n' + table("theirs", server)
    )
    monkeypatch.syspath_prepend(str(folder.parent))
    return server


def test_providers_in_a_package_s_lockfile_are_ignored(
    serve: Serve, write: Write, package: Loopback
) -> None:
    mine = serve(answers.openai("from mine"))
    path = write('[extends]\npackages = ["libp"]\n')
    env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{mine.url}/v1"}

    with LLMRing(path, environ=env) as ring:
        assert ring.chat("libp:sum", "Hi").content == "from mine"
        with pytest.raises(ProviderNotFoundError):
            ring.chat("theirs:m", "Hi")

    assert package.requests == []


def test_errors_hide_a_refused_key(serve: Serve, write: Write) -> None:
    server = serve(as_json({"error": {"message": f"bad key {KEY}"}}, 401))
    path = write(table("mine", server) + 'api_key_env = "MINE_KEY"\n')

    with LLMRing(path, environ={"MINE_KEY": KEY}) as ring:
        with pytest.raises(ProviderAuthenticationError) as caught:
            ring.chat("mine:m", "Hi")
        assert KEY not in json.dumps([str(caught.value), repr(caught.value), repr(ring)])


@pytest.fixture
def elsewhere(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Return the server that requests to every host but this machine reach, as a proxy."""
    server = serve(answers.openai("hello"))
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    return server


VENDOR = ALIAS.replace("mine:some/model", "openai:some-model")
MOVED = '[providers.openai]\nbase_url = "http://gw.example/v1"\n'


def test_a_vendor_s_key_goes_to_another_host_only_if_its_table_names_it(
    way: Way, elsewhere: Loopback, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    ring = LLMRing(write(MOVED, VENDOR), environ={"OPENAI_API_KEY": KEY})
    assert way.chat(ring, "fast", "Hi").content == "hello"

    named = LLMRing(
        write(f'{MOVED}api_key_env = "OPENAI_API_KEY"', VENDOR), environ={"OPENAI_API_KEY": KEY}
    )
    with caplog.at_level(logging.WARNING, "llmring"):
        assert way.chat(named, "fast", "Hi").content == "hello"
        assert way.chat(named, "fast", "Hi").content == "hello"

    first, second, _ = elsewhere.requests
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("azure", "AZURE_OPENAI_API_KEY"),
        ("databricks", "DATABRICKS_TOKEN"),
        ("bedrock", "AWS_BEARER_TOKEN_BEDROCK"),
        ("cloudflare", "CLOUDFLARE_API_TOKEN"),
        ("litellm", "LITELLM_API_KEY"),
    ],
)
def test_a_key_for_an_address_of_the_user_s_goes_elsewhere_only_if_its_table_names_it(
    elsewhere: Loopback,
    write: Write,
    caplog: pytest.LogCaptureFixture,
    name: str,
    variable: str,
) -> None:
    table = f'[providers.{name}]\nbase_url = "http://{name}.example/v1"\n'
    environ = {variable: KEY}

    with LLMRing(write(table), environ=environ) as ring:
        ring.chat(f"{name}:m", "Hi").result()
    with (
        caplog.at_level(logging.WARNING, "llmring"),
        LLMRing(write(f'{table}api_key_env = "{variable}"'), environ=environ) as ring,
    ):
        ring.chat(f"{name}:m", "Hi").result()

    first, second = elsewhere.requests
    assert KEY not in str(first.headers)
    assert KEY in str(second.headers)
    assert f"the key in {variable} is sent to {name}.example" in caplog.text


def test_an_address_from_the_environment_gets_the_vendor_s_key(
    way: Way, elsewhere: Loopback, write: Write
) -> None:
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://proxy.example/v1"}
    ring = LLMRing(write(MOVED, VENDOR), environ=environ)

    assert way.chat(ring, "fast", "Hi").content == "hello"
    [request] = elsewhere.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "ANTHROPIC_API_KEY", "PATH"])
def test_a_secret_of_something_else_is_never_sent(
    way: Way, elsewhere: Loopback, write: Write, variable: str
) -> None:
    own = '[providers.mine]\nkind = "openai"\nbase_url = "http://h.example/v1"\n'
    path = write(f'{own}api_key_env = "{variable}"')
    ring = LLMRing(path, environ={variable: KEY})

    with pytest.raises(ModelNotFoundError, match=rf"llmring\.lock:\d+:\d+: .*{variable} holds"):
        way.chat(ring, "fast", "Hi")
    assert elsewhere.requests == []


def test_a_vendor_s_key_sent_elsewhere_is_one_warning_for_the_process(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    moved = MOVED.replace("gw.example", "warned.example")
    path = write(f'{moved}api_key_env = "OPENAI_API_KEY"', VENDOR)

    with caplog.at_level(logging.WARNING, "llmring"):
        for _ in range(2):
            LLMRing(path, environ={"OPENAI_API_KEY": KEY}).explain("fast")

    assert [record.getMessage() for record in caplog.records] == [
        "the key in OPENAI_API_KEY is sent to warned.example, as the lockfile directs"
    ]


THOUGHT = "<think>\nWhy?\n</think>\n\nSo."
STREAMED = answers.openai_stream("<thi", "nk>Wh", "y?</th", "ink>\n", "So.")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("key", "is_read"),
    [("", False), ('think_tags = "read"\n', True), ('think_tags = "off"\n', False)],
)
def test_tags_around_reasoning_are_read_if_the_table_says_so(
    way: Way, serve: Serve, write: Write, key: str, is_read: bool, stream: bool
) -> None:
    server = serve(STREAMED if stream else answers.openai(THOUGHT))
    ring = LLMRing(write(table("mine", server) + key), environ={"OPENAI_API_KEY": KEY})

    if stream:
        chunks = way.stream(ring, "fast", "Hi")
        text = "".join(chunk.delta for chunk in chunks)
        reasoning = "".join(chunk.reasoning or "" for chunk in chunks) or None
    else:
        answer = way.chat(ring, "fast", "Hi")
        text, reasoning = answer.content, answer.reasoning

    if is_read:
        assert (text, reasoning) == ("So.", "Why?")
    else:
        assert text.startswith("<think>")
        assert reasoning is None


def test_tags_are_returned_with_earlier_answers_if_the_table_says_so(
    serve: Serve, write: Write
) -> None:
    server = serve(answers.openai(THOUGHT))
    key = 'think_tags = "returned"\n'

    with LLMRing(write(table("mine", server) + key), environ={"OPENAI_API_KEY": KEY}) as ring:
        answer = ring.chat("fast", "Hi").result()
        ring.chat("fast", [Message("user", "Hi"), answer.message, Message("user", "And?")]).result()

    [_, earlier, _] = server.requests[1].json["messages"]
    assert answer.content == "So."
    assert earlier["content"] == THOUGHT


@pytest.mark.parametrize(
    "line", ['think_tags = "maybe"', 'reports_cost = ["price"]', 'betas = ["a b"]']
)
def test_a_wrong_value_of_these_keys_is_an_error(serve: Serve, write: Write, line: str) -> None:
    server = serve(answers.openai())

    with pytest.raises(LockfileParseError, match=line.partition(" ")[0]):
        LLMRing(write(f"{table('mine', server)}{line}\n"), environ={"OPENAI_API_KEY": KEY})
