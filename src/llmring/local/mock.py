"""The provider `mock`: answers and failures on demand, the same every time.

The model's name alone decides what comes back (`mock:fail?status=429&retry_after=2`), in the
bytes that an OpenAI-compatible server would send, for whole and streamed answers.
Nothing here waits or sends: the result is a script that the caller plays.

Tokens are counted as words between white space.
"""

import hashlib
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from llmring.chat.events import (
    Event,
    Finished,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.transport.script import Chunk, Pause, Reset, Script, Step
from llmring.wire import HttpHead, HttpRequest


def play(request: HttpRequest) -> Script:
    """Build the answer of the model that a request names.

    The request's `model` is what follows "mock:", parameters included. Their values are
    percent-decoded; "+" is a plus sign.
    """
    try:
        call = msgspec.json.decode(request.body, type=_MockCall)
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
    """Return the names of all models, without their parameters."""
    return tuple(_MODELS)


class _MockMessage(Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(str(part.get("text", "")) for part in self.content or ())


class _StreamOptions(Struct):
    include_usage: bool = False


class _MockCall(Struct):
    model: str
    messages: list[_MockMessage] = []
    stream: bool = False
    stream_options: _StreamOptions | None = None
    input: list[str] = []
    dimensions: int | None = None


_Parameters = Mapping[str, str]


class _UnusableValueError(Exception):
    """A parameter whose value makes no sense."""


class _MockModel(Struct, frozen=True):
    script: Callable[[_MockCall, _Parameters], Script]
    parameters: tuple[str, ...] = ()


def _parameter(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return unquote(name), unquote(value)


def _number(parameters: _Parameters, name: str, default: int) -> float:
    value = parameters.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        raise _UnusableValueError(f"{name} must be a number, not {value!r}")
    return float(value)


# The behaviour of the models, one function each.


def _echo(call: _MockCall, _: _Parameters) -> Script:
    texts = [message.text for message in call.messages if message.role == "user"]
    return _ok(call, _body(call, _MockAnswer(texts[-1] if texts else "")))


def _fixed(call: _MockCall, parameters: _Parameters) -> Script:
    return _ok(call, _body(call, _text(parameters)))


def _slow(call: _MockCall, parameters: _Parameters) -> Script:
    pause = Pause(_number(parameters, "ms", 1000) / 1000)
    return _ok(call, [pause, *_body(call, _text(parameters))])


def _stall(call: _MockCall, parameters: _Parameters) -> Script:
    begun, rest = _parted(call, _text(parameters), _number(parameters, "after", 1))
    # By default a day, which no call waits for.
    pause = Pause(_number(parameters, "ms", 86_400_000) / 1000)
    return _ok(call, [*begun, pause, *rest])


def _cut(call: _MockCall, parameters: _Parameters) -> Script:
    begun, _ = _parted(call, _text(parameters), _number(parameters, "after", 3))
    return _ok(call, [*begun, Reset("connection reset by mock:cut")])


def _empty(call: _MockCall, _: _Parameters) -> Script:
    return _ok(call, _body(call, _MockAnswer("")))


def _malformed(call: _MockCall, parameters: _Parameters) -> Script:
    body = parameters.get("body", '{"choices": [{"index": 0, "')
    return _ok(call, [Chunk((f"data: {body}\n\n" if call.stream else body).encode())])


def _tool(call: _MockCall, parameters: _Parameters) -> Script:
    name, arguments = parameters.get("name", "f"), parameters.get("arguments", "{}")
    return _ok(call, _body(call, _MockAnswer(arguments, tool=name)))


def _fail(_: _MockCall, parameters: _Parameters) -> Script:
    status = int(_number(parameters, "status", 500))
    if not 400 <= status <= 599:
        raise _UnusableValueError(f"status must be from 400 to 599, not {status}")
    wait = _number(parameters, "retry_after", 0) if "retry_after" in parameters else None
    message = parameters.get("message", f"mock:fail was asked for status {status}")
    return _error(status, message, parameters.get("code"), wait)


def _embed(call: _MockCall, parameters: _Parameters) -> Script:
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
    """Return a vector of length 1; texts that share words are near each other."""
    sums = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        number = int.from_bytes(hashlib.blake2s(word.encode(), digest_size=8).digest())
        sums[number % dimensions] += 1.0 if number >> 63 else -1.0
    length = math.hypot(*sums)
    # Words may cancel each other out.
    return [each / length for each in sums] if length else [1.0, *sums[1:]]


def _refused(_: _MockCall, __: _Parameters) -> Script:
    return Script(None, (Reset("connection refused by mock:refused"),))


_MODELS: Mapping[str, _MockModel] = {
    "echo": _MockModel(_echo),
    "fixed": _MockModel(_fixed, ("text",)),
    "slow": _MockModel(_slow, ("ms", "text")),
    "stall": _MockModel(_stall, ("after", "ms", "text")),
    "cut": _MockModel(_cut, ("after", "text")),
    "empty": _MockModel(_empty),
    "malformed": _MockModel(_malformed, ("body",)),
    "tool": _MockModel(_tool, ("name", "arguments")),
    "embed": _MockModel(_embed, ("dimensions",)),
    "fail": _MockModel(_fail, ("status", "retry_after", "message", "code")),
    "refused": _MockModel(_refused),
}


# The answers, as an OpenAI-compatible server sends them. The encoder is loaded by the first
# answer, as most rings never use a mock.


class _MockAnswer(Struct, frozen=True):
    """A model's answer: a text or, with `tool`, the arguments of a call of that function."""

    text: str
    tool: str | None = None


def _text(parameters: _Parameters) -> _MockAnswer:
    return _MockAnswer(parameters.get("text", "Hello from a mock model."))


def _body(call: _MockCall, answer: _MockAnswer) -> list[Chunk]:
    """Encode the body: an event a word if it is streamed, else two halves."""
    from llmring.dialects.openai_chat.encode_reply import ENCODING
    from llmring.dialects.reply_encoding import Envelope

    events = _events(call, answer)
    if call.stream:
        texts = call.stream_options is not None and call.stream_options.include_usage
        return [*map(Chunk, ENCODING.stream(events, Envelope(include_usage=texts)))]
    body = ENCODING.whole(events, Envelope())
    return [Chunk(body[: len(body) // 2]), Chunk(body[len(body) // 2 :])]


def _parted(call: _MockCall, answer: _MockAnswer, after: float) -> tuple[list[Chunk], list[Chunk]]:
    """Split the body after so many words or, if it is not streamed, into its halves."""
    from llmring.chat.made_up_reply import words

    body = _body(call, answer)
    # The role precedes the words; the end of the stream always comes after the split.
    here = 1 + min(int(after), len(words(answer.text))) if call.stream else 1
    return body[:here], body[here:]


def _events(call: _MockCall, answer: _MockAnswer) -> list[Event]:
    from llmring.chat.made_up_reply import words

    pieces = words(answer.text)
    if answer.tool is None:
        contents: list[Event] = [*map(TextDelta, pieces)]
    else:
        contents = [ToolCallDelta(0, _id("call_", call, answer), answer.tool)]
        contents += [ToolCallDelta(0, arguments=piece) for piece in pieces]
    usage = Usage(
        prompt_tokens=sum(len(message.text.split()) for message in call.messages),
        completion_tokens=len(answer.text.split()),
    )
    return [
        Started(call.model, _id("chatcmpl-", call, answer)),
        *contents,
        UsageReport(usage),
        Finished("stop" if answer.tool is None else "tool_calls", ""),
    ]


def _id(prefix: str, call: _MockCall, answer: _MockAnswer) -> str:
    """Return an ID that is the same for the same answer."""
    seed = f"{call.model}\0{answer.tool}\0{answer.text}"
    return prefix + hashlib.blake2s(seed.encode(), digest_size=12).hexdigest()


def _ok(call: _MockCall, steps: Sequence[Step]) -> Script:
    kind = "text/event-stream" if call.stream else "application/json"
    return Script(HttpHead(200, {"content-type": kind}), tuple(steps))


def _error(
    status: int, message: str, code: str | None = None, retry_after: float | None = None
) -> Script:
    from llmring.dialects.openai_chat.encode_reply import ENCODING
    from llmring.dialects.reply_encoding import ErrorAnswer

    head, body = ENCODING.error(
        ErrorAnswer(status=status, message=message, code=code, retry_after=retry_after)
    )
    return Script(head, (Chunk(body),))


def _unknown(what: str, name: str, known: Collection[str]) -> Script:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    listed = ", ".join(known) or "none"
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {listed}"
    return _error(404, f"no {what} {name!r}; {hint}")
