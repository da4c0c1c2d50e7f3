"""The part of a ring that explains a call before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, overload

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Messages
from llmring.client.request_args import RequestFields, request_of
from llmring.client.ring_core import RingCore
from llmring.exceptions import ValidationError

if TYPE_CHECKING:
    from llmring.routing.plan import Plan


class RingExplain(RingCore):
    """The method of `LLMRing` that explains a call without making it."""

    @overload
    def explain(
        self, request: LLMRequest, *, tokens: int | None = None, profile: str | None = None
    ) -> Plan: ...
    @overload
    def explain(
        self,
        request: str,
        messages: Messages | None = None,
        *,
        tokens: int | None = None,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> Plan: ...

    def explain(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        tokens: int | None = None,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> Plan:
        """Explain a `chat` call without making it: which models it would try, in what order.

        `.tried` and `.skipped` list the models, with reasons, prices and costs.

        Args:
            request: As for `chat`.
            messages: As for `chat`; optional.
            tokens: Tokens of the prompt; by default an estimate from the messages.
            profile: As for `chat`.
            fields: As for `chat`.

        Raises:
            ModelNotFoundError: The alias does not exist.
            ValidationError: The request is invalid.
        """
        from llmring.client.explain import explain

        question = parse_request(request_of(request, messages, {**fields}))
        if not question.model:
            raise ValidationError("the request names no model; give an alias of the lockfile")
        found = self._active_lockfile.look_up(question.model, profile)
        return explain(question, tokens, found, self._planner, self._circuits)
