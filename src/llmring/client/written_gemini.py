"""Made-up answers as Google's generateContent.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from collections.abc import Iterator

from llmring.client.said import Json, Said, sse


def _gemini_reply(said: Said, parts: list[Json], *, last: bool) -> Json:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
    if not last:
        return {"candidates": [candidate], "modelVersion": said.model}
    asked, told = said.asked_tokens, said.tokens
    return {
        "candidates": [{**candidate, "finishReason": "STOP"}],
        "modelVersion": said.model,
        "usageMetadata": {
            "promptTokenCount": asked,
            "candidatesTokenCount": told,
            "totalTokenCount": asked + told,
        },
    }


def _gemini_calls(said: Said) -> list[Json]:
    return [
        {"functionCall": {"id": call.id, "name": call.name, "args": dict(call.arguments)}}
        for call in said.calls
    ]


def whole(said: Said) -> Json:
    """An answer in one piece."""
    text = [{"text": said.text}] if said.text or not said.calls else []
    return _gemini_reply(said, [*text, *_gemini_calls(said)], last=True)


def events(said: Said) -> Iterator[bytes]:
    """The same in events."""
    for word in said.words:
        yield sse(_gemini_reply(said, [{"text": word}], last=False))
    yield sse(_gemini_reply(said, _gemini_calls(said) or [{"text": ""}], last=True))


_GEMINI_KINDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def refusal(status: int, message: str, code: str | None) -> Json:
    """An error; the status says which kind it is of."""
    kind = code or _GEMINI_KINDS.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": message, "status": kind}}
