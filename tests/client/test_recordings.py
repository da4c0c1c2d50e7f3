"""Every recorded exchange reads the same through the public client as through the vendor's SDK."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmring import CommentaryPart, LLMRequest, LLMResponse, LLMRing, ProviderError, StreamChunk

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings next to the repository"
)

# Provider, variable for its base URL, and path of the base URL.
FORMATS = {
    "openai_chat": ("openai", "OPENAI_BASE_URL", "/v1"),
    "openai_responses": ("openai", "OPENAI_BASE_URL", "/v1"),
    "anthropic": ("anthropic", "ANTHROPIC_BASE_URL", ""),
    "google": ("google", "GOOGLE_GEMINI_BASE_URL", ""),
    "ollama": ("ollama", "OLLAMA_BASE_URL", ""),
}
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY")
# For providers with several APIs, the one that the lockfile names.
LOCKFILES = {
    "openai_responses": """
version = "1.0"
default_profile = "default"
[providers.openai]
api = "responses"
[profiles.default]
"""
}

# The vendors' finish reasons, and ours for them.
REASONS = {
    "stop": "stop",
    "completed": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "STOP": "stop",
    "length": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "SAFETY": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error",
    "pause_turn": "pause_turn",
}


class Recording(msgspec.Struct):
    id: str
    kind: str
    tags: list[str]
    request: dict[str, Any]
    response: dict[str, Any]
    expect: dict[str, Any]


def recordings(wire_format: str) -> list[Recording]:
    decoder = msgspec.json.Decoder(Recording)
    with (RECORDINGS / f"{wire_format}.jsonl").open("rb") as lines:
        return [decoder.decode(line) for line in lines]


@pytest.fixture(scope="session")
def replay_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, str(RECORDINGS / "replay_server.py"), "--port", str(port)]
    with subprocess.Popen([*command, str(RECORDINGS)], stdout=subprocess.PIPE) as server:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "a-key-that-opens-nothing")


def is_stream(recording: Recording) -> bool:
    body = recording.request["json"]
    return (
        bool(body.get("stream"))
        or ":stream" in recording.request["path"]
        or (recording.id.startswith("ollama") and "stream" not in body)
    )


async def ask(recording: Recording, provider: str) -> dict[str, Any]:
    """Read a recording with the public client, in the form of `expected`."""
    # Some of the recorded questions had a reason to be answered by nothing; this one has none.
    request = LLMRequest(model=f"{provider}:any", messages="Hello", allow_empty=True)
    async with LLMRing() as ring:
        try:
            if is_stream(recording):
                return await gather(ring, request)
            answer = await ring.chat(request)
        except ProviderError as error:
            return failure(error)
    return outcome(answer.content, answer.reasoning, answer)


async def gather(ring: LLMRing, request: LLMRequest) -> dict[str, Any]:
    text, reasoning = [], []
    async for chunk in ring.chat_stream(request):
        text.append(chunk.delta)
        reasoning.append(chunk.reasoning or "")
        last = chunk
    return outcome("".join(text), "".join(reasoning), last)


def outcome(text: str, reasoning: str | None, end: LLMResponse | StreamChunk) -> dict[str, Any]:
    usage = end.usage
    # The vendor's SDK counts its remarks among the text.
    parts = end.message.parts if end.message else ()
    remarks = "".join(part.text for part in parts if isinstance(part, CommentaryPart))
    return {
        "text": remarks + text,
        "reasoning": reasoning or "",
        "tool_calls": [
            (call["function"]["name"], loads(call["function"]["arguments"]))
            for call in end.tool_calls or []
        ],
        "finish_reason": end.finish_reason,
        "usage": usage and (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens),
    }


def failure(error: ProviderError) -> dict[str, Any]:
    return {
        "class": type(error).__name__,
        "status": error.status,
        "message": error.provider_message,
    }


def expected(recording: Recording) -> dict[str, Any]:
    """Return what the vendor's SDK reads, under our names."""
    expect = recording.expect
    if "error" in expect:
        # Errors inside a stream have no HTTP status; ours may come from the event.
        error = expect["error"]
        known = {"status": error["status"]} if "status" in error else {}
        return {**known, "message": error["message"]}
    calls = [(call["name"], arguments_of(call)) for call in expect["tool_calls"]]
    calls += [(call["name"], call["input"]) for call in expect.get("custom_tool_calls", ())]
    native = expect.get("incomplete_reason") or expect["finish_reason"]
    reason = REASONS.get(native, native)
    if expect.get("block_reason"):
        reason = "content_filter"
    if reason == "error":
        # The answer failed, as its vendor reports by this word.
        return {"class": "ProviderResponseError", "status": recording.response["status"]}
    return {
        "text": expect["text"],
        "reasoning": expect.get("thinking_text") or thoughts_of(recording),
        "tool_calls": calls,
        "finish_reason": "tool_calls" if calls and reason == "stop" else reason,
        "usage": usage_of(recording),
    }


