"""The provider `mock`: answers and failures on demand, the same every time.

What comes back is decided by the model's name alone (`mock:fail?status=429&retry_after=2`) and
written in the bytes that an OpenAI-compatible server would send, for whole and streamed answers.
Nothing here waits or sends: a script says what to play, and the caller plays it.

Tokens are counted as words between white space.
"""

import hashlib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from llmring.wire import HttpHead, HttpRequest


class Chunk(Struct, frozen=True):
    """Bytes of the body, which arrive together."""

    data: bytes


class Pause(Struct, frozen=True):
    """Nothing comes for this many seconds."""

    seconds: float


class Reset(Struct, frozen=True):
    """The connection breaks; nothing follows."""

    message: str


Step = Chunk | Pause | Reset


class Script(Struct, frozen=True):
    """How an answer comes: its head at once, then step by step. No head: no connection."""

    head: HttpHead | None
    steps: tuple[Step, ...]


def play(request: HttpRequest) -> Script:
    """What the model that a request names does with it.

    The request's `model` is what follows "mock:", parameters included; their values are
    percent-decoded, and "+" stands for itself.
    """
    try:
        call = msgspec.json.decode(request.body, type=_Call)
    except msgspec.DecodeError as error:
        return _error(400, f"not a request: {error}")
    name, _, query = call.model.partition("?")
    model = _MODELS.get(name)
    if model is None:
        return _unknown("model of provider mock", name, _MODELS)
    parameters = dict(_parameter(pair) for pair in query.split("&") if pair)
    for parameter in parameters:
        if parameter not in model.parameters:
            return _unknown(f"parameter of mock:{name}", parameter, model.parameters)
    try:
        return model.script(call, parameters)
    except _UnusableValueError as error:
        return _error(404, f"mock:{call.model}: {error}")


def names() -> tuple[str, ...]:
    """The models there are, without their parameters."""
    return tuple(_MODELS)


class _Message(Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(str(part.get("text", "")) for part in self.content or ())


class _StreamOptions(Struct):
    include_usage: bool = False


class _Call(Struct):
    model: str
    messages: list[_Message] = []
    stream: bool = False
    stream_options: _StreamOptions | None = None
    input: list[str] = []
    dimensions: int | None = None


_Parameters = Mapping[str, str]


class _UnusableValueError(Exception):
    """A parameter whose value makes no sense."""


class _Model(Struct, frozen=True):
    script: Callable[[_Call, _Parameters], Script]
    parameters: tuple[str, ...] = ()


def _parameter(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return unquote(name), unquote(value)


def _number(parameters: _Parameters, name: str, default: int) -> float:
    value = parameters.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        raise _UnusableValueError(f"{name} must be a number, not {value!r}")
    return float(value)


# What the models do, one function each.


def _echo(call: _Call, _: _Parameters) -> Script:
    asked = [message.text for message in call.messages if message.role == "user"]
    return _ok(call, _told(call, _Answer(asked[-1] if asked else "")))


def _fixed(call: _Call, parameters: _Parameters) -> Script:
    return _ok(call, _told(call, _text(parameters)))


def _slow(call: _Call, parameters: _Parameters) -> Script:
    pause = Pause(_number(parameters, "ms", 1000) / 1000)
    return _ok(call, [pause, *_told(call, _text(parameters))])


def _stall(call: _Call, parameters: _Parameters) -> Script:
    begun, rest = _parted(call, _text(parameters), _number(parameters, "after", 1))
    # By default a day, which no call waits for.
    pause = Pause(_number(parameters, "ms", 86_400_000) / 1000)
    return _ok(call, [*begun, pause, *rest])


def _cut(call: _Call, parameters: _Parameters) -> Script:
    begun, _ = _parted(call, _text(parameters), _number(parameters, "after", 3))
    return _ok(call, [*begun, Reset("connection reset by mock:cut")])


def _empty(call: _Call, _: _Parameters) -> Script:
    return _ok(call, _told(call, _Answer("")))


def _malformed(call: _Call, parameters: _Parameters) -> Script:
    body = parameters.get("body", '{"choices": [{"index": 0, "')
    return _ok(call, [Chunk((f"data: {body}\n\n" if call.stream else body).encode())])


def _tool(call: _Call, parameters: _Parameters) -> Script:
    name, arguments = parameters.get("name", "f"), parameters.get("arguments", "{}")
    return _ok(call, _told(call, _Answer(arguments, tool=name)))


def _fail(_: _Call, parameters: _Parameters) -> Script:
    status = int(_number(parameters, "status", 500))
    if not 400 <= status <= 599:
        raise _UnusableValueError(f"status must be from 400 to 599, not {status}")
    headers = {}
    if "retry_after" in parameters:
        headers["retry-after"] = f"{_number(parameters, 'retry_after', 0):g}"
    message = parameters.get("message", f"mock:fail was asked for status {status}")
    return _error(status, message, parameters.get("code"), headers)


def _embed(call: _Call, parameters: _Parameters) -> Script:
    if not call.input:
        return _error(400, "mock:embed has no texts to embed; it answers no chats")
    dimensions = call.dimensions or int(_number(parameters, "dimensions", 64))
    if not 1 <= dimensions <= 10_000:
        raise _UnusableValueError(f"dimensions must be from 1 to 10000, not {dimensions}")
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(text, dimensions)}
        for index, text in enumerate(call.input)
    ]
    tokens = sum(len(text.split()) for text in call.input)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    reply = {"object": "list", "model": call.model, "data": data, "usage": usage}
    return _ok(call, [Chunk(msgspec.json.encode(reply))])


