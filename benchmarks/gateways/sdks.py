"""A streamed answer through each vendor's own SDK, used as its documentation shows.

The SDKs retry as they do by default; only their time limit is set.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import anthropic
import ollama
import openai
from google import genai
from google.genai import types

from gateways.running import KEY, Called

QUESTION = "Count"
_TURNS: Any = [{"role": "user", "content": QUESTION}]


class Answer(NamedTuple):
    """What an SDK has shown.

    Attributes:
        text: The text.
        complete: True if it said that the answer is complete.
    """

    text: str
    complete: bool


def _openai(base: str, called: Called, timeout: float) -> openai.OpenAI:
    headers = dict(called.headers)
    return openai.OpenAI(base_url=base, api_key=KEY, timeout=timeout, default_headers=headers)


def _chat(base: str, called: Called, timeout: float) -> Answer:
    text, complete = "", False
    with (
        _openai(base, called, timeout) as client,
        client.chat.completions.create(model=called.model, messages=_TURNS, stream=True) as chunks,
    ):
        for chunk in chunks:
            for choice in chunk.choices:
                text += choice.delta.content or ""
                complete = complete or choice.finish_reason is not None
    return Answer(text, complete)


def _responses(base: str, called: Called, timeout: float) -> Answer:
    text, complete = "", False
    with (
        _openai(base, called, timeout) as client,
        client.responses.create(model=called.model, input=QUESTION, stream=True) as events,
    ):
        for event in events:
            if event.type == "response.output_text.delta":
                text += event.delta
            if event.type in ("response.failed", "error"):
                raise openai.OpenAIError(event.type)
            complete = complete or event.type == "response.completed"
    return Answer(text, complete)


def _messages(base: str, called: Called, timeout: float) -> Answer:
    text, complete = "", False
    headers = dict(called.headers)
    with (
        anthropic.Anthropic(
            base_url=base, api_key=KEY, timeout=timeout, default_headers=headers
        ) as client,
        client.messages.create(
            model=called.model, max_tokens=1000, messages=_TURNS, stream=True
        ) as events,
    ):
        for event in events:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                text += event.delta.text
            complete = complete or event.type == "message_stop"
    return Answer(text, complete)


def _gemini(base: str, called: Called, timeout: float) -> Answer:
    text, complete = "", False
    options = types.HttpOptions(
        base_url=base,
        timeout=round(timeout * 1000),
        headers=dict(called.headers),
        api_version="v1" if called.headers else "v1beta",
    )
    client = genai.Client(api_key=KEY, http_options=options)
    for chunk in client.models.generate_content_stream(model=called.model, contents=QUESTION):
        for candidate in chunk.candidates or ():
            for part in (candidate.content.parts if candidate.content else None) or ():
                text += part.text or ""
            complete = complete or candidate.finish_reason is not None
    client.close()
    return Answer(text, complete)


def _ollama(base: str, called: Called, timeout: float) -> Answer:
    text, complete = "", False
    client = ollama.Client(base, timeout=timeout, headers=dict(called.headers))
    for chunk in client.chat(called.model, _TURNS, stream=True):
        text += chunk.message.content or ""
        complete = complete or bool(chunk.done)
    return Answer(text, complete)


ASK: dict[str, Callable[[str, Called, float], Answer]] = {
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
    "gemini": _gemini,
    "ollama": _ollama,
}

PACKAGES = ("openai", "anthropic", "google-genai", "ollama")
