"""Schemas of answers that are not enforced as asked: sent in another way, noted and checked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import (
    LLMResponse,
    LLMRing,
    NoUsableModelError,
    ProviderError,
    SchemaValidationError,
    StreamChunk,
)
from loopback import Answer, Loopback

Serve = Callable[..., Loopback]

NAMED = {"type": "object", "properties": {"n": {"type": "string"}}, "required": ["n"]}
OPEN = {
    "type": "object",
    "properties": {"scores": {"type": "object", "additionalProperties": {"type": "number"}}},
    "required": ["scores"],
}
PATTERNED = {**NAMED, "patternProperties": {"^x": {"type": "number"}}}


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {"name": "p", "schema": schema, "strict": True},
    }


def ring_for(server: Loopback, folder: Path, model: str, more: str = "") -> LLMRing:
    path = folder / "llmring.lock"
    path.write_text(f'{more}\n[[profiles.default.bindings]]\nalias = "a"\nmodels = ["{model}"]\n')
    environ = {
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENAI_API_KEY": "k" * 20,
        "ANTHROPIC_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": "k" * 20,
        "GOOGLE_GEMINI_BASE_URL": server.url,
        "GEMINI_API_KEY": "k" * 20,
        "LLMRING_RETRIES": "0",
    }
    return LLMRing(path, environ=environ)


def ask(ring: LLMRing, form: Any, *, streams: bool = False) -> LLMResponse | StreamChunk:
    if streams:
        *_, last = ring.chat_stream("a", messages="Hi", response_format=form)
        return last
    answer: LLMResponse = ring.chat("a", messages="Hi", response_format=form).result()
    return answer


def sent(server: Loopback, at: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(server.requests[at].body)
    return body


def reply(text: str, *, streams: bool) -> Answer:
    return answers.openai_stream(text) if streams else answers.openai(text)


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("schema", "place", "answer"),
    [
        (OPEN, "/properties/scores", {"scores": {"Ann": 3}}),
        (PATTERNED, "its root", {"n": "x", "x1": 3, "y": "more"}),
        ({**NAMED, "additionalProperties": {"type": "number"}}, "its root", {"n": "x", "m": 2}),
    ],
)
def test_a_schema_that_strict_mode_would_narrow_is_sent_without_it(
    serve: Serve, tmp_path: Path, schema: dict[str, Any], place: str, answer: Any, streams: bool
) -> None:
    server = serve(reply(json.dumps(answer), streams=streams))

    found = ask(ring_for(server, tmp_path, "openai:gpt-4.1"), strict(schema), streams=streams)

    assert found.parsed == answer
    format_ = sent(server)["response_format"]["json_schema"]
    assert (format_["strict"], format_["schema"]) == (False, schema)
    [note] = found.attempts[-1].adjusted
    assert f"forbid what is allowed at {place}" in note


def test_the_original_schema_is_what_an_open_answer_is_checked_by(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(answers.openai('{"scores": {"Ann": "three"}}'))
    ring = ring_for(server, tmp_path, "openai:gpt-4.1")

    with pytest.raises(SchemaValidationError) as caught:
        ring.chat("a", messages="Hi", response_format=strict(OPEN), max_repairs=0).result()

    assert [problem.place for problem in caught.value.problems] == ["/scores/Ann"]


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_model_that_cannot_enforce_a_strict_schema_is_asked_in_words(
    serve: Serve, tmp_path: Path, streams: bool, api: str
) -> None:
    more = f'[providers.openai]\napi = "{api}"'
    server = serve(answers.openai_error(500))
    with (
        ring_for(server, tmp_path, "openai:gpt-4", more) as ring,
        pytest.raises(ProviderError),
    ):
        ask(ring, strict(NAMED), streams=streams)

    body = sent(server)
    assert "response_format" not in body
    assert "text" not in body
    assert json.dumps(NAMED, separators=(",", ":")) in json.loads(f'"{_words(body)}"')


def _words(body: dict[str, Any]) -> str:
    messages = body.get("messages") or body["input"]
    return json.dumps(messages[0]["content"])[1:-1]


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_an_answer_that_was_asked_for_in_words_is_parsed_and_noted(
    serve: Serve, tmp_path: Path, streams: bool
) -> None:
    server = serve(reply('{"n": "x"}', streams=streams))

    found = ask(ring_for(server, tmp_path, "openai:gpt-4"), strict(NAMED), streams=streams)

    assert found.parsed == {"n": "x"}
    assert "asked for in words" in found.attempts[-1].adjusted[0]


def test_an_answer_that_was_asked_for_in_words_is_repaired(serve: Serve, tmp_path: Path) -> None:
    server = serve(answers.openai('{"m": 1}'), answers.openai('{"n": "x"}'))

    found = ask(ring_for(server, tmp_path, "openai:gpt-4"), strict(NAMED))

    assert (found.parsed, len(server.requests)) == ({"n": "x"}, 2)


@pytest.mark.parametrize(
    "model", ["anthropic:claude-3-5-haiku-20241022", "anthropic:claude-opus-4"]
)
def test_a_claude_that_cannot_enforce_a_strict_schema_answers_by_a_tool(
    serve: Serve, tmp_path: Path, model: str
) -> None:
    server = serve(answers.anthropic('{"n": "x"}'))

    found = ask(ring_for(server, tmp_path, model), strict(NAMED))

    assert found.parsed == {"n": "x"}
    assert sent(server)["tools"][0]["input_schema"] == NAMED
    assert "can't enforce" in found.attempts[-1].adjusted[0]


def test_needs_in_the_lockfile_insist_on_a_model_that_enforces_schemas(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(answers.openai("{}"))
    path = tmp_path / "llmring.lock"
    path.write_text(
        '[[profiles.default.bindings]]\nalias = "a"\nmodels = ["openai:gpt-4"]\n'
        'needs = ["json_schema"]\n'
    )
    ring = LLMRing(path, environ={"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k"})

    with pytest.raises(NoUsableModelError, match="no json_schema"):
        ask(ring, strict(NAMED))
    assert server.requests == []


@dataclass
class Scores:
    scores: dict[str, float]


@pytest.mark.parametrize(
    ("form", "is_noted"),
    [(Scores, True), ({"type": "json_schema", "json_schema": {"schema": OPEN}}, False)],
)
def test_a_type_that_strict_mode_would_narrow_is_noted_too(
    serve: Serve, tmp_path: Path, form: Any, is_noted: bool
) -> None:
    server = serve(answers.openai('{"scores": {"Ann": 3}}'))

    found = ask(ring_for(server, tmp_path, "openai:gpt-4.1"), form)

    assert bool(found.attempts[-1].adjusted) == is_noted


def test_json_mode_with_a_schema_asks_for_it_and_checks_it(serve: Serve, tmp_path: Path) -> None:
    server = serve(answers.openai('{"other": 1}'), answers.openai('{"n": "x"}'))

    found = ask(
        ring_for(server, tmp_path, "openai:gpt-4.1"), {"type": "json_object", "schema": NAMED}
    )

    assert found.parsed == {"n": "x"}
    assert sent(server, 0)["response_format"]["json_schema"]["schema"] == NAMED


def test_json_mode_with_a_schema_is_checked_in_a_stream_too(serve: Serve, tmp_path: Path) -> None:
    server = serve(answers.openai_stream('{"other": 1}'))
    ring = ring_for(server, tmp_path, "openai:gpt-4.1")

    with pytest.raises(SchemaValidationError):
        ask(ring, {"type": "json_object", "schema": NAMED}, streams=True)
