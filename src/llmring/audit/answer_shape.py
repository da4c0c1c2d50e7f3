"""The shape of an answer, apart from its words, and how the shapes of two answers differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from llmring.client import answer_schema
from llmring.exceptions import ValidationError

if TYPE_CHECKING:
    from llmring.chat.output_format import OutputFormat
    from llmring.chat.response import LLMResponse


class AnswerShape(Struct, frozen=True, kw_only=True):
    """The shape of an answer.

    Attributes:
        kind: "text" for plain text, "JSON", or "nothing" if the answer has no text.
        calls: The tools that it calls, each with the names of its arguments, as `name(a, b)`.
        fits: True if it has the requested form; None if no form was requested.
        finish: Its finish reason.
        length: Characters of its text.
    """

    kind: Literal["text", "JSON", "nothing"]
    calls: tuple[str, ...] = ()
    fits: bool | None = None
    finish: str | None = None
    length: int = 0

    def __str__(self) -> str:
        form = {True: ", fits the schema", False: ", does not fit the schema", None: ""}[self.fits]
        text = () if self.kind == "nothing" and self.calls else (self.kind,)
        return f"{' + '.join([*text, *self.calls])}{form}"


def shape_of(answer: LLMResponse, output: OutputFormat | None = None) -> AnswerShape:
    """Return the shape of an answer.

    Args:
        answer: The answer.
        output: The requested form, if any.
    """
    text = answer.content.strip()
    calls = (_call(call["function"]) for call in answer.tool_calls or ())
    return AnswerShape(
        kind="nothing" if not text else "JSON" if _is_json(text) else "text",
        calls=tuple(sorted(calls)),
        fits=None if output is None or answer.tool_calls else _fits(output, answer.content),
        finish=answer.finish_reason,
        length=len(answer.content),
    )


def differences(one: AnswerShape, other: AnswerShape) -> Iterator[str]:
    """Yield how another answer's shape differs; lengths are not compared.

    Args:
        one: Shape of the first answer.
        other: Shape of the other answer.
    """
    if one.calls != other.calls:
        calls = [", ".join(shape.calls) or "no tool" for shape in (one, other)]
        yield f"it calls {calls[1]}, not {calls[0]}"
    elif one.kind != other.kind:
        yield f"it is {other.kind}, not {one.kind}"
    if other.fits is False and one.fits is not False:
        yield "it does not fit the schema"
    if one.finish != other.finish:
        yield f"it ends with {other.finish or 'no reason'}, not {one.finish or 'no reason'}"


def _call(function: object) -> str:
    fields = msgspec.convert(function, dict[str, str])
    try:
        arguments = msgspec.json.decode(fields["arguments"])
    except (msgspec.DecodeError, RecursionError):
        arguments = None
    names = ", ".join(sorted(arguments)) if isinstance(arguments, dict) else "…"
    return f"{fields['name']}({names})"


def _is_json(text: str) -> bool:
    """Return True for a JSON object or array, also inside a Markdown code fence."""
    inner = text.removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if inner[:1] not in ("{", "["):
        return False
    try:
        msgspec.json.decode(inner)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _fits(output: OutputFormat, text: str) -> bool | None:
    try:
        return not answer_schema.parse_answer(answer_schema.answer_form(output), text).misfits
    except ValidationError:
        # The schema itself is invalid.
        return None
