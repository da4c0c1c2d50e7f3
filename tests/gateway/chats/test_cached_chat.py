"""Answers that are given again, and shared while they come, to clients of all APIs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from cached_gateway import SAME, CachedModels, ask, at_once, read
from gateways import gateway_of, post
from ledgers import wait_for
from llmring.chat.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from llmring.gateway.caller import Caller
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, MESSAGES, WIRES, Wire
from llmring.limits import redis_connection
from loopback import Answer, Loopback, Pause, Reset, as_json, as_stream
from redis_server import RedisServer
from served_gateway import Reply, ServedGateway, read_until, request
from vendors import APIS, ended

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
each_api = pytest.mark.parametrize("name", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

GOOD = answers.openai_stream("from", " openai")
# A token costs one USD.
PRICED = '[registry.models."deepseek:any"]\nprices = { input = 1000000, output = 1000000 }\n'


@pytest.fixture
def models(
    serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CachedModels:
    return CachedModels(serve, tmp_path / "llmring.lock", monkeypatch)


def vendor(*events: Event, name: str = "openai_chat", end: str = "stop") -> Answer:
    return APIS[name].answer(*events, *ended(end), stream=True)


def text(*pieces: str, name: str = "openai_chat") -> Answer:
    return vendor(*map(TextDelta, pieces), name=name)


def outcome(reply: Reply) -> str | None:
    return reply.headers.get("x-llmring-cache")


def paused(answer: Answer, seconds: float, after: int = 1) -> Answer:
    """Return an answer that pauses after some of its pieces."""
    steps = answer.steps
    return as_stream(*steps[:after], Pause(seconds), *steps[after:])


# --- Kept answers ---


@each_wire
@either_form
def test_g133_an_answer_made_for_one_api_is_given_to_all_others(
    models: CachedModels, wire: Wire, stream: bool
) -> None:
    server = models.start(text("Hello ", "you"))

    with ServedGateway() as gateway:
        first = ask(gateway, wire, stream=stream)
        again = [(each, ask(gateway, each, stream=s)) for each in WIRES for s in (False, True)]

    assert outcome(first) == "miss"
    assert {outcome(reply) for _, reply in again} == {"hit"}
    found = [read(each, reply) for each, reply in [(wire, first), *again]]
    assert {(each.content, each.finish_reason) for each in found} == {("Hello you", "stop")}
    used = {
        (each.usage.prompt_tokens, each.usage.completion_tokens) for each in found if each.usage
    }
    assert used == {(10, 2)}
    assert len(server.requests) == 1


@each_api
def test_g133_answers_of_models_of_every_api_are_kept(models: CachedModels, name: str) -> None:
    events: list[Event] = [ReasoningDelta("Hm."), TextDelta("Hello")]
    server = models.start(vendor(*events, name=name), name=name)

    with ServedGateway() as gateway:
        replies = [(each, ask(gateway, each, stream=True)) for each in WIRES]

    assert [outcome(reply) for _, reply in replies] == ["miss"] + ["hit"] * 4
    assert {read(each, reply).content for each, reply in replies} == {"Hello"}
    assert len(server.requests) == 1


@each_wire
@either_form
def test_g135_an_answer_has_the_same_events_again(
    models: CachedModels, wire: Wire, stream: bool
) -> None:
    calls = [ToolCallDelta(0, "call_1", "weather", '{"city": "Ulm"}')]
    models.start(vendor(TextDelta("Look: "), *calls, end="tool_calls"))

    with ServedGateway() as gateway:
        first, again = (read(wire, ask(gateway, wire, stream=stream)) for _ in range(2))

    assert (again.content, again.finish_reason) == ("Look: ", "tool_calls")
    assert json.loads((again.tool_calls or [])[0]["function"]["arguments"]) == {"city": "Ulm"}
    assert (first.content, first.usage) == (again.content, again.usage)
    if wire in (CHAT, MESSAGES):
        # Each answer has its own ID.
        assert first.id != again.id


def test_g135_a_kept_answer_says_what_it_saved_and_how_old_it_is(models: CachedModels) -> None:
    models.start(text("Hi"), lockfile=PRICED)

    with ServedGateway() as gateway:
        first = ask(gateway, CHAT)
        whole, streamed = ask(gateway, CHAT), ask(gateway, MESSAGES, stream=True)

    assert first.headers["x-llmring-cost"] == "12"
    for reply in (whole, streamed):
        assert reply.headers["x-llmring-cost"] == "0"
        assert reply.headers["x-llmring-saved"] == "12"
        assert 0 <= int(reply.headers["age"]) < 60
        assert reply.headers["x-llmring-model"] == "deepseek:any"
        assert "x-llmring-attempts" not in reply.headers
    assert "age" not in first.headers
    assert "x-llmring-saved" not in first.headers


def test_g135_without_a_known_price_nothing_is_said_to_be_saved(models: CachedModels) -> None:
    models.start(text("Hi"))

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT) for _ in range(2)]

    assert "x-llmring-cost-unknown" in replies[0].headers
    assert replies[1].headers["x-llmring-cost"] == "0"
    assert "x-llmring-saved" not in replies[1].headers


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("no-cache", ["miss", "hit"]),
        ("max-age=0", ["miss", "hit"]),
        ("Max-Age=0, private", ["miss", "hit"]),
        ("no-store", ["bypass", "hit"]),
        ("no-cache, no-store", ["bypass", "hit"]),
        ("max-age=3600", ["hit", "hit"]),
    ],
)
def test_g135_clients_may_want_a_new_answer(
    models: CachedModels, given: str, found: list[str]
) -> None:
    models.start(text("one"), text("two"))
    asked = {"cache-control": given}

    with ServedGateway() as gateway:
        ask(gateway, CHAT)
        replies = [ask(gateway, CHAT, headers=each, stream=True) for each in (asked, {})]

    assert [outcome(each) for each in replies] == found
    texts = [read(CHAT, each).content for each in replies]
    assert (
        texts
        == {
            "miss": ["two", "two"],
            "bypass": ["two", "one"],
            "hit": ["one", "one"],
        }[found[0]]
    )


def test_g135_no_store_keeps_nothing(models: CachedModels) -> None:
    models.start(text("one"), text("two"))
    wanted = {"cache-control": "no-store"}

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT, headers=each, stream=True) for each in (wanted, {})]

    assert [outcome(each) for each in replies] == ["bypass", "miss"]


# --- What is not kept ---


@pytest.mark.parametrize("policy", ["", "cache_scope = 'all'"])
def test_g133_nothing_is_kept_unless_the_alias_says_so(models: CachedModels, policy: str) -> None:
    server = models.start(GOOD, policy=policy)

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT, stream=True) for _ in range(2)]

    assert [outcome(reply) for reply in replies] == [None, None]
    assert len(server.requests) == 2


@each_wire
def test_g134_an_answer_that_was_cut_is_not_kept(models: CachedModels, wire: Wire) -> None:
    server = models.start(vendor(TextDelta("Hel"), end="length"))

    with ServedGateway() as gateway:
        replies = [ask(gateway, wire, stream=True) for _ in range(2)]

    assert [outcome(reply) for reply in replies] == ["miss", "miss"]
    assert len(server.requests) == 2


@either_form
def test_g134_an_answer_that_another_model_went_on_with_is_not_kept(
    models: CachedModels, stream: bool
) -> None:
    broken = as_stream(*answers.openai_stream("Once upon", " a").steps[:2], Reset())
    models.start(broken, fallback=answers.openai_stream(" a time"))

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT, stream=stream) for _ in range(2)]

    assert [(reply.status, outcome(reply)) for reply in replies] == [(200, "miss")] * 2


def test_g134_an_answer_to_a_part_of_the_request_is_not_kept(models: CachedModels) -> None:
    models.start(text("Hi", name="anthropic"), name="anthropic")

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT, logit_bias={"1": 1}) for _ in range(2)]

    assert "x-llmring-notes" in replies[0].headers
    assert [outcome(reply) for reply in replies] == ["miss", "miss"]


@pytest.mark.parametrize("name", ["gemini", "openai_chat"])
def test_g134_what_no_answer_depends_on_may_be_left_out(models: CachedModels, name: str) -> None:
    models.start(text("Hi", name=name), name=name)

    with ServedGateway() as gateway:
        replies = [ask(gateway, MESSAGES, metadata={"user_id": user}, stream=True) for user in "ab"]

    assert "metadata" in replies[0].headers["x-llmring-notes"]
    assert [outcome(reply) for reply in replies] == ["miss", "hit"]


@pytest.mark.parametrize(
    "question",
    [
        {"tools": [{"type": "web_search"}]},
        {"n": 2},
        {"logprobs": True},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
    ],
    ids=["provider's tool", "several answers", "logprobs", "uploaded file"],
)
def test_g134_answers_to_some_requests_are_not_kept(
    models: CachedModels, question: dict[str, Any]
) -> None:
    server = models.start(GOOD, name="openai_responses" if "tools" in question else "openai_chat")

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT, stream=True, question=question) for _ in range(2)]

    assert {outcome(reply) for reply in replies if reply.status == 200} <= {"bypass"}
    assert len(server.requests) == 2


def test_g134_a_failure_is_not_kept(models: CachedModels) -> None:
    models.start(as_json({"error": {"message": "no"}}, 500), text("Hi"))

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT) for _ in range(3)]

    assert replies[0].status >= 500
    assert [outcome(reply) for reply in replies[1:]] == ["miss", "hit"]


def test_g133_another_lockfile_has_other_answers(models: CachedModels, tmp_path: Path) -> None:
    models.start(text("one"), text("two"), text("three"))
    lockfile = tmp_path / "llmring.lock"

    found = []
    with ServedGateway() as gateway:
        found.append(read(CHAT, ask(gateway, CHAT)).content)
        lockfile.write_text(lockfile.read_text() + "timeout = 50\n")
        # The next look at the file is when it has changed for all to see.
        for _ in range(100):
            time.sleep(0.05)
            reply = ask(gateway, CHAT)
            if outcome(reply) == "miss":
                break
        found.append(read(CHAT, reply).content)

    assert found == ["one", "two"]


# --- Tenants ---


ALICE, BOB = Caller(key_id="k1", team="search"), Caller(key_id="k2", team="search")
CAROL, DAVE = Caller(key_id="k3", team="ads"), Caller(key_id="k4")
ERIN = Caller(key_id="search")


async def tenant_asks(gateway: Gateway, wire: Wire, caller: Caller) -> GatewayAnswer:
    asked = post("/", json.dumps(SAME[wire.name]).encode(), caller=caller)
    return await answer_chat(gateway, wire, asked, model="t", stream=False)


def by_tenants(*callers: Caller, at_once: bool = False) -> list[str]:
    """Return what the calls of clients are, one after the other or at once."""

    async def play() -> list[str]:
        async with ServedRing() as ring:
            gateway = gateway_of(ring)
            # Of another API each time.
            calls = [
                tenant_asks(gateway, WIRES[at % 5], caller) for at, caller in enumerate(callers)
            ]
            if at_once:
                found = await asyncio.gather(*calls)
            else:
                found = [await each for each in calls]
            return [each.headers["x-llmring-cache"] for each in found]

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("key", ["miss", "miss", "miss", "miss", "miss", "hit"]),
        ("team", ["miss", "hit", "miss", "miss", "miss", "hit"]),
        ("all", ["miss", "hit", "hit", "hit", "hit", "hit"]),
    ],
)
def test_g164_answers_of_other_tenants_are_never_given(
    models: CachedModels, scope: str, found: list[str]
) -> None:
    models.start(text("Hi"), policy=f'cache = "1h"\ncache_scope = "{scope}"')

    assert by_tenants(ALICE, BOB, CAROL, DAVE, ERIN, ALICE) == found


@pytest.mark.parametrize(("scope", "asked"), [("key", 4), ("team", 3), ("all", 1)])
def test_g164_answers_in_progress_of_other_tenants_are_never_shared(
    models: CachedModels, scope: str, asked: int
) -> None:
    server = models.start(paused(text("Hi"), 0.3), policy=f'cache = "1h"\ncache_scope = "{scope}"')

    by_tenants(ALICE, BOB, CAROL, DAVE, ALICE, BOB, CAROL, DAVE, at_once=True)

    assert len(server.requests) == asked


def test_g164_each_tenant_has_its_own_answer_by_default(models: CachedModels) -> None:
    models.start(text("Hi"))

    assert by_tenants(ALICE, BOB) == ["miss", "miss"]


# --- Calls at the same time ---


@either_form
def test_g136_fifty_equal_calls_at_once_are_one_request(models: CachedModels, stream: bool) -> None:
    server = models.start(paused(text("Hello ", "you"), 1.5))

    with ServedGateway() as gateway:
        replies = at_once(50, lambda at: ask(gateway, WIRES[at % 5], stream=stream))

    found = [read(WIRES[at % 5], reply) for at, reply in enumerate(replies)]
    assert {each.content for each in found} == {"Hello you"}
    assert [outcome(reply) for reply in replies].count("miss") == 1
    assert len(server.requests) == 1


def test_g136_calls_that_share_an_answer_have_their_own_ids_and_cost_nothing(
    models: CachedModels,
) -> None:
    models.start(paused(text("Hello ", "you"), 1.5))

    with ServedGateway() as gateway:
        replies = at_once(4, lambda _: ask(gateway, CHAT))

    shared = [reply for reply in replies if outcome(reply) == "shared"]
    assert len(shared) == 3
    assert {reply.headers["x-llmring-cost"] for reply in shared} == {"0"}
    assert len({reply.json["id"] for reply in replies}) == 4


@either_form
def test_g136_the_first_caller_may_leave(models: CachedModels, stream: bool) -> None:
    server = models.start(paused(text("Hello ", "you"), 1.5, after=2))

    with ServedGateway() as gateway, ThreadPoolExecutor() as pool:
        leader = gateway.connect()
        leader.sendall(request(body={**SAME["chat"], "stream": stream}))
        assert server.received()
        if stream:
            read_until(leader, b"Hello")
        follower = pool.submit(ask, gateway, CHAT, stream=stream)
        time.sleep(0.3)
        leader.close()
        reply = follower.result(20)

    assert read(CHAT, reply).content == "Hello you"
    assert len(server.requests) == 1


def test_g136_a_call_that_nobody_waits_for_ends(models: CachedModels) -> None:
    server = models.start(paused(text("Hello ", "you"), 20, after=2))
    body = {"model": "t", "messages": [{"role": "user", "content": "Hi"}], "stream": True}

    with ServedGateway() as gateway:
        with gateway.connect() as leader:
            leader.sendall(request(body=body))
            read_until(leader, b"Hello")
        assert server.left_alone(5)


@either_form
def test_g136_a_failure_is_that_of_all_once(models: CachedModels, stream: bool) -> None:
    failing = Answer(
        [Pause(1.5), b'{"error": {"message": "no"}}'], 500, {"content-type": "application/json"}
    )
    server = models.start(failing, text("Hi"))

    with ServedGateway() as gateway:
        replies = at_once(5, lambda at: ask(gateway, WIRES[at], stream=stream))
        after = ask(gateway, CHAT, stream=stream)

    assert {reply.status >= 500 for reply in replies} == {True}
    assert outcome(after) == "miss"
    assert len(server.requests) == 2


def test_g136_a_limit_that_fails_the_first_caller_is_not_that_of_the_others(
    models: CachedModels,
) -> None:
    policy = 'cache = "1h"\nmax_concurrency = 1'
    models.start(paused(text("Hi"), 1.5), text("Hi"), policy=policy)
    other = {"messages": [{"role": "user", "content": "Something else"}]}
    patience = {"x-llmring-timeout": "1"}

    with ServedGateway() as gateway, ThreadPoolExecutor() as pool:
        blocking = pool.submit(ask, gateway, CHAT, stream=True, question=other)
        time.sleep(0.3)
        waiting = []
        for _ in range(2):
            waiting.append(pool.submit(ask, gateway, CHAT, stream=True, headers=patience))
            time.sleep(0.2)
        found = [each.result(20).status for each in (blocking, *waiting)]

    assert found == [200, 429, 200]


# --- Where the answers are ---


def test_g137_gateways_share_the_answers_in_redis(
    models: CachedModels,
    redis_url: str,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
    monkeypatch.setenv("LLMRING_REDIS_URL", redis_url)
    monkeypatch.setenv("LLMRING_CACHE_KEY", "k" * 32)
    server = models.start(text("Hi"), lockfile='name = "shop"\n')

    replies = []
    for wire in (CHAT, MESSAGES):
        with ServedGateway() as gateway:
            replies.append(ask(gateway, wire))

    assert [outcome(reply) for reply in replies] == ["miss", "hit"]
    assert len(server.requests) == 1
    assert b"{llmring}:answer:" in redis_server.ask("KEYS *")


def test_g137_without_redis_calls_are_answered(
    models: CachedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_REDIS_URL", "redis://127.0.0.1:1/0")
    models.start(text("Hi"))

    with ServedGateway() as gateway:
        replies = [ask(gateway, CHAT) for _ in range(2)]

    assert [(reply.status, outcome(reply)) for reply in replies] == [(200, "miss")] * 2


# --- The ledger ---


def test_g135_a_call_that_cost_nothing_is_in_the_ledger(
    models: CachedModels, tmp_path: Path
) -> None:
    models.start(text("Hi"), lockfile=PRICED)

    with ServedGateway() as gateway:
        ask(gateway, CHAT)
        ask(gateway, MESSAGES, stream=True, headers={"x-llmring-tags": "again"})

    first, again = sorted(
        wait_for(tmp_path / "state" / "llmring" / "ledger.sqlite", 2), key=lambda each: each.at
    )
    assert (first.cost, first.attempts, first.tags) == (Decimal(12), 1, ())
    assert (again.cost, again.attempts, again.tags) == (Decimal(0), 0, ("again",))
    assert (again.alias, again.model, again.outcome) == ("t", "deepseek:any", "ok")
    assert (first.cache, again.cache) == ("miss", "hit")
    assert (again.saved, again.wire) == (Decimal(12), "messages")
    # No tokens were used up.
    assert again.usage is None
