"""Addresses and paths in requests of clients: the gateway fetches and reads none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmring.chat.events import TextDelta
from llmring.gateway.served_ring import ServedRing
from llmring.lockfile.gateway_table import GatewayTable
from loopback import Answer, Loopback
from raw_calls import PATHS, ask
from sdk_stage import Stage, scripted, stage
from served_gateway import ServedGateway
from vendors import APIS

each_api = pytest.mark.parametrize("api", APIS)

MARK = "a line of a file of this machine"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [*parts]}]


def naming(wire: str, place: str) -> Iterator[dict[str, Any]]:
    """Yield requests that name an address or a path, each in another way."""
    match wire:
        case "chat":
            yield {"messages": user({"type": "image_url", "image_url": {"url": place}})}
            yield {"messages": user({"type": "file", "file": {"file_data": place}})}
            yield {"messages": user({"type": "file", "file": {"file_id": place}})}
            yield {"messages": user({"type": "input_audio", "input_audio": {"data": place}})}
        case "responses":
            yield {"input": user({"type": "input_image", "image_url": place})}
            yield {"input": user({"type": "input_image", "file_id": place})}
            yield {"input": user({"type": "input_file", "file_url": place})}
            yield {"input": user({"type": "input_file", "file_id": place})}
            tool = {"type": "mcp", "server_label": "s", "server_url": place}
            yield {"input": "Hi", "tools": [tool]}
        case "messages":
            for kind in ("image", "document"):
                for source in ({"type": "url", "url": place}, {"type": "file", "file_id": place}):
                    yield {"max_tokens": 9, "messages": user({"type": kind, "source": source})}
            server = {"type": "url", "url": place, "name": "s"}
            yield {"max_tokens": 9, "messages": user(), "mcp_servers": [server]}
        case "gemini":
            data: dict[str, Any] = {"fileData": {"fileUri": place, "mimeType": "image/png"}}
            yield {"contents": [{"role": "user", "parts": [data]}]}
            turns = [{"role": "user", "parts": [{"text": "Hi"}]}]
            yield {"contents": turns, "cachedContent": place}
            yield {"contents": turns, "tools": [{"mcpServers": [{"url": place}]}]}
        case "ollama":
            yield {"messages": [{"role": "user", "content": "Hi", "images": [place]}]}
    # Fields by which other programs choose the address of a provider.
    hello: dict[str, Any] = (
        {"contents": []} if wire == "gemini" else {"messages": [], "input": "Hi"}
    )
    for name in ("base_url", "api_base", "webhook_url", "callback", "proxy", "endpoint"):
        yield {**hello, "max_tokens": 9, name: place}


@pytest.mark.parametrize("wire", PATHS)
@each_api
def test_g157_no_address_of_a_request_is_called(scene: Stage, wire: str, api: str) -> None:
    with Loopback(Answer([MARK.encode()])) as other:
        for body in naming(wire, f"{other.url}/a.png"):
            asked = ask(scene, wire, api, body, scripted(api, TextDelta("Hi.")))

            assert asked.reply.status in (200, 400, 403), (body, asked.reply)
            assert MARK.encode() not in asked.reply.body
        assert other.connections == 0


@pytest.mark.parametrize("wire", PATHS)
@each_api
def test_g157_no_file_of_the_gateway_s_machine_is_read(
    scene: Stage, wire: str, api: str, tmp_path: Path
) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(MARK)
    for place in (str(path), path.as_uri()):
        for body in naming(wire, place):
            asked = ask(scene, wire, api, body, scripted(api, TextDelta("Hi.")))

            assert asked.reply.status in (200, 400, 403), (body, asked.reply)
            sent = b"".join(each.body for each in asked.vendor.requests)
            assert MARK.encode() not in sent + asked.reply.body
            # Data in base64 would hide it.
            assert b"YSBsaW5lIG9mIGEgZmlsZ" not in sent


@pytest.mark.parametrize("header", ["x-llmring-base-url", "x-forwarded-host", "x-base-url", "host"])
def test_g157_no_header_moves_a_provider(scene: Stage, header: str) -> None:
    with Loopback(Answer([b"{}"])) as other:
        place = other.url.removeprefix("http://") if header == "host" else other.url
        body = {"messages": [{"role": "user", "content": "Hi"}]}
        answer = scripted("openai_chat", TextDelta("Hi."))
        asked = ask(scene, "chat", "openai_chat", body, answer, headers={header: place})

        assert asked.reply.status == 200
        assert len(asked.vendor.requests) == 1
        assert other.connections == 0


MCP = {
    "model": "t",
    "input": "Hi",
    "store": False,
    "tools": [{"type": "mcp", "server_label": "s", "server_url": "https://tools.example.com"}],
}


@pytest.mark.parametrize("allow", [(), ("mcp",)], ids=["not allowed", "allowed"])
def test_g157_a_provider_calls_servers_that_a_client_names_only_if_the_lockfile_allows_it(
    serve: Callable[..., Loopback], tmp_path: Path, allow: tuple[Any, ...]
) -> None:
    vendor = serve(scripted("openai_responses", TextDelta("Hi.")))
    path = tmp_path / "llmring.lock"
    path.write_text(
        f"{APIS['openai_responses'].lockfile}"
        '[[profiles.default.bindings]]\nalias = "t"\nmodels = ["openai:any"]\n'
    )
    environ = {
        "LLMRING_LOCKFILE_PATH": str(path),
        "LLMRING_LEDGER": "0",
        "LLMRING_RETRIES": "0",
        "XDG_STATE_HOME": str(tmp_path),
        "OPENAI_BASE_URL": f"{vendor.url}/v1",
        "OPENAI_API_KEY": "sk-0123456789abcdef",
    }
    table = GatewayTable(allow=allow)
    with ServedGateway(ring=ServedRing(environ=environ), table=table) as gateway:
        reply = gateway.ask("POST", PATHS["responses"], {**MCP, "stream": True})

    if allow:
        assert reply.status == 200
        assert vendor.requests[0].json["tools"] == MCP["tools"]
    else:
        assert reply.status == 403
        assert "MCP" in json.loads(reply.body)["error"]["message"]
        assert vendor.requests == []
