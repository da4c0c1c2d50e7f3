"""What an answer looks like, apart from what it says; and where two answers look different."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from llmring.client import answer_form
from llmring.exceptions import ValidationError

if TYPE_CHECKING:
    from llmring.chat.output import OutputFormat
    from llmring.chat.response import LLMResponse


class Shape(Struct, frozen=True, kw_only=True):
    """What an answer looks like.

    Attributes:
        kind: Its text is plain, or JSON, or there is none.
        calls: The tools that it calls, each with the names of its arguments, as `name(a, b)`.
        fits: Whether it has the form that was asked for; None where none was.
        finish: Why it ended.
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


def shape_of(answer: LLMResponse, output: OutputFormat | None = None) -> Shape:
    """What an answer looks like.

    Args:
        answer: The answer.
        output: The form that was asked for, if any.
    """
    text = answer.content.strip()
    calls = (_call(call["function"]) for call in answer.tool_calls or ())
    return Shape(
        kind="nothing" if not text else "JSON" if _is_json(text) else "text",
        calls=tuple(sorted(calls)),
        fits=None if output is None or answer.tool_calls else _fits(output, answer.content),
        finish=answer.finish_reason,
        length=len(answer.content),
    )


def differences(one: Shape, other: Shape) -> Iterator[str]:
    """In what another answer looks different; longer or shorter texts do not.

    Args:
        one: How the first looks.
        other: How the other looks.
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
    told = msgspec.convert(function, dict[str, str])
    try:
        arguments = msgspec.json.decode(told["arguments"])
    except (msgspec.DecodeError, RecursionError):
        arguments = None
    names = ", ".join(sorted(arguments)) if isinstance(arguments, dict) else "…"
    return f"{told['name']}({names})"


def _is_json(text: str) -> bool:
    """Whether it is an object or an array; models like to fence these."""
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
        return not answer_form.read(answer_form.form_of(output), text).misfits
    except ValidationError:
        # The schema itself is none.
        return None
