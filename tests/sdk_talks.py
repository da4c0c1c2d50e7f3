"""Conversations through the official SDKs, each in the form that its own documentation shows.

Every SDK keeps the history in its own types: the answer that it returns is appended as it is.
"""

from __future__ import annotations

import base64
import gc
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import anthropic
import ollama
import openai
from google import genai
from google.genai import types

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Called:
    """A tool call, as an SDK shows it."""

    name: str
    arguments: Any
    id: str | None = None


@dataclass(frozen=True)
class SdkReply:
    """An answer, as an SDK shows it.

    Attributes:
        tokens: The tokens of the prompt and of the answer.
        refusal: The text of a refusal, where the API has one apart.
        raw: The answer in the SDK's own type; of a stream, its last or accumulated one.
    """

    text: str
    reasoning: str
    calls: tuple[Called, ...]
    finish: str | None
    tokens: tuple[int, int]
    raw: Any
    refusal: str | None = None

    @property
    def places(self) -> list[tuple[str, Any]]:
        return [(call.name, call.arguments) for call in self.calls]


class Talk(Protocol):
    """A conversation."""

    errors: tuple[type[Exception], ...]

    def say(self, text: str, image: bytes | None = None) -> None:
        """Add a turn of the user."""

    def give(self, results: Sequence[str]) -> None:
        """Add the results of the calls of the last answer."""

    def answer(self, *, stream: bool) -> SdkReply:
        """Ask for an answer, and add it to the history."""

    def leave(self) -> None:
        """Ask for a stream, and leave after its first piece."""


class _Base:
    errors: tuple[type[Exception], ...] = ()

    def __init__(
        self,
        client: Any,
        model: str,
        *,
        tools: bool = False,
        structured: bool = False,
        thinks: bool = False,
    ) -> None:
        self.client = client
        self.model = model
        self.tools = tools
        self.structured = structured
        self.thinks = thinks
        self.history: list[Any] = []
        self.last: SdkReply | None = None

    def calls(self) -> Iterable[Called]:
        assert self.last is not None
        return self.last.calls

    def _kept(self, reply: SdkReply) -> SdkReply:
        self.last = reply
        return reply


class ChatTalk(_Base):
    """Through OpenAI's SDK, by Chat Completions."""

    errors = (openai.OpenAIError,)

    @staticmethod
    def connect(base: str, timeout: float) -> Any:
        return openai.OpenAI(base_url=f"{base}/v1", api_key="none", timeout=timeout, max_retries=0)

    def say(self, text: str, image: bytes | None = None) -> None:
        content: Any = text
        if image is not None:
            url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
            content = [
                {"type": "text", "text": text},
                {"type": "image_url", "image_url": {"url": url}},
            ]
        self.history.append({"role": "user", "content": content})

    def give(self, results: Sequence[str]) -> None:
        for call, result in zip(self.calls(), results, strict=True):
            self.history.append({"role": "tool", "tool_call_id": call.id, "content": result})

    def _asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": self.model, "messages": self.history}
        if self.tools:
            function = {"name": "weather", "parameters": SCHEMA, "strict": True}
            asked["tools"] = [{"type": "function", "function": function}]
        if self.structured:
            wanted = {"name": "place", "schema": SCHEMA, "strict": True}
            asked["response_format"] = {"type": "json_schema", "json_schema": wanted}
        if self.thinks:
            asked["reasoning_effort"] = "low"
        return asked

    def leave(self) -> None:
        with self.client.chat.completions.create(**self._asked(), stream=True) as events:
            next(iter(events))

    def answer(self, *, stream: bool) -> SdkReply:
        asked = self._asked()
        if stream:
            options: Any = {"include_usage": True}
            with self.client.chat.completions.stream(**asked, stream_options=options) as events:
                chunks = [event.chunk for event in events if event.type == "chunk"]
                assert len({(each.id, each.created, each.model) for each in chunks}) == 1
                found: Any = events.get_final_completion()
        else:
            found = self.client.chat.completions.create(**asked)
        message = found.choices[0].message
        self.history.append(message)
        calls = [
            Called(each.function.name, json.loads(each.function.arguments), each.id)
            for each in message.tool_calls or ()
        ]
        return self._kept(
            SdkReply(
                message.content or "",
                getattr(message, "reasoning_content", None) or "",
                (*calls,),
                found.choices[0].finish_reason,
                (found.usage.prompt_tokens, found.usage.completion_tokens),
                found,
                message.refusal,
            )
        )