def _vector(text: str, dimensions: int) -> list[float]:
    """A vector of length 1; texts that share words are near each other."""
    sums = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        number = int.from_bytes(hashlib.blake2s(word.encode(), digest_size=8).digest())
        sums[number % dimensions] += 1.0 if number >> 63 else -1.0
    length = math.hypot(*sums)
    # Words may take each other away.
    return [each / length for each in sums] if length else [1.0, *sums[1:]]


def _refused(_: _Call, __: _Parameters) -> Script:
    return Script(None, (Reset("connection refused by mock:refused"),))


_MODELS: Mapping[str, _Model] = {
    "echo": _Model(_echo),
    "fixed": _Model(_fixed, ("text",)),
    "slow": _Model(_slow, ("ms", "text")),
    "stall": _Model(_stall, ("after", "ms", "text")),
    "cut": _Model(_cut, ("after", "text")),
    "empty": _Model(_empty),
    "malformed": _Model(_malformed, ("body",)),
    "tool": _Model(_tool, ("name", "arguments")),
    "embed": _Model(_embed, ("dimensions",)),
    "fail": _Model(_fail, ("status", "retry_after", "message", "code")),
    "refused": _Model(_refused),
}


# The wire: OpenAI's chat completions.
# https://platform.openai.com/docs/api-reference/chat


class _Answer(Struct, frozen=True):
    """What a model says; with `tool` it is the arguments of a call of that function."""

    text: str
    tool: str | None = None


def _text(parameters: _Parameters) -> _Answer:
    return _Answer(parameters.get("text", "Hello from a model that is none."))


def _told(call: _Call, answer: _Answer) -> list[Chunk]:
    """The body: an event a word where it is streamed, else two halves."""
    if call.stream:
        return [Chunk(event) for event in _events(call, answer)]
    body = msgspec.json.encode(_whole(call, answer))
    return [Chunk(body[: len(body) // 2]), Chunk(body[len(body) // 2 :])]


def _parted(call: _Call, answer: _Answer, after: float) -> tuple[list[Chunk], list[Chunk]]:
    """The body before and after so many words; where it is not streamed, its halves."""
    body = _told(call, answer)
    # Before the words comes the role; the end is never among what comes before.
    here = 1 + min(int(after), len(_words(answer.text))) if call.stream else 1
    return body[:here], body[here:]


def _words(text: str) -> list[str]:
    """The text's words, each with the space before it; together they are the text."""
    return re.findall(r"\s*\S+|\s+", text)


def _whole(call: _Call, answer: _Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.tool is not None:
        function = {"name": answer.tool, "arguments": answer.text}
        calls = [{"id": _id("call_", call, answer), "type": "function", "function": function}]
        message |= {"content": None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(answer)}
    return {
        **_envelope(call, answer, "chat.completion"),
        "choices": [choice],
        "usage": _usage(call, answer),
    }


def _events(call: _Call, answer: _Answer) -> Iterator[bytes]:
    envelope = _envelope(call, answer, "chat.completion.chunk")
    for delta in _deltas(call, answer):
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield _event({**envelope, "choices": [choice]})
    last = {"index": 0, "delta": {}, "finish_reason": _finish_reason(answer)}
    yield _event({**envelope, "choices": [last]})
    if call.stream_options is not None and call.stream_options.include_usage:
        yield _event({**envelope, "choices": [], "usage": _usage(call, answer)})
    yield b"data: [DONE]\n\n"


def _deltas(call: _Call, answer: _Answer) -> Iterator[dict[str, Any]]:
    if answer.tool is None:
        yield {"role": "assistant", "content": ""}
        for word in _words(answer.text):
            yield {"content": word}
        return
    function = {"name": answer.tool, "arguments": ""}
    opening = {"index": 0, "id": _id("call_", call, answer), "type": "function"}
    yield {"role": "assistant", "content": None, "tool_calls": [opening | {"function": function}]}
    for word in _words(answer.text):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": word}}]}


def _event(payload: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(payload) + b"\n\n"


def _envelope(call: _Call, answer: _Answer, kind: str) -> dict[str, Any]:
    return {
        "id": _id("chatcmpl-", call, answer),
        "object": kind,
        "created": 0,
        "model": call.model,
    }


def _id(prefix: str, call: _Call, answer: _Answer) -> str:
    """An ID that is the same for the same answer."""
    seed = f"{call.model}\0{answer.tool}\0{answer.text}"
    return prefix + hashlib.blake2s(seed.encode(), digest_size=12).hexdigest()


def _finish_reason(answer: _Answer) -> str:
    return "stop" if answer.tool is None else "tool_calls"


def _usage(call: _Call, answer: _Answer) -> dict[str, int]:
    asked = sum(len(message.text.split()) for message in call.messages)
    said = len(answer.text.split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _ok(call: _Call, steps: Sequence[Step]) -> Script:
    kind = "text/event-stream" if call.stream else "application/json"
    return Script(HttpHead(200, {"content-type": kind}), tuple(steps))


# Status to the type and code that OpenAI sends with it.
# https://platform.openai.com/docs/guides/error-codes
_ERRORS: Mapping[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


def _error(
    status: int, message: str, code: str | None = None, headers: Mapping[str, str] = {}
) -> Script:
    usual = "server_error" if status >= 500 else "invalid_request_error"
    kind, usual_code = _ERRORS.get(status, (usual, None))
    error = {"message": message, "type": kind, "param": None, "code": code or usual_code}
    head = HttpHead(status, {"content-type": "application/json", **headers})
    return Script(head, (Chunk(msgspec.json.encode({"error": error})),))


def _unknown(what: str, name: str, known: Collection[str]) -> Script:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    listed = ", ".join(known) or "none"
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {listed}"
    return _error(404, f"no {what} {name!r}; {hint}")
