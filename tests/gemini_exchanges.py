"""Questions to Gemini models, each in the form of Google's client and in ours."""

from __future__ import annotations

from typing import Any

import msgspec

from llmring import Message
from llmring.chat.parts import AudioPart, DocumentPart, ReasoningPart, UploadedPart

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
DECLARED = {"name": "weather", "description": "The sky.", "parameters_json_schema": WEATHER}
TOOL = {"name": "weather", "description": "The sky.", "parameters": WEATHER}
PIXEL = b"\xfb\xff\xfe"


class Exchange(msgspec.Struct, kw_only=True):
    """A question in the form of either client, and the beginning of its samples' names."""

    theirs: dict[str, Any] = {}
    contents: Any = "Salut"
    ours: dict[str, Any]
    answer: str = ""


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "parts": list(parts)}]


def call(name: str, arguments: str, **more: Any) -> Any:
    function = {"name": name, "arguments": arguments}
    return {"id": name, "type": "function", "function": function, **more}


EXCHANGES = {
    "chat": Exchange(
        theirs={
            "system_instruction": "Be brief.",
            "temperature": 0.5,
            "top_p": 0.25,
            "max_output_tokens": 100,
            "stop_sequences": ["END"],
            "seed": 7,
        },
        ours={
            "messages": [Message("system", "Be brief."), Message("user", "Salut")],
            "temperature": 0.5,
            "top_p": 0.25,
            "max_tokens": 100,
            "stop": "END",
            "seed": 7,
        },
    ),
    "extra parameters": Exchange(
        theirs={
            "top_k": 3,
            "candidate_count": 1,
            "response_modalities": ["TEXT"],
            "safety_settings": [
                {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}
            ],
            "cached_content": "cachedContents/1",
        },
        ours={
            "messages": "Salut",
            "cache": {"key": "cachedContents/1"},
            "extra_params": {
                "top_k": 3,
                "candidate_count": 1,
                "response_modalities": ["TEXT"],
                "safety_settings": [
                    {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}
                ],
            },
        },
    ),
    "media": Exchange(
        contents=user(
            {"inline_data": {"mime_type": "image/png", "data": PIXEL}},
            {"file_data": {"mime_type": "image/png", "file_uri": "https://a.b/c.png"}},
            {"inline_data": {"mime_type": "application/pdf", "data": b"%PDF"}},
            {"inline_data": {"mime_type": "audio/wav", "data": b"RIFF"}},
            {"file_data": {"mime_type": "video/mp4", "file_uri": "https://g/v1beta/files/1"}},
            {"text": "What is it?"},
        ),
        ours={
            "messages": [
                Message(
                    "user",
                    [
                        {
                            "type": "image_url",
                            "image_url": {"url": "data:image/png;base64,+//+"},
                        },
                        {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
                        DocumentPart(data="JVBERg=="),
                        AudioPart("UklGRg==", "audio/wav"),
                        UploadedPart("https://g/v1beta/files/1", "video/mp4"),
                        "What is it?",
                    ],
                )
            ]
        },
    ),
    "thinking budget": Exchange(
        theirs={"thinking_config": {"thinking_budget": 1024, "include_thoughts": True}},
        ours={"messages": "Salut", "reasoning_tokens": 1024},
    ),
    "no thinking": Exchange(
        theirs={"thinking_config": {"thinking_budget": 0}},
        ours={"messages": "Salut", "reasoning_tokens": 0},
    ),
    "thinking level": Exchange(
        theirs={"thinking_config": {"thinking_level": "low", "include_thoughts": True}},
        ours={"messages": "Salut", "reasoning_effort": "low"},
    ),
    "tools": Exchange(
        theirs={
            "tools": [{"function_declarations": [DECLARED]}, {"google_search": {}}],
            "tool_config": {
                "function_calling_config": {"mode": "AUTO"},
                "include_server_side_tool_invocations": True,
            },
        },
        ours={
            "messages": "Salut",
            "tools": [TOOL, {"google_search": {}}],
            "tool_choice": "auto",
        },
        answer="tool_",
    ),
    "one tool of several": Exchange(
        theirs={
            "tools": [{"function_declarations": [DECLARED, {"name": "clock"}]}],
            "tool_config": {
                "function_calling_config": {"mode": "ANY", "allowed_function_names": ["clock"]}
            },
        },
        ours={
            "messages": "Salut",
            "tools": [TOOL, {"name": "clock"}],
            "tool_choice": {"type": "function", "function": {"name": "clock"}},
        },
        answer="tool_",
    ),
    "results of parallel calls": Exchange(
        contents=[
            *user({"text": "Weather?"}),
            {
                "role": "model",
                "parts": [
                    {"text": "Hm.", "thought": True},
                    {"text": "Let me look.", "thought_signature": PIXEL},
                    {
                        "function_call": {"id": "weather", "name": "weather", "args": {"a": 1}},
                        "thought_signature": PIXEL,
                    },
                    {"function_call": {"id": "clock", "name": "clock", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "function_response": {
                            "id": "weather",
                            "name": "weather",
                            "response": {"output": "blue"},
                        }
                    },
                    {
                        "function_response": {
                            "id": "clock",
                            "name": "clock",
                            "response": {"error": "No clock."},
                        }
                    },
                ],
            },
        ],
        ours={
            "messages": [
                Message("user", "Weather?"),
                Message(
                    "assistant",
                    [
                        ReasoningPart("Hm.", dialect="gemini"),
                        "Let me look.",
                        ReasoningPart("", "+//+", dialect="gemini"),
                    ],
                    tool_calls=[call("weather", '{"a":1}', signature="+//+"), call("clock", "")],
                ),
                Message("tool", "blue", tool_call_id="weather"),
                Message("tool", "No clock.", tool_call_id="clock", metadata={"is_error": True}),
            ]
        },
    ),
    "a call of another vendor's": Exchange(
        contents=[
            {
                "role": "model",
                "parts": [{"function_call": {"id": "clock", "name": "clock", "args": {}}}],
            }
        ],
        ours={"messages": [Message("assistant", tool_calls=[call("clock", "{}")])]},
    ),
    "structured": Exchange(
        theirs={
            "response_mime_type": "application/json",
            "response_json_schema": WEATHER
            | {"$schema": "https://json-schema.org/draft/2020-12/schema"},
        },
        ours={
            "messages": "Salut",
            "max_repairs": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "schema": WEATHER | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
                },
            },
        },
        answer="json_",
    ),
}