class ResponsesTalk(_Base):
    """Through OpenAI's SDK, by Responses."""

    errors = (openai.OpenAIError,)

    @staticmethod
    def connect(base: str, timeout: float) -> Any:
        return openai.OpenAI(base_url=f"{base}/v1", api_key="none", timeout=timeout, max_retries=0)

    def say(self, text: str, image: bytes | None = None) -> None:
        content: list[Any] = [{"type": "input_text", "text": text}]
        if image is not None:
            url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
            content.append({"type": "input_image", "image_url": url, "detail": "auto"})
        self.history.append({"role": "user", "content": content})

    def give(self, results: Sequence[str]) -> None:
        for call, result in zip(self.calls(), results, strict=True):
            self.history.append(
                {"type": "function_call_output", "call_id": call.id, "output": result}
            )

    def _asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": self.model, "input": self.history, "store": False}
        if self.tools:
            asked["tools"] = [
                {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": True}
            ]
        if self.structured:
            wanted = {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}
            asked["text"] = {"format": wanted}
        if self.thinks:
            asked["reasoning"] = {"effort": "low", "summary": "auto"}
            asked["include"] = ["reasoning.encrypted_content"]
        return asked

    def leave(self) -> None:
        with self.client.responses.create(**self._asked(), stream=True) as events:
            next(iter(events))

    def answer(self, *, stream: bool) -> SdkReply:
        asked = self._asked()
        if stream:
            with self.client.responses.stream(**asked) as events:
                found: Any = self._accumulated(events)
        else:
            found = self.client.responses.create(**asked)
        self.history += found.output
        items = found.output
        calls = [
            Called(each.name, json.loads(each.arguments), each.call_id)
            for each in items
            if each.type == "function_call"
        ]
        thoughts = [
            part.text for each in items if each.type == "reasoning" for part in each.summary
        ]
        refusals = [
            part.refusal
            for each in items
            if each.type == "message"
            for part in each.content
            if part.type == "refusal"
        ]
        return self._kept(
            SdkReply(
                found.output_text,
                "".join(thoughts),
                (*calls,),
                found.status,
                (found.usage.input_tokens, found.usage.output_tokens),
                found,
                "".join(refusals) or None,
            )
        )

    @staticmethod
    def _accumulated(events: Any) -> Any:
        """Read to the end; the pieces must add up to the whole reply that ends the stream."""
        text, numbers, failed = "", [], None
        names = set()
        for event in events:
            numbers.append(event.sequence_number)
            if hasattr(event, "response"):
                names.add((event.response.id, event.response.model, event.response.created_at))
            if event.type == "response.output_text.delta":
                text += event.delta
            if event.type == "response.failed":
                failed = event.response.error
            if event.type == "response.incomplete":
                return event.response
        assert numbers == [*range(len(numbers))]
        assert len(names) == 1
        if failed is not None:
            raise openai.OpenAIError(f"{failed.code}: {failed.message}")
        found = events.get_final_response()
        assert found.output_text == text
        return found


class MessagesTalk(_Base):
    """Through Anthropic's SDK."""

    errors = (anthropic.AnthropicError,)

    @staticmethod
    def connect(base: str, timeout: float) -> Any:
        return anthropic.Anthropic(base_url=base, api_key="none", timeout=timeout, max_retries=0)

    def say(self, text: str, image: bytes | None = None) -> None:
        content: list[Any] = [{"type": "text", "text": text}]
        if image is not None:
            data = base64.b64encode(image).decode()
            source = {"type": "base64", "media_type": "image/png", "data": data}
            content.append({"type": "image", "source": source})
        self.history.append({"role": "user", "content": content})

    def give(self, results: Sequence[str]) -> None:
        blocks = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result}
            for call, result in zip(self.calls(), results, strict=True)
        ]
        self.history.append({"role": "user", "content": blocks})

    def _asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "model": self.model,
            "max_tokens": 2000,
            "messages": self.history,
        }
        if self.tools:
            asked["tools"] = [{"name": "weather", "input_schema": SCHEMA}]
        if self.structured:
            asked["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
        if self.thinks:
            asked["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        return asked

    def leave(self) -> None:
        with self.client.messages.create(**self._asked(), stream=True) as events:
            next(iter(events))

    def answer(self, *, stream: bool) -> SdkReply:
        asked = self._asked()
        if stream:
            with self.client.messages.stream(**asked) as events:
                kinds = [event.type for event in events]
                assert kinds.count("message_start") == kinds.count("message_stop") == 1
                found: Any = events.get_final_message()
        else:
            found = self.client.messages.create(**asked)
        self.history.append({"role": "assistant", "content": found.content})
        blocks = found.content
        return self._kept(
            SdkReply(
                "".join(each.text for each in blocks if each.type == "text"),
                "".join(each.thinking for each in blocks if each.type == "thinking"),
                tuple(
                    Called(each.name, each.input, each.id)
                    for each in blocks
                    if each.type == "tool_use"
                ),
                found.stop_reason,
                (found.usage.input_tokens, found.usage.output_tokens),
                found,
            )
        )


class GeminiTalk(_Base):
    """Through Google's SDK, whose chats keep the history by themselves."""

    errors = (genai.errors.APIError, genai.errors.UnknownApiResponseError)

    @staticmethod
    def connect(base: str, timeout: float) -> Any:
        options = types.HttpOptions(base_url=base, timeout=int(timeout * 1000))
        return genai.Client(api_key="none", http_options=options)

    def __init__(self, client: Any, model: str, **more: Any) -> None:
        super().__init__(client, model, **more)
        config: dict[str, Any] = {}
        if self.tools:
            declared: Any = {"name": "weather", "parameters_json_schema": SCHEMA}
            config["tools"] = [types.Tool(function_declarations=[declared])]
        if self.structured:
            config["response_mime_type"] = "application/json"
            config["response_json_schema"] = SCHEMA
        if self.thinks:
            config["thinking_config"] = types.ThinkingConfig(include_thoughts=True)
        self.chat = self.client.chats.create(
            model=model, config=types.GenerateContentConfig(**config)
        )
        self.parts: list[types.Part] = []

    def say(self, text: str, image: bytes | None = None) -> None:
        self.parts = [types.Part(text=text)]
        if image is not None:
            self.parts.append(types.Part.from_bytes(data=image, mime_type="image/png"))

    def give(self, results: Sequence[str]) -> None:
        self.parts = [
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"result": result}
                )
            )
            for call, result in zip(self.calls(), results, strict=True)
        ]

    def leave(self) -> None:
        sent: Any = self.parts
        events: Any = self.chat.send_message_stream(sent)
        next(events)
        events.close()
        # The SDK closes the connection only when its response is deleted.
        del events
        gc.collect()

    def answer(self, *, stream: bool) -> SdkReply:
        sent: Any = self.parts
        found = [*self.chat.send_message_stream(sent)] if stream else [self.chat.send_message(sent)]
        parts = [
            part
            for each in found
            for candidate in each.candidates or ()
            for part in (candidate.content.parts if candidate.content else None) or ()
        ]
        calls = [part.function_call for part in parts if part.function_call]
        last = found[-1]
        usage = last.usage_metadata
        assert usage is not None
        ends = [
            candidate.finish_reason
            for each in found
            for candidate in each.candidates or ()
            if candidate.finish_reason
        ]
        assert ends, "a truncated answer was taken for whole"
        return self._kept(
            SdkReply(
                "".join(part.text or "" for part in parts if not part.thought),
                "".join(part.text or "" for part in parts if part.thought),
                tuple(Called(each.name or "", each.args, each.id) for each in calls),
                ends[-1].value,
                (usage.prompt_token_count or 0, usage.candidates_token_count or 0),
                found,
            )
        )


