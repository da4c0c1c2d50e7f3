"""Replies that come by a vendor's batch: read as those of calls, but without an attempt."""

from __future__ import annotations

from llmring.chat.completeness import defect
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.reply import folded
from llmring.chat.response import LLMResponse
from llmring.client.replies.call_arguments import restorer
from llmring.dialects.error_response import request_id
from llmring.exceptions import ProviderResponseError
from llmring.routing.targets import Target
from llmring.wire import HttpHead, is_success


def batch_reply(request: ParsedRequest, target: Target, head: HttpHead, body: bytes) -> LLMResponse:
    """Return the answer in a reply, without cost and attempts.

    Args:
        request: The request, or one with the same tools and the same form of the answer.
        target: The model that was asked, with the API that it was asked in.
        head: The head of the reply.
        body: The body of the reply.

    Raises:
        ProviderError: The reply is an error, or has no answer.
        SchemaValidationError: The answer does not have the form that was asked for.
    """
    dialect = target.dialect
    if not is_success(head):
        raise dialect.explain(head, body)
    restore = restorer(request.tools) if request.tools else None
    reply = folded(target.name, target.decode(head, body), dialect.name, restore)
    response = reply.response()
    detail = reply.finished.detail if reply.finished is not None else None
    fault = defect(response, request, dialect.is_content, detail=detail)
    if fault is not None:
        raise ProviderResponseError(fault, status=head.status, request_id=request_id(head))
    if request.output is None:
        return response
    from llmring.client.answer_schema import answer_form
    from llmring.client.structured import checked

    return checked(answer_form(request.output), request, response)
