"""Bodies of every API that are too large or too deep, no JSON, or open to two readings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from llmring.chat.events import TextDelta
from raw_calls import PATHS, ask
from sdk_stage import Stage, scripted, stage
from served_gateway import Reply, ServedGateway, parsed, request
from vendors import APIS

each_wire = pytest.mark.parametrize("wire", PATHS)

HELLO = [{"role": "user", "content": "Hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "x", "messages": HELLO},
    "responses": {"model": "x", "input": "Hi"},
    "messages": {"model": "x", "max_tokens": 5, "messages": HELLO},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    "ollama": {"model": "x", "messages": HELLO},
}
# Of the name of a model that there is not, which is looked up after the body has been read.
READ = 404


@pytest.fixture(scope="module")
def gateway() -> Iterator[ServedGateway]:
    with ServedGateway() as found:
        yield found


def sent(gateway: ServedGateway, wire: str, body: bytes) -> Reply:
    reply = gateway.ask("POST", PATHS[wire].format("x"), body)
    assert "error" in reply.json
    assert b"Traceback" not in reply.body
    return reply


def with_(wire: str, more: str) -> bytes:
    """Return a body with a further member."""
    return json.dumps(BODIES[wire]).encode()[:-1] + f", {more}}}".encode()


@each_wire
@pytest.mark.parametrize(
    ("depth", "status"), [(150, READ), (199, READ), (200, 400), (5000, 400), (10**6, 400)]
)
def test_g160_a_body_has_at_most_200_levels(
    gateway: ServedGateway, wire: str, depth: int, status: int
) -> None:
    for opening, closing in ("[", "]"), ('{"a":', "}"):
        inner = "" if opening == "[" else "1"
        nested = opening * depth + inner + closing * depth

        assert sent(gateway, wire, with_(wire, f'"x": {nested}')).status == status


@each_wire
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("place", ['"temperature": {}', '"x": {{"y": [{}]}}'])
def test_g160_numbers_that_json_does_not_have_are_refused(
    gateway: ServedGateway, wire: str, number: str, place: str
) -> None:
    assert sent(gateway, wire, with_(wire, place.format(number))).status == 400


@each_wire
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"model": "x"} {}',
        b"\xef\xbb\xbf{}",
        b'{"model": "\xff"}',
        b'{"model": "\\ud800"}',
        b"{'model': 'x'}",
        b'{"model": "x",}',
        b'{"model": "a\x00b"}',
        bytes(1000),
    ],
)
def test_g160_what_is_no_json_object_is_a_400(
    gateway: ServedGateway, wire: str, body: bytes
) -> None:
    assert sent(gateway, wire, body).status == 400


TWICE = {
    "chat": ('"model": "y"', '"max_tokens": 1, "max_tokens": 9', '"stream": true, "stream": false'),
    "responses": ('"model": "y"', '"max_output_tokens": 1, "max_output_tokens": 9'),
    "messages": ('"model": "y"', '"max_tokens": 9', '"mod\\u0065l": "y"'),
    "gemini": (
        '"generationConfig": {"maxOutputTokens": 1, "maxOutputTokens": 9}',
        '"generation_config": {"max_output_tokens": 1, "max_output_tokens": 9}',
        '"generationConfig": {}, "generationConfig": {"maxOutputTokens": 9}',
    ),
    "ollama": (
        '"model": "y"',
        '"options": {"num_predict": 1, "num_predict": 9}',
        '"options": {"num_predict": 1}, "options": {"num_predict": 9}',
    ),
}


@pytest.mark.parametrize(("wire", "more"), [(wire, each) for wire in TWICE for each in TWICE[wire]])
def test_g160_what_decides_is_given_once(gateway: ServedGateway, wire: str, more: str) -> None:
    reply = sent(gateway, wire, with_(wire, more))

    assert reply.status == 400
    assert "more than once" in str(reply.json)


@each_wire
def test_g160_a_body_of_more_than_32_mib_is_not_read(gateway: ServedGateway, wire: str) -> None:
    path = PATHS[wire].format("x")
    most = 32 * 2**20
    head = request("POST", path, None, content_type="application/json", connection="close")
    too_long = head.replace(b"\r\n\r\n", f"\r\ncontent-length: {most + 1}\r\n\r\n".encode())
    text = " " * (most - len(with_(wire, '"x": ""')))

    assert parsed(gateway.raw(too_long)).status == 413
    assert sent(gateway, wire, with_(wire, f'"x": "{text}"')).status == READ


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@each_wire
@pytest.mark.parametrize("api", APIS)
def test_g160_large_and_strange_texts_arrive_as_they_are(scene: Stage, wire: str, api: str) -> None:
    text = "\x01\u2028\ud7ff\ufffd\U0001f642\\u0041\\n" + "deep " * 50_000
    body = json.loads(json.dumps(BODIES[wire]).replace('"Hi"', json.dumps(text)))

    asked = ask(scene, wire, api, body, scripted(api, TextDelta("Hi.")))

    assert asked.reply.status == 200
    assert text in texts(asked.sent)


HUGE = int("1" * 400)
NUMBERS: dict[str, list[dict[str, Any]]] = {
    "chat": [{"temperature": HUGE}, {"max_tokens": HUGE}, {"seed": HUGE}, {"x": HUGE}, {"n": HUGE}],
    "responses": [{"temperature": HUGE}, {"max_output_tokens": HUGE}, {"top_p": -HUGE}],
    "messages": [
        {"temperature": HUGE},
        {"max_tokens": HUGE},
        {"top_k": HUGE},
        {"thinking": {"type": "enabled", "budget_tokens": HUGE}},
    ],
    "gemini": [
        {"generationConfig": {"temperature": HUGE}},
        {"generationConfig": {"maxOutputTokens": HUGE}},
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": HUGE}}},
        {"generationConfig": {"candidateCount": HUGE}},
    ],
    "ollama": [{"options": {"temperature": HUGE}}, {"options": {"num_predict": HUGE}}],
}


@each_wire
@pytest.mark.parametrize("api", APIS)
def test_g160_a_number_of_hundreds_of_digits_is_no_fault_of_the_gateway(
    scene: Stage, wire: str, api: str
) -> None:
    for more in NUMBERS[wire]:
        asked = ask(scene, wire, api, {**BODIES[wire], **more}, scripted(api, TextDelta("Hi.")))

        assert asked.reply.status in (200, 400), (more.keys(), asked.reply)


def texts(value: Any) -> list[str]:
    """Return all texts in a value of JSON."""
    if isinstance(value, dict):
        return [each for inner in value.values() for each in texts(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in texts(inner)]
    return [value] if isinstance(value, str) else []
