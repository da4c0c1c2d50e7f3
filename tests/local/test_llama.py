import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from llmring.chat.events import TextDelta
from llmring.chat.parsed_request import parse_request
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest
from llmring.chat.response import LLMResponse
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat import dialect as openai_chat
from llmring.exceptions import (
    ConfigurationError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
)
from llmring.local import llama
from llmring.local.defaults import with_local_defaults
from llmring.local.llama import LocalModel, RunningServer
from llmring.wire import HttpHead

DIALECT = openai_chat.DIALECT


@contextlib.contextmanager
def sent(
    served: RunningServer, request: LLMRequest, *, stream: bool = False
) -> Iterator[http.client.HTTPResponse]:
    """Yield the response to a request, while its connection is open."""
    outgoing = DIALECT.encode(
        with_local_defaults(parse_request(request)), "smollm2-135m", stream=stream, quirks=Quirks()
    )
    address = urlsplit(served.base_url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    with contextlib.closing(connection):
        connection.request(
            "POST",
            address.path + outgoing.path,
            msgspec.json.encode(outgoing.payload),
            {"content-type": "application/json", **DIALECT.authorize(served.key)},
        )
        with connection.getresponse() as response:
            yield response


def head(response: http.client.HTTPResponse) -> HttpHead:
    return HttpHead(response.status, {name.lower(): value for name, value in response.getheaders()})


def reply(served: RunningServer, request: LLMRequest) -> LLMResponse:
    with sent(served, request) as response:
        assert response.status == 200
        return fold("local:smollm2-135m", DIALECT.decode(head(response), response.read()))


def refused(served: RunningServer, request: LLMRequest) -> ProviderError:
    with sent(served, request) as response:
        return DIALECT.explain(head(response), response.read())


def slot(served: RunningServer) -> Any:
    """Return the server's report about the one request that it is processing."""
    address = urlsplit(served.base_url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/slots", headers=DIALECT.authorize(served.key))
        return json.loads(connection.getresponse().read())[0]


def test_an_answer_has_text_usage_and_a_finish_reason(served: RunningServer) -> None:
    answer = reply(served, LLMRequest(messages="Hello", max_tokens=12))

    assert answer.content
    assert answer.finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 10
    assert 0 < answer.usage.completion_tokens <= 12


def test_an_answer_has_the_model_s_name_not_its_path(served: RunningServer) -> None:
    answer = reply(served, LLMRequest(messages="Hello", max_tokens=1))

    assert answer.served_model == "smollm2-135m"


def test_a_stream_comes_in_pieces_and_ends_with_usage(served: RunningServer) -> None:
    request = LLMRequest(messages="Count to ten.", max_tokens=12)
    with sent(served, request, stream=True) as response:
        decoder = DIALECT.decoder(head(response))
        events = [event for line in response for event in decoder.feed(line)]
    answer = fold("local:smollm2-135m", [*events, *decoder.end()])

    pieces = [event for event in events if isinstance(event, TextDelta)]
    assert decoder.done
    assert len(pieces) > 3
    assert answer.usage is not None
    assert answer.usage.completion_tokens >= len(pieces)


def test_a_schema_is_enforced(served: RunningServer) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    request = LLMRequest(messages="Anna is 34 years old.", response_format=form)

    person = json.loads(reply(served, request).content)

    assert sorted(person) == ["age", "name"]
    assert isinstance(person["age"], int)


def test_a_prompt_that_is_too_long_is_a_context_length_error(served: RunningServer) -> None:
    assert isinstance(refused(served, LLMRequest(messages="word " * 5000)), ContextLengthError)


def test_a_wrong_key_is_refused(served: RunningServer) -> None:
    stranger = RunningServer(served.base_url, "another key")

    assert isinstance(refused(stranger, LLMRequest(messages="Hello")), ProviderAuthenticationError)


def test_reprs_hide_the_key(served: RunningServer) -> None:
    assert served.key not in repr(served)


def test_the_server_is_on_loopback_only(served: RunningServer) -> None:
    assert urlsplit(served.base_url).hostname == "127.0.0.1"


def test_hanging_up_stops_the_model(served: RunningServer) -> None:
    endless = LLMRequest(messages="Go on.", max_tokens=1900, extra_params={"ignore_eos": True})
    with sent(served, endless, stream=True) as response:
        response.readline()
        assert slot(served)["is_processing"]

    while (state := slot(served))["is_processing"]:
        time.sleep(0.01)
    # Tokens of prompt and answer together, once the server is idle.
    assert 0 < state["n_prompt_tokens"] < 1000


def test_calls_from_many_threads_share_one_server(model: LocalModel, served: RunningServer) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(llama.serve, [model] * 4)) == {served}


def test_a_server_that_was_killed_is_replaced(weights: Path, model: LocalModel) -> None:
    mine = LocalModel(name="killed", path=weights, threads=model.threads, context=256)
    first = llama.serve(mine)
    os.kill(llama._running[mine].process.pid, signal.SIGTERM)
    llama._running[mine].process.wait()

    second = llama.serve(mine)

    assert second.base_url != first.base_url
    assert reply(second, LLMRequest(messages="Hello", max_tokens=1)).usage is not None


EXIT_IN_THE_MIDDLE = """
import http.client, pathlib, sys
from llmring.local.llama import LocalModel, serve
served = serve(LocalModel(name="m", path=pathlib.Path(sys.argv[1]), threads=1, context=256))
host = served.base_url.split("/")[2]
connection = http.client.HTTPConnection(host)
connection.request(
    "POST",
    "/v1/chat/completions",
    '{"messages": [{"role": "user", "content": "Hi"}], "stream": true, "ignore_eos": true}',
    {"authorization": "Bearer " + served.key, "content-type": "application/json"},
)
connection.getresponse().readline()
print(host, flush=True)
"""


def test_the_server_ends_with_its_process_even_in_the_middle_of_an_answer(
    model: LocalModel,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXIT_IN_THE_MIDDLE, str(model.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    with pytest.raises(ConnectionError):
        http.client.HTTPConnection(done.stdout.strip(), timeout=60).connect()


def test_without_the_extra_the_error_gives_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The import system then reports it as not installed.
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'llmring\[local\]'"):
        llama.serve(LocalModel(name="m", path=tmp_path / "m.gguf"))


@pytest.fixture
def extra() -> None:
    pytest.importorskip("xllamacpp", reason="the extra is not installed")


def test_a_file_that_is_not_there_is_named(extra: None, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.gguf"):
        llama.serve(LocalModel(name="m", path=tmp_path / "nowhere.gguf"))


def test_a_file_of_another_kind_is_refused(extra: None, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"PK\x03\x04 something else")

    with pytest.raises(ConfigurationError, match="not a GGUF file"):
        llama.serve(LocalModel(name="m", path=path))


def test_a_file_that_is_cut_short_is_refused(extra: None, weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    with weights.open("rb") as whole:
        path.write_bytes(whole.read(1_000_000))

    with pytest.raises(ConfigurationError, match="damaged"):
        llama.serve(LocalModel(name="m", path=path))


def test_the_error_for_a_wrong_checksum_asks_to_pull_again(extra: None, tmp_path: Path) -> None:
    path = tmp_path / "smollm2-135m.gguf"
    path.write_bytes(b"GGUF and no more")

    with pytest.raises(ConfigurationError, match="llmring local pull"):
        llama.serve(LocalModel(name="smollm2-135m", path=path, pinned=True))


def test_the_bundled_model_is_found_once_it_is_pulled(weights: Path) -> None:
    found = llama.locate("smollm2-135m", None, weights.parent)

    assert found == LocalModel(name="smollm2-135m", path=weights, pinned=True)


def test_the_error_for_a_missing_bundled_model_asks_to_pull_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="llmring local pull"):
        llama.locate("smollm2-135m", None, tmp_path)


def test_the_steps_to_run_the_bundled_model_are_those_that_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "xllamacpp", None)
        assert llama.steps_to_run(tmp_path) == [
            "pip install 'llmring[local]'",
            "llmring local pull",
        ]
    (tmp_path / "xllamacpp.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert llama.steps_to_run(tmp_path) == ["llmring local pull"]


def test_a_pulled_model_is_not_to_be_pulled_again(weights: Path) -> None:
    assert "llmring local pull" not in llama.steps_to_run(weights.parent)


def test_a_users_own_model_is_named_by_its_file_s_stem(tmp_path: Path) -> None:
    own = tmp_path / "qwen3-4b.Q4_K_M.gguf"

    assert llama.locate("qwen3-4b.Q4_K_M", own, tmp_path).path == own


def test_a_users_own_model_and_the_bundled_one_are_both_listed(weights: Path) -> None:
    found = llama.models(Path("own.gguf"), weights.parent)

    assert [model.name for model in found] == ["own", "smollm2-135m"]


def test_without_any_file_there_is_no_model(tmp_path: Path) -> None:
    assert llama.models(None, tmp_path) == ()


def test_the_error_for_an_unknown_model_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ProviderModelNotFoundError, match="smollm2-135m"):
        llama.locate("qwen", None, tmp_path)
