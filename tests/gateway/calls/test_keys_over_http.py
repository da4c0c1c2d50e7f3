"""Keys of clients, over HTTP: every endpoint, in the form of every API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import answers
from access_keys import NOON, OPS, UNKNOWN, WEB, MemoryKeyStore, access_key, stored
from cli.terminal import lockfile_of, write
from llmring.access.live_access import BLIND_SECONDS, LiveAccess
from llmring.gateway.callers.guesses import Guesses
from llmring.gateway.served_ring import ServedRing
from llmring.lockfile.gateway_table import GatewayTable
from loopback import Loopback
from rings import TODAY
from served_gateway import Reply, ServedGateway

HELLO = [{"role": "user", "content": "Hi"}]
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/responses": {"input": "Hi"},
    "/v1/responses/input_tokens": {"input": "Hi"},
    "/v1/messages": {"max_tokens": 5, "messages": HELLO},
    "/v1/messages/count_tokens": {"messages": HELLO},
    "/v1/embeddings": {"input": "Hi"},
    "/api/chat": {"messages": HELLO, "stream": False},
    "/api/generate": {"prompt": "Hi", "stream": False},
    "/api/embed": {"input": "Hi"},
    "/api/show": {},
}
GEMINI: dict[str, dict[str, Any]] = {
    "generateContent": {"contents": [{"parts": [{"text": "Hi"}]}]},
    "streamGenerateContent": {"contents": [{"parts": [{"text": "Hi"}]}]},
    "countTokens": {"contents": [{"parts": [{"text": "Hi"}]}]},
    "embedContent": {"content": {"parts": [{"text": "Hi"}]}},
}
LISTS = ("/v1/models", "/v1beta/models", "/api/tags", "/api/ps")

# The form of the five APIs' errors.
FORMS: dict[str, Callable[[Any], bool]] = {
    "/v1/messages": lambda body: body["error"]["type"] == "authentication_error",
    "/v1/responses": lambda body: body["error"]["code"] == "invalid_api_key",
    "/v1/chat/completions": lambda body: body["error"]["code"] == "invalid_api_key",
    "/v1beta/models/fast:generateContent": lambda body: (
        body["error"]["status"] == "UNAUTHENTICATED"
    ),
    "/api/chat": lambda body: isinstance(body["error"], str),
}


class Keyed:
    """A gateway with keys, and the vendor behind it."""

    def __init__(self, stack: ExitStack, folder: Path, *keys: Any, **table: Any) -> None:
        self.vendor = Loopback(answers.openai("Fine"))
        stack.callback(self.vendor.close)
        lockfile = folder / "llmring.lock"
        lockfile.write_text(
            lockfile_of(
                default={"fast": ["groq:a"], "summary": ["groq:b"], "secret": ["groq:c"]},
                dev={"fast": ["groq:d"]},
            )
        )
        environ = {
            "LLMRING_LOCKFILE_PATH": str(lockfile),
            "LLMRING_LEDGER": "0",
            "LLMRING_RETRIES": "0",
            "LLMRING_TODAY": TODAY,
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "GROQ_BASE_URL": f"{self.vendor.url}/v1",
            "GROQ_API_KEY": "gsk_0123456789abcdef",
        }
        self.seconds = 0.0
        self.store = MemoryKeyStore(stored(*keys))
        self.gateway = ServedGateway(
            ring=ServedRing(environ=environ),
            access=LiveAccess(self.store, monotonic=lambda: self.seconds),
            table=GatewayTable(**table),
        )
        stack.callback(self.gateway.close)

    def ask(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Reply:
        return self.gateway.ask("GET" if body is None else "POST", path, body, **headers)

    def sent(self) -> list[str]:
        """Return the models that the vendor was asked for, and forget them."""
        found = [each.json["model"] for each in self.vendor.requests]
        self.vendor.requests.clear()
        return found


@pytest.fixture
def keyed(of_module: Keyed) -> Keyed:
    """Return the gateway, which has forgotten the wrong keys of other tests."""
    access = of_module.gateway.gateway.access
    assert access is not None
    access._guesses = Guesses(lambda _: None)
    of_module.sent()
    return of_module


@pytest.fixture(scope="module")
def of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    keys = (
        access_key(aliases=("fast", "sum*")),
        access_key("all", OPS, direct=True, profile="*"),
        access_key("old", "lr_old", expires=NOON),
        access_key("revoked", "lr_revoked", revoked=NOON),
        access_key("claude", "lr_claude", wires=("messages",)),
        access_key("far", "lr_far", nets=("10.0.0.0/8",)),
        access_key("dev", "lr_dev", profile="dev"),
        access_key("terse", "lr_terse", headers="min"),
    )
    with ExitStack() as stack:
        names = {"gpt-*": "fast", "*": "secret"}
        yield Keyed(stack, tmp_path_factory.mktemp("keyed"), *keys, names=names)


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("key", [None, UNKNOWN, "lr_revoked", "any"])
def test_g090_without_a_valid_key_the_answer_is_a_401_in_the_client_s_form(
    keyed: Keyed, path: str, key: str | None
) -> None:
    reply = keyed.ask(path, {"model": "fast"}, **({} if key is None else {"x_api_key": key}))

    assert reply.status == 401
    assert FORMS[path](reply.json)
    assert keyed.sent() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {WEB}"},
        {"x_api_key": WEB},
        {"x_goog_api_key": WEB},
        {"api_key": WEB},
    ],
)
def test_g108_a_key_is_accepted_in_each_header(keyed: Keyed, headers: dict[str, str]) -> None:
    reply = keyed.ask("/v1/chat/completions", {"model": "fast", "messages": HELLO}, **headers)

    assert (reply.status, keyed.sent()) == (200, ["a"])
    # Of the client's key, the vendor sees nothing.
    assert all(WEB not in str(each.headers) for each in keyed.vendor.requests)


def test_g108_google_s_api_has_the_key_in_the_query_too(
    keyed: Keyed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = f"/v1beta/models/fast:generateContent?key={WEB}"

    assert keyed.ask(path, GEMINI["generateContent"]).status == 200
    assert keyed.ask(f"/v1beta/models?key={WEB}").json["models"]
    assert keyed.ask(f"/v1/models?key={WEB}").json["models"]
    assert keyed.ask(f"/v1/chat/completions?key={WEB}", {"model": "fast"}).status == 401
    assert WEB not in caplog.text


@pytest.mark.parametrize(
    ("key", "path", "body"),
    [
        ("lr_old", "/v1/chat/completions", {"model": "fast", "messages": HELLO}),
        ("lr_claude", "/v1/chat/completions", {"model": "fast", "messages": HELLO}),
        ("lr_far", "/v1/chat/completions", {"model": "fast", "messages": HELLO}),
        (WEB, "/v1/chat/completions", {"model": "secret", "messages": HELLO}),
        ("lr_dev", "/profiles/default/v1/messages", {"model": "fast", "max_tokens": 5}),
        (WEB, "/profiles/dev/v1/chat/completions", {"model": "fast", "messages": HELLO}),
    ],
)
def test_g091_what_a_key_may_not_do_is_a_403(
    keyed: Keyed, key: str, path: str, body: dict[str, Any]
) -> None:
    if path.endswith("/messages"):
        body = {**body, "messages": HELLO}

    assert keyed.ask(path, body, x_api_key=key).status == 403
    assert keyed.sent() == []


def test_g023_a_key_has_its_profile_and_another_may_choose(keyed: Keyed) -> None:
    body = {"model": "fast", "messages": HELLO}
    keyed.ask("/v1/chat/completions", body, x_api_key="lr_dev")
    keyed.ask("/profiles/dev/v1/chat/completions", body, x_api_key=OPS)
    keyed.ask("/v1/chat/completions", body, x_api_key=OPS, x_llmring_profile="default")

    assert keyed.sent() == ["d", "d", "a"]


@pytest.mark.parametrize("path", LISTS)
def test_g111_lists_have_only_what_the_key_may_call(keyed: Keyed, path: str) -> None:
    text = keyed.ask(path, x_api_key=WEB).body.decode()

    assert "fast" in text
    assert "summary" in text
    assert "secret" not in text
    assert "groq" not in text.replace("groq:a", "").replace("groq:b", "")


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_g015_the_state_of_the_gateway_needs_no_key(keyed: Keyed, path: str) -> None:
    assert keyed.ask(path).status == 200


def test_g003_a_websocket_is_refused_before_any_key_is_looked_at(keyed: Keyed) -> None:
    reply = keyed.ask("/v1/responses", upgrade="websocket", connection="upgrade")

    assert reply.status == 426


def test_g107_a_key_may_have_answers_without_headers_about_the_call(keyed: Keyed) -> None:
    body = {"model": "fast", "messages": HELLO}
    full = keyed.ask("/v1/chat/completions", body, x_api_key=WEB).headers
    terse = keyed.ask("/v1/chat/completions", body, x_api_key="lr_terse").headers
    keyed.sent()

    assert "x-llmring-model" in full
    assert [name for name in terse if name.startswith(("x-llmring", "server-timing"))] == []
    assert terse["x-request-id"]


def test_g130_without_the_store_for_too_long_calls_are_a_503(tmp_path: Path) -> None:
    with ExitStack() as stack:
        here = Keyed(stack, tmp_path, access_key())
        here.store.is_gone = True
        body = {"model": "fast", "messages": HELLO}
        before = here.ask("/v1/chat/completions", body, x_api_key=WEB).status
        here.seconds = BLIND_SECONDS + 1
        after = here.ask("/v1/chat/completions", body, x_api_key=WEB)

        assert (before, after.status) == (200, 503)
        assert after.headers["retry-after"]
        assert here.ask("/readyz").status == 503


# The alias in every spelling that client programs have, look-alikes of it, its model, and names
# with a rule.
SECRET = (
    *(
        "secret",
        "SECRET",
        "Secret",
        " secret",
        "secret ",
        "s\u0435cret",
        "\uff53ecret",
        "secre\u0442",
    ),
    *("models/secret", "claude/secret", "secret:latest", "secret[1m]", "claude/models/secret"),
    *("groq:c", "groq/c", "GROQ:c", "groq:a", "any name", "fast\u200b", "secret\x00", "*", "s*"),
    *("lib:secret", "default:secret", "secret?", "sec%72et", "fast,secret", "fast/../secret"),
)


def asked_everywhere(keyed: Keyed, name: str) -> Iterator[Reply]:
    """Ask every endpoint that takes the name of a model."""
    for path, body in ASKED.items():
        yield keyed.ask(path, {"model": name, **body}, x_api_key=WEB)
        # A second name elsewhere changes nothing.
        yield keyed.ask(f"{path}?model=fast", {**body, "model": name}, x_api_key=WEB)
    in_path = "".join(f"%{byte:02x}" for byte in name.encode())
    for verb, body in GEMINI.items():
        yield keyed.ask(f"/v1beta/models/{in_path}:{verb}", body, x_api_key=WEB)
    yield keyed.ask(f"/v1/models/{in_path}", x_api_key=WEB)


@pytest.mark.parametrize("name", SECRET)
def test_g162_no_endpoint_calls_what_the_key_s_list_lacks(keyed: Keyed, name: str) -> None:
    found = [reply.status for reply in asked_everywhere(keyed, name)]

    assert {*found} <= {403, 404}
    assert keyed.sent() == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.one_of(
        st.lists(st.sampled_from((*SECRET, "fast", "/", ":", "[1m]")), max_size=3).map("".join),
        st.text(max_size=20),
    )
)
def test_g162_of_any_name_only_aliases_in_the_key_s_list_are_called(
    keyed: Keyed, name: str
) -> None:
    body = {"model": name, "messages": HELLO}
    status = keyed.ask("/v1/chat/completions", body, x_api_key=WEB).status

    assert {*keyed.sent()} <= {"a", "b"}
    assert status in (200, 400, 403, 404)


def test_g164_two_keys_share_no_conversation(tmp_path: Path) -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}))
    with ExitStack() as stack:
        here = Keyed(stack, tmp_path, access_key(), access_key("ops", OPS))
        body = {"model": "fast", "messages": HELLO}
        for key in (WEB, OPS):
            here.ask(
                "/v1/chat/completions", body, x_api_key=key, x_llmring_session="the same session"
            )
        gateway = here.gateway.gateway

        assert len(gateway.affinity) == 2
