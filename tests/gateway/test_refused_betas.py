"""Beta features that a server with Anthropic's API does not know."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from gateways import gateway_of, post
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import MESSAGES
from loopback import Answer, Loopback, Request, as_json

BODY = (
    b'{"model": "fast", "max_tokens": 100,  "future": 1e2, '
    b'"messages": [{"role": "user", "content": "Hi"}]}'
)
BETAS = "known-2025-01-01,unknown-2030-01-01"


class Compatible(Loopback):
    """A server that knows one beta, and all fields but those that are given."""

    unknown = ""

    def _answer(self, request: Request) -> Answer:
        message = None
        if "unknown" in request.headers.get("anthropic-beta", ""):
            message = "Unexpected value(s) `unknown-2030-01-01` for the `anthropic-beta` header."
        elif self.unknown in request.json:
            message = f"{self.unknown}: Extra inputs are not permitted"
        if message is None:
            return answers.anthropic()
        error = {"type": "invalid_request_error", "message": message}
        return as_json({"type": "error", "error": error}, 400)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Compatible]:
    def start(more: str = "") -> Compatible:
        found = Compatible()
        path = tmp_path / "llmring.lock"
        path.write_text(
            f'[providers.mine]\nkind = "anthropic"\nbase_url = "{found.url}"\n{more}\n'
            '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["mine:a"]\n'
            '[[profiles.default.bindings]]\nalias = "other"\nmodels = ["mine:b"]\n'
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        return found

    return start


def ask(*models: str) -> list[str]:
    """Ask these models after each other; return the notes on each answer."""

    async def go() -> list[str]:
        async with ServedRing() as ring:
            gateway = gateway_of(ring)
            notes = []
            for model in models:
                body = BODY.replace(b"fast", model.encode())
                request = post("/v1/messages", body, headers={"anthropic-beta": BETAS})
                answer = await answer_chat(gateway, MESSAGES, request)
                assert answer.status == 200
                notes.append(answer.headers.get("x-llmring-notes", ""))
            return notes

    return asyncio.run(go())


def test_g051_a_beta_that_a_server_names_is_left_out_for_it_from_then_on(
    server: Callable[..., Compatible],
) -> None:
    with server() as here:
        notes = ask("fast", "fast", "other")

        assert [each.headers["anthropic-beta"] for each in here.requests] == [
            BETAS,
            *["known-2025-01-01"] * 3,
        ]
        # The rest of the body keeps its bytes.
        rest = BODY.partition(b"max_tokens")[2]
        assert all(each.body.endswith(rest) for each in here.requests)
        assert all("unknown-2030-01-01" in each for each in notes)


def test_g051_a_field_that_a_server_names_is_left_out_for_it_from_then_on(
    server: Callable[..., Compatible],
) -> None:
    here = server()
    here.unknown = "future"
    with here:
        ask("fast", "other")

        assert ["future" in json.loads(each.body) for each in here.requests] == [
            True,
            True,
            False,
            False,
        ]


def test_g051_the_lockfile_names_the_betas_of_a_server(
    server: Callable[..., Compatible],
) -> None:
    with server('betas = ["known-2025-01-01"]') as here:
        [note] = ask("fast")

        [request] = here.requests
        assert request.headers["anthropic-beta"] == "known-2025-01-01"
        assert "unknown-2030-01-01" in note
