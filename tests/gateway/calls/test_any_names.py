"""Any name of a model, in any spelling, which reaches no model that the profile does not bind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import answers
from llmring.gateway.served_ring import ServedRing
from llmring.lockfile.gateway_table import GatewayTable
from loopback import Loopback
from rings import TODAY
from served_gateway import Reply, ServedGateway

LOCKFILE = """
default_profile = "open"

[[profiles.open.bindings]]
alias = "fast"
models = ["groq:bound"]

[[profiles.open.bindings]]
alias = "claude/own"
models = ["groq:bound"]

[[profiles.closed.bindings]]
alias = "secret"
models = ["groq:other"]
"""
HELLO = [{"role": "user", "content": "Hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/responses": {"input": "Hi"},
    "/v1/messages": {"max_tokens": 5, "messages": HELLO},
    "/api/chat": {"messages": HELLO},
    "/api/generate": {"prompt": "Hi"},
}
# Characters that look like others, end lines, end parts of an address, or change their case.
STRANGE = (
    "\r\n\t\0 %/:?#\\.@;&=+*~|\u0430\u0435\u043e\u0455\uff46\u017f\u212a\u0131\u200b\u202e\u0301é"
)
PIECES = (
    *("fast", "FAST", "Fast", "f\u0430st", "\uff46ast", "fa\u017ft", "fast\u200b", "fas%74"),
    *("secret", "closed", "open", "claude/", "models/", ":latest", "[1m]", "own", "other", "bound"),
    *("groq:", "groq/", "GROQ:", "g\u200broq:", "openai:", "%2e%2e", "..", "/", "%0d%0a", "\r\n"),
    *("lib:", "*", "profiles/closed/", "x-llmring-profile: closed"),
)
names = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join),
    st.text(st.one_of(st.sampled_from(STRANGE), st.characters(codec="utf-8")), max_size=30),
    st.tuples(st.sampled_from(PIECES), st.text(STRANGE, max_size=3), st.sampled_from(PIECES)).map(
        "".join
    ),
)
# The only names that mean an alias of the profile: with what client programs add to them.
MEANT = re.compile(
    r"(models/|claude/)*(fast|claude/own|own)(\[1m\])?(:latest)?|"
    r"(models/|claude/)*(fast|claude/own|own)(:latest)?(\[1m\])?"
)


class Guarded:
    """A gateway whose clients may call the aliases of one profile, and its vendor."""

    def __init__(self, stack: ExitStack, folder: Path, *, is_open: bool) -> None:
        self.vendor = Loopback(answers.openai_stream("Fine"))
        stack.callback(self.vendor.close)
        (folder / "llmring.lock").write_text(LOCKFILE)
        environ = {
            "LLMRING_LOCKFILE_PATH": str(folder / "llmring.lock"),
            "LLMRING_LEDGER": "0",
            "LLMRING_RETRIES": "0",
            "LLMRING_TODAY": TODAY,
            "XDG_STATE_HOME": str(folder / "state"),
            "GROQ_BASE_URL": f"{self.vendor.url}/v1",
            "GROQ_API_KEY": "gsk_0123456789abcdef",
        }
        ring = ServedRing(environ=environ)
        self.gateway = stack.enter_context(
            ServedGateway(ring=ring, is_open=is_open, table=GatewayTable())
        )

    def ask(self, path: str, body: dict[str, Any], **headers: str) -> tuple[Reply, list[Any]]:
        """Ask; return the reply and the bodies that the vendor got."""
        self.vendor.requests.clear()
        reply = self.gateway.ask("POST", path, {"stream": True, **body}, **headers)
        return reply, [each.json for each in self.vendor.requests]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with ExitStack() as stack:
        yield Guarded(stack, tmp_path_factory.mktemp("closed"), is_open=False)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with ExitStack() as stack:
        yield Guarded(stack, tmp_path_factory.mktemp("opened"), is_open=True)


def check(reply: Reply, sent: list[Any], name: str) -> None:
    assert reply.status in (200, 400, 403, 404), (name, reply)
    assert not any(each.startswith(("x-evil", "set-cookie")) for each in reply.headers)
    assert {each["model"] for each in sent} <= {"bound"}
    if reply.status == 200:
        assert MEANT.fullmatch(name), name
        assert reply.headers["x-llmring-profile"] == "open"
    else:
        assert sent == []


some = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@some
@given(name=names, path=st.sampled_from([*BODIES]))
@example("fast", "/v1/chat/completions")
@example("fast\r\nx-evil: 1", "/v1/messages")
@example("secret", "/v1/responses")
@example("groq:bound", "/api/chat")
def test_g194_a_name_in_a_body_reaches_only_what_the_profile_binds(
    closed: Guarded, name: str, path: str
) -> None:
    reply, sent = closed.ask(path, {**BODIES[path], "model": name})

    check(reply, sent, name)


@some
@given(name=names, times=st.integers(1, 2), raw=st.booleans())
@example("fast", 1, False)
@example("../profiles/closed/v1beta/models/secret", 1, True)
@example("fast%0d%0aX-Evil: 1", 1, False)
def test_g194_a_name_in_a_path_reaches_only_what_the_profile_binds(
    closed: Guarded, name: str, times: int, raw: bool
) -> None:
    shown = name
    for _ in range(times):
        shown = quote(shown, safe="/:." if raw else "")
    body = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}

    reply, sent = closed.ask(f"/v1beta/models/{shown}:streamGenerateContent?alt=sse", body)

    # A path that leads elsewhere is unknown, or has another method.
    if reply.status not in (404, 405, 501):
        check(reply, sent, name)
    else:
        assert sent == []


@some
@given(profile=names.map(lambda each: quote(each, safe="/:.%"[:3])), place=st.booleans())
@example("closed", True)
@example("closed", False)
@example("open%2f..%2fclosed", False)
def test_g194_no_spelling_of_a_profile_is_another_one(
    closed: Guarded, profile: str, place: bool
) -> None:
    body = {"messages": HELLO, "model": "secret"}
    chat = "/v1/chat/completions"

    if place:
        reply, sent = closed.ask(chat, body, x_llmring_profile=profile)
    else:
        reply, sent = closed.ask(f"/profiles/{profile}{chat}", body)

    assert sent == []
    assert reply.status in (400, 403, 404, 405)


@some
@given(name=st.one_of(names, names.map(lambda each: f"groq:{each}")))
@example("groq:../../admin")
@example("groq:a/../b")
@example("groq:..")
@example("groq:[1m]")
@example("groq:a\r\nx-evil: 1")
def test_g194_a_model_that_is_called_directly_is_one_of_a_known_provider(
    opened: Guarded, name: str
) -> None:
    reply, sent = opened.ask("/v1/chat/completions", {"messages": HELLO, "model": name})

    for each in sent:
        model = each["model"]
        bare = name.removesuffix("[1m]")
        assert model == "bound" or bare.endswith((f":{model}", f"/{model}"))
        assert model.isprintable()
        assert not {".", ".."} & set(model.split("/"))
    assert all(each.path == "/v1/chat/completions" for each in opened.vendor.requests)
    assert reply.status < 500 or reply.status == 502