def arguments_of(call: dict[str, Any]) -> Any:
    return call["arguments"] if call["arguments"] is not None else call["arguments_raw"]


def usage_of(recording: Recording) -> tuple[int, int, int] | None:
    """Return all input tokens, all output tokens, and those read from a cache."""
    usage = recording.expect["usage"]
    if not usage:
        return None
    read, written = usage.get("cached_tokens") or 0, usage.get("cache_write_tokens") or 0
    prompt = usage["input_tokens"] + (usage.get("tool_prompt_tokens") or 0)
    completion = usage.get("output_tokens") or 0
    if recording.id.startswith("anthropic"):
        prompt += read + written
    if recording.id.startswith("google") or reasoning_is_apart(recording):
        completion += usage.get("reasoning_tokens") or 0
    return prompt, completion, read


def reasoning_is_apart(recording: Recording) -> bool:
    """Return True if an OpenAI-compatible server counts reasoning outside the completion."""
    usage = recording.expect["usage"]
    totals = re.findall(r'"total_tokens": ?(\d+)', recording.response["body"])
    reasoning = usage.get("reasoning_tokens") or 0
    apart = usage["input_tokens"] + (usage.get("output_tokens") or 0) + reasoning
    return bool(totals and reasoning and int(totals[-1]) == apart)


def thoughts_of(recording: Recording) -> str:
    """Return reasoning shown whole instead of as a summary; `expect` has no field for it."""
    text, kind = r'"text":\s*("(?:[^"\\]|\\.)*")', r'"type":\s*"reasoning_text"'
    body = recording.response["body"].rpartition('"response.completed"')[2]
    found = re.findall(rf"{kind},\s*{text}|{text},\s*{kind}", body)
    return "\n\n".join(json.loads(before or after) for before, after in found)


def loads(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


async def all_outcomes(
    url: str, wire_format: str, some: list[Recording], suffix: str
) -> dict[str, dict[str, Any]]:
    provider, variable, path = FORMATS[wire_format]
    gate = asyncio.Semaphore(16)

    async def one(recording: Recording) -> dict[str, Any]:
        async with gate:
            # Read by the constructor, before any other task can run.
            os.environ[variable] = f"{url}/rec/{recording.id}{suffix}{path}"
            return await ask(recording, provider)

    found = await asyncio.gather(*(one(recording) for recording in some))
    return {recording.id: result for recording, result in zip(some, found, strict=True)}


def mismatches(
    some: list[Recording], found: dict[str, dict[str, Any]]
) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Return, for each recording that differs, the fields with found and expected values."""
    wrong = {}
    for recording in some:
        got, want = found[recording.id], expected(recording)
        fields = {key: (got.get(key), want[key]) for key in want if got.get(key) != want[key]}
        if fields:
            wrong[recording.id] = fields
    return wrong


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize("suffix", ["", "~chunk"], ids=["whole pieces", "awkward pieces"])
def test_every_recorded_exchange_reads_as_the_vendor_s_own_client_reads_it(
    replay_server: str, keys: None, wire_format: str, suffix: str
) -> None:
    if wire_format in LOCKFILES:
        Path("llmring.lock").write_text(LOCKFILES[wire_format])
    some = [r for r in recordings(wire_format) if r.kind in ("chat", "stream", "error")]

    found = asyncio.run(all_outcomes(replay_server, wire_format, some, suffix))

    assert mismatches(some, found) == {}


def test_an_answer_that_is_made_in_the_background_is_a_failure(
    replay_server: str, keys: None
) -> None:
    Path("llmring.lock").write_text(LOCKFILES["openai_responses"])
    queued = [r for r in recordings("openai_responses") if r.kind == "other"]

    found = asyncio.run(all_outcomes(replay_server, "openai_responses", queued, ""))

    assert {result.get("class") for result in found.values()} == {"ProviderResponseError"}


def test_a_recorded_stream_without_its_finish_marker_is_a_failure(
    replay_server: str, keys: None
) -> None:
    every = recordings("openai_chat")
    cut = [r for r in every if r.kind == "other" and r.expect["finish_reason"] is None]

    found = asyncio.run(all_outcomes(replay_server, "openai_chat", cut, ""))

    assert {result.get("class") for result in found.values()} == {"ProviderResponseError"}
