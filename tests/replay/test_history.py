"""The recorded calls of an alias, found again with their answers and today's costs."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import LLMRing, ProviderError
from llmring.chat.events import Event, Finished, Started, TextDelta
from llmring.chat.parsed_request import parse_request
from llmring.config.settings import read_settings
from llmring.dialects.openai_responses.encode_reply import ENCODING as RESPONSES
from llmring.dialects.reply_encoding import Envelope
from llmring.registry.bundled import facts
from llmring.registry.catalog import ModelFacts, Prices
from llmring.replay.history import RecordedCalls, recorded
from loopback import Answer, Close, Loopback, as_stream
from rings import LASTING, MODEL, ring_at

Serve = Callable[..., Loopback]

DAY = date(2026, 11, 23)
FACTS = ModelFacts(
    provider="openai",
    name="gpt-4o-mini",
    prices=Prices(input=Decimal(1), output=Decimal(10)),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def record(serve: Serve, tmp_path: Path, folder: Path) -> Callable[..., None]:
    """Record a call for each text, with these answers."""
    path = tmp_path / "llmring.lock"
    path.write_text(
        f'[profiles.default]\nmode = "record"\nrecordings = "{folder}"\n'
        + "".join(
            f'[[profiles.default.bindings]]\nalias = "{alias}"\nmodels = ["{MODEL}"]\n'
            for alias in ("fast", "deep")
        )
        + LASTING
    )

    def make(
        *texts: str, answer: Answer | None = None, alias: str = "fast", stream: bool = False
    ) -> None:
        with ring_at(serve(answer or answers.openai("Hi")), lockfile_path=path) as ring:
            for text in texts:
                if stream:
                    list(ring.chat_stream(alias, text))
                else:
                    ring.chat(alias, text).result()

    return make


Record = Callable[..., None]


def found_in(folder: Path, count: int = 10, facts: ModelFacts | None = FACTS) -> RecordedCalls:
    """Find the calls of `fast` on a machine without keys."""
    return recorded(folder, "fast", count, read_settings({}).endpoints, lambda _: facts, DAY)


def texts(found: RecordedCalls) -> list[str]:
    return [parse_request(each.request).turns[0].text for each in found.calls]


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    kept = json.loads(path.read_text())
    change(kept)
    path.write_text(json.dumps(kept))


def at_time(time: str, kept: dict[str, Any]) -> None:
    kept["call"]["at"] = time


def test_calls_are_found_with_their_requests_and_answers(record: Record, folder: Path) -> None:
    record("One?")

    [call] = found_in(folder).calls

    assert (call.request.model, texts(found_in(folder))) == ("fast", ["One?"])
    assert (call.answer.content, call.answer.model) == ("Hi", MODEL)
    assert call.ms is not None
    assert call.ms > 0


def test_the_last_calls_are_given_with_the_oldest_of_them_first(
    record: Record, folder: Path
) -> None:
    record("One?", "Two?", "Three?")
    by_name = sorted(folder.iterdir())
    for at, path in enumerate(reversed(by_name), 1):
        edit(path, partial(at_time, f"2026-01-0{at}T00:00:00"))
    oldest_first = [path.name for path in reversed(by_name)]

    assert [each.name for each in found_in(folder).calls] == oldest_first
    assert [each.name for each in found_in(folder, count=2).calls] == oldest_first[1:]


def test_calls_of_other_aliases_are_left_out(record: Record, folder: Path) -> None:
    record("One?")
    record("Two?", alias="deep")

    found = found_in(folder)

    assert (texts(found), dict(found.unusable)) == (["One?"], {})


def test_the_cost_is_that_of_the_prices_of_the_day(record: Record, folder: Path) -> None:
    record("One?")

    [call] = found_in(folder).calls
    [unpriced] = found_in(folder, facts=None).calls

    assert call.answer.cost == Decimal("0.00003")
    assert unpriced.answer.cost is None


def test_a_streamed_answer_is_found_whole(record: Record, folder: Path) -> None:
    record("One?", answer=answers.openai_stream("H", "i"), stream=True)

    [call] = found_in(folder).calls

    assert call.answer.content == "Hi"
    assert call.answer.usage is not None


@pytest.mark.parametrize(
    "answer",
    [answers.openai_error(503), as_stream(answers.ROLE, Close())],
    ids=["error", "cut"],
)
def test_an_attempt_without_a_whole_answer_is_left_out(
    record: Record, folder: Path, answer: Answer
) -> None:
    with pytest.raises(ProviderError):
        record("One?", answer=answer)
    assert list(folder.iterdir())

    assert found_in(folder) == RecordedCalls((), {})


REASONS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no call": (lambda kept: kept.pop("call"), "recorded without its request"),
    "newer": (lambda kept: kept["call"].update(version=99), "upgrade llmring"),
    "provider": (lambda kept: kept.update(model="acme:b"), "no provider 'acme'"),
    "answer": (lambda kept: kept["response"].update(pieces=["{"]), "an answer that can't be read"),
    "form": (lambda kept: kept.pop("request"), "is not a recording"),
}


@pytest.mark.parametrize(("damage", "reason"), REASONS.values(), ids=REASONS.keys())
def test_a_recording_that_can_t_be_used_is_named_with_the_reason_and_the_others_are_found(
    record: Record, folder: Path, damage: Callable[[dict[str, Any]], object], reason: str
) -> None:
    record("One?")
    [damaged] = folder.iterdir()
    edit(damaged, damage)
    record("Two?")

    found = found_in(folder)

    assert texts(found) == ["Two?"]
    assert list(found.unusable) == [damaged.name]
    assert reason in found.unusable[damaged.name]


def test_an_unusable_recording_does_not_take_the_place_of_another(
    record: Record, folder: Path
) -> None:
    record("One?")
    record("Two?")
    [last] = [path for path in folder.iterdir() if "Two?" in path.read_text()]
    edit(last, lambda kept: kept["call"].update(version=99))

    assert texts(found_in(folder, count=1)) == ["One?"]


def test_a_folder_that_is_not_there_has_no_calls(folder: Path) -> None:
    assert found_in(folder) == RecordedCalls((), {})


def test_a_recorded_call_can_be_made_again(record: Record, folder: Path) -> None:
    record("One?")
    [call] = found_in(folder).calls
    call.request.model = "mock:echo"

    assert LLMRing().chat(call.request).content == "One?"


def test_an_answer_is_read_with_the_api_that_gave_it(
    serve: Serve, tmp_path: Path, folder: Path
) -> None:
    model = "openai:gpt-6-sol"
    path = tmp_path / "llmring.lock"
    binding = f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["{model}"]\n'
    profile = f'[profiles.default]\nmode = "record"\nrecordings = "{folder}"\n{binding}'
    events: list[Event] = [
        Started("m", "r"),
        TextDelta("by responses"),
        Finished("stop", "completed"),
    ]
    body = RESPONSES.whole(events, Envelope(created=1_700_000_000))
    server = serve(
        Answer([body], 200, {"content-type": "application/json"}), answers.openai("by chat")
    )

    # The second call is as an earlier version would have made it.
    for table in ("", '[providers.openai]\napi = "chat"\n'):
        path.write_text(profile + table)
        with ring_at(server, lockfile_path=path) as ring:
            ring.chat("fast", "Hi", tools=[{"name": "f"}]).result()
    endpoints = read_settings({}).endpoints
    found = recorded(folder, "fast", 9, endpoints, facts, DAY)

    assert {call.answer.content for call in found.calls} == {"by responses", "by chat"}
