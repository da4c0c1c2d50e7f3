"""The settings of a lockfile, as a client over HTTP meets them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

import answers
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Loopback, Pause, Request, Reset, Step, as_json, as_stream
from served_gateway import CHAT, Reply, ServedGateway

FIRST, SECOND = "openai:first", "groq:second"
KEY = "sk-0123456789abcdef"
BUSY = as_json({"error": {"message": "busy"}}, 503)
SIGNS: list[Step] = [b": working\n\n", Pause(0.1)] * 12
BEGUN = answers.openai_event(content="Once upon")
HELD = Answer([Pause(1.5)])
REFUSED = as_stream(answers.openai_event(refusal="No."), *answers.OPENAI_END)

# Both can do all, but the first is dear.
FACTS = f"""
[registry.models."{FIRST}"]
capabilities = ["tools"]
context_window = 8000
prices = {{ input = 9, output = 9 }}

[registry.models."{SECOND}"]
capabilities = ["tools", "vision"]
context_window = 32000
prices = {{ input = 1, output = 1 }}
"""


class Case(Struct, frozen=True, kw_only=True):
    """Settings of an alias, and what a call of it brings.

    Attributes:
        policy: The settings.
        first: The answers of the first model.
        shown: A text of the last answer.
        status: The status of the last answer.
        asked: How often each model was asked.
        calls: The number of calls.
        stream: True for streams.
        more: Further tables of the lockfile.
    """

    policy: str
    first: Sequence[Answer] = (answers.openai_stream("from ", "first"),)
    shown: str
    status: int = 200
    asked: tuple[int, int]
    calls: int = 1
    stream: bool = False
    more: str = ""


CASES = {
    "order": Case(policy="", shown="from first", asked=(1, 0)),
    "weights": Case(
        policy='strategy = "weighted"\nweights = [0, 1]', shown="from second", asked=(0, 1)
    ),
    "cheapest": Case(policy='strategy = "cheapest"', shown="from second", asked=(0, 1)),
    "needs": Case(policy='needs = ["vision"]', shown="from second", asked=(0, 1)),
    "min_context": Case(policy="min_context = 16000", shown="from second", asked=(0, 1)),
    "max_cost_per_request": Case(
        policy="max_cost_per_request = 0.005", shown="from second", asked=(0, 1)
    ),
    "max_price_ratio": Case(
        policy="max_price_ratio = 0.1", first=[BUSY], shown="busy", status=503, asked=(1, 0)
    ),
    "daily_budget": Case(
        policy="daily_budget = 0.0001", shown="insufficient_quota", status=402, asked=(0, 0)
    ),
    "rpm": Case(
        policy="rpm = 1\ntimeout = 1", shown="rate_limit", status=429, asked=(1, 0), calls=2
    ),
    "retries": Case(
        policy="retries = 1",
        first=[BUSY, answers.openai_stream("again")],
        shown="again",
        asked=(2, 0),
    ),
    "timeout": Case(policy="timeout = 1", first=[HELD], shown="from second", asked=(1, 1)),
    "hedge_after": Case(
        policy="hedge_after = 0.05", first=[HELD], shown="from second", asked=(1, 1)
    ),
    "stall_timeout": Case(
        policy="stall_timeout = 0.2",
        first=[as_stream(answers.ROLE, BEGUN, Pause(1.5))],
        shown="second",
        asked=(1, 1),
        stream=True,
    ),
    "first_content_timeout": Case(
        policy="first_content_timeout = 0.2",
        first=[as_stream(*SIGNS)],
        shown="second",
        asked=(1, 1),
    ),
    "on_stream_failure": Case(
        policy='on_stream_failure = "raise"',
        first=[as_stream(answers.ROLE, BEGUN, Pause(0.05), Reset())],
        shown='"error"',
        asked=(1, 0),
        stream=True,
    ),
    "continued streams": Case(
        policy="",
        first=[as_stream(answers.ROLE, BEGUN, Pause(0.05), Reset())],
        shown="second",
        asked=(1, 1),
        stream=True,
    ),
    "tpm": Case(policy="tpm = 500\ntimeout = 1", shown="rate_limit", status=429, asked=(0, 0)),
    "on_refusal": Case(policy='on_refusal = "answer"', first=[REFUSED], shown="No.", asked=(1, 0)),
    "faults": Case(
        policy="",
        shown="from second",
        asked=(0, 1),
        more=f'[[profiles.default.faults]]\nmodel = "{FIRST}"\nstatus = 503\n',
    ),
}


class Fallback(Loopback):
    """A server that answers in the form that it is asked for."""

    def _answer(self, request: Request) -> Answer:
        if self.answers:
            return super()._answer(request)
        streams = request.json.get("stream")
        return (
            answers.openai_stream("from ", "second") if streams else answers.openai("from second")
        )


class Served(Struct):
    """A gateway, and the models of its alias."""

    gateway: ServedGateway
    first: Loopback
    second: Loopback

    def ask(self, *, stream: bool = False, **headers: str) -> Reply:
        question = [{"role": "user", "content": "Hello"}]
        body = {"model": "t", "messages": question, "stream": stream}
        return self.gateway.ask("POST", CHAT, body, **headers)

    @property
    def asked(self) -> tuple[int, int]:
        return len(self.first.requests), len(self.second.requests)


@pytest.fixture
def served(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    opened: list[ServedGateway | Fallback] = []

    def make(case: Case) -> Served:
        path = tmp_path / "llmring.lock"
        path.write_text(
            f'{case.more}[[profiles.default.bindings]]\nalias = "t"\n'
            f'models = ["{FIRST}", "{SECOND}"]\n{case.policy}\n{FACTS}'
        )
        first, second = serve(*case.first), Fallback()
        monkeypatch.setenv("OPENAI_BASE_URL", f"{first.url}/v1")
        monkeypatch.setenv("GROQ_BASE_URL", f"{second.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("GROQ_API_KEY", KEY)
        gateway = ServedGateway(ring=ServedRing(path))
        opened.extend((gateway, second))
        return Served(gateway, first, second)

    yield make
    for each in opened:
        each.close()


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_g024_a_setting_of_the_lockfile_holds_over_http(
    served: Callable[[Case], Served], case: Case
) -> None:
    here = served(case)

    for _ in range(case.calls):
        reply = here.ask(stream=case.stream)

    assert (reply.status, here.asked) == (case.status, case.asked), reply.body
    assert case.shown in reply.body.decode()


def test_g024_a_frozen_lockfile_refuses_models_that_are_not_pinned(
    served: Callable[[Case], Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    here = served(CASES["order"])

    reply = here.ask()

    assert (reply.status, here.asked) == (403, (0, 0))


def test_g024_recorded_answers_are_replayed_over_http(
    served: Callable[[Case], Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    def case(mode: str) -> Case:
        table = f'[profiles.default]\nmode = "{mode}"\n'
        return Case(policy="", shown="", asked=(0, 0), more=table)

    recorded = served(case("record")).ask()
    replaying = served(case("replay"))
    replayed = replaying.ask()

    assert recorded.status == replayed.status == 200
    assert replayed.json["choices"] == recorded.json["choices"]
    assert replaying.asked == (0, 0)


def test_g024_no_more_calls_run_at_once_than_the_lockfile_allows(
    served: Callable[[Case], Served],
) -> None:
    slow = as_stream(answers.ROLE, BEGUN, Pause(1.5), *answers.OPENAI_END)
    policy = "max_concurrency = 1\ntimeout = 0.4"
    here = served(Case(policy=policy, first=[slow], shown="", asked=(1, 0)))
    other = threading.Thread(target=here.ask, kwargs={"stream": True})
    other.start()
    assert here.first.received()

    reply = here.ask()

    other.join()
    assert (reply.status, here.asked) == (429, (1, 0))


def test_g027_a_client_waits_for_the_retries_itself(served: Callable[[Case], Served]) -> None:
    limited = as_json({"error": {"message": "slow down"}}, 429, retry_after="10")
    here = served(Case(policy="retries = 5", first=[limited], shown="", asked=(1, 1)))
    here.second.answers = [limited]

    reply = here.ask()

    assert (reply.status, here.asked) == (429, (1, 1))
    assert reply.headers["retry-after"] == "10"