class OllamaTalk(_Base):
    """Through Ollama's SDK."""

    errors = (ollama.ResponseError,)

    @staticmethod
    def connect(base: str, timeout: float) -> Any:
        return ollama.Client(host=base, timeout=timeout)

    def say(self, text: str, image: bytes | None = None) -> None:
        images = {} if image is None else {"images": [image]}
        self.history.append({"role": "user", "content": text, **images})

    def give(self, results: Sequence[str]) -> None:
        for call, result in zip(self.calls(), results, strict=True):
            self.history.append({"role": "tool", "tool_name": call.name, "content": result})

    def _asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": self.model, "messages": self.history}
        if self.tools:
            function = {"name": "weather", "parameters": SCHEMA}
            asked["tools"] = [{"type": "function", "function": function}]
        if self.structured:
            asked["format"] = SCHEMA
        if self.thinks:
            asked["think"] = True
        return asked

    def leave(self) -> None:
        events: Any = self.client.chat(**self._asked(), stream=True)
        next(events)
        events.close()

    def answer(self, *, stream: bool) -> SdkReply:
        asked = self._asked()
        found: list[Any] = (
            [*self.client.chat(**asked, stream=True)] if stream else [self.client.chat(**asked)]
        )
        last = found[-1]
        assert last.done, "a truncated answer was taken for whole"
        calls = [call for each in found for call in each.message.tool_calls or ()]
        message = ollama.Message(
            role="assistant",
            content="".join(each.message.content or "" for each in found),
            thinking="".join(each.message.thinking or "" for each in found) or None,
            tool_calls=calls or None,
        )
        self.history.append(message)
        return self._kept(
            SdkReply(
                message.content or "",
                message.thinking or "",
                tuple(Called(each.function.name, each.function.arguments) for each in calls),
                last.done_reason,
                (last.prompt_eval_count or 0, last.eval_count or 0),
                found,
            )
        )


TALKS: dict[str, type[Any]] = {
    "chat": ChatTalk,
    "responses": ResponsesTalk,
    "messages": MessagesTalk,
    "gemini": GeminiTalk,
    "ollama": OllamaTalk,
}
