"""Answers in a requested form: read, repaired by the model that gave them, or refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from decimal import Decimal

import msgspec

from llmring.chat.json_text import GrowingJson
from llmring.chat.output_format import SchemaProblem
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.client.answer_schema import AnswerForm, ParsedAnswer, data_so_far, parse_answer
from llmring.client.replies.streamed_answer import streamed_answer
from llmring.client.usage_totals import both, total_cost, total_usage
from llmring.exceptions import ProviderError, SchemaValidationError

# Sends a request to the model that has answered.
AskAgain = Callable[[ParsedRequest], Awaitable[LLMResponse]]


async def in_form(
    form: AnswerForm, request: ParsedRequest, first: LLMResponse, ask_again: AskAgain
) -> LLMResponse:
    """Return an answer with `parsed`, repaired by its model if it does not fit.

    Usage, cost and attempts include all repairs.

    Args:
        form: The requested form.
        request: The request.
        first: The answer.
        ask_again: Sends the request for a repair.

    Raises:
        SchemaValidationError: The answer does not fit, and could not be repaired.
    """
    response, turns = first, [*request.turns]
    found = _read(form, response)
    for _ in range(request.max_repairs):
        if not found.misfits or response.finish_reason == "length":
            break
        turns = [*turns, *_correction(response, found.misfits)]
        # Not in the bytes of a client, which lack the correction.
        again = msgspec.structs.replace(request, turns=turns, verbatim=None)
        try:
            repaired = await ask_again(again)
        except ProviderError as error:
            response.attempts += error.attempts
            response.cost, response.cost_reason = _with_failed(response, error.attempts)
            note = f"the request to repair it failed: {error}"
            raise _unfit(request, response, found.misfits, note) from error
        response = _all_of(response, repaired)
        found = _read(form, response)
    if found.misfits:
        raise _unfit(request, response, found.misfits, _remedy(request, response))
    response.parsed = found.value
    return response


def checked(form: AnswerForm, request: ParsedRequest, response: LLMResponse) -> LLMResponse:
    """Return an answer with `parsed`, as `in_form`, but without repairs.

    Raises:
        SchemaValidationError: The answer does not fit.
    """
    found = _read(form, response)
    if found.misfits:
        note = "answers of batches are not repaired"
        if response.finish_reason == "length":
            note = _remedy(request, response)
        raise _unfit(request, response, found.misfits, note)
    response.parsed = found.value
    return response


async def stream_in_form(
    form: AnswerForm, request: ParsedRequest, chunks: AsyncGenerator[StreamChunk, None]
) -> AsyncGenerator[StreamChunk, None]:
    """Yield the chunks, each piece of text with the answer so far, the last with all of it.

    Raises:
        ProviderError: As the chunks do.
        SchemaValidationError: After the last chunk, if the answer does not fit.
    """
    growing = GrowingJson(form.opens)
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.restart:
                growing = GrowingJson(form.opens)
            if chunk.delta:
                chunk.parsed = data_so_far(form, growing.add(chunk.delta))
            if chunk.message is None:
                yield chunk
                continue
            response = streamed_answer(chunk)
            found = _read(form, response)
            response.parsed = chunk.parsed = found.value
            yield chunk
            if found.misfits:
                note = "streams are not repaired; use chat for that"
                if response.finish_reason == "length":
                    note = _remedy(request, response)
                raise _unfit(request, response, found.misfits, note)


def _read(form: AnswerForm, response: LLMResponse) -> ParsedAnswer:
    """Read the answer's value; return an empty one if the model did not answer in the form."""
    declined = response.refusal is not None or response.finish_reason == "content_filter"
    return (
        ParsedAnswer() if response.tool_calls or declined else parse_answer(form, response.content)
    )


def _correction(response: LLMResponse, misfits: tuple[SchemaProblem, ...]) -> list[Message]:
    """Return the messages that ask the model to repair its answer."""
    listed = "\n".join(f"- {misfit}" for misfit in misfits)
    words = (
        f"This answer does not fit the form that was asked for:\n{listed}\n"
        "Give the whole answer again as JSON that fits, and nothing else."
    )
    answer = [response.message] if response.content.strip() else []
    return [*answer, Message("user", words)]


def _all_of(first: LLMResponse, second: LLMResponse) -> LLMResponse:
    """Return the second answer, with usage, cost and attempts of both."""
    cost, reason = total_cost([(first.cost, first.cost_reason), (second.cost, second.cost_reason)])
    return msgspec.structs.replace(
        second,
        usage=total_usage((first.usage, second.usage)),
        cost=cost,
        cost_reason=reason,
        attempts=(*first.attempts, *second.attempts),
    )


def _with_failed(
    response: LLMResponse, attempts: Sequence[Attempt]
) -> tuple[Decimal | None, str | None]:
    """Return the cost of an answer and of the failed attempts to repair it."""
    costs = [(each.cost, each.cost_reason) for each in attempts if each.usage is not None]
    cost, reason = total_cost([(response.cost, response.cost_reason), *costs])
    if cost is not None and any(each.usage is None and each.cost_reason for each in attempts):
        reason = both(reason, "without the failed repair, which the provider may still bill")
    return cost, reason


def _remedy(request: ParsedRequest, response: LLMResponse) -> str:
    if response.finish_reason == "length":
        limit = "the model's own" if request.max_tokens is None else str(request.max_tokens)
        return f"it was cut off at the longest answer (max_tokens: {limit}); raise max_tokens"
    return f"max_repairs is {request.max_repairs}; raise it, or bind another model"


def _unfit(
    request: ParsedRequest, response: LLMResponse, misfits: tuple[SchemaProblem, ...], note: str
) -> SchemaValidationError:
    alias = "" if request.model == response.model else f" (asked as {request.model!r})"
    listed = "\n".join(f"  {misfit}" for misfit in misfits)
    return SchemaValidationError(
        f"the answer of {response.model}{alias} does not fit its response_format; {note}:\n"
        f"{listed}",
        response,
        misfits,
    )
