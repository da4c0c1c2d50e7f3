"""The part of a ring for embeddings, lists of models, and token counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Unpack, overload

from msgspec import UNSET, UnsetType

from llmring.bridge.pending import loop_is_running
from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.request import LLMRequest, Messages
from llmring.client import warn_once
from llmring.client.call_record import CallStart
from llmring.client.pending_calls import PendingCount, PendingEmbedding, PendingModels
from llmring.client.request_args import RequestFields, request_of
from llmring.client.ring_core import RingCore
from llmring.config.settings import timeout_of
from llmring.exceptions import ValidationError
from llmring.field_types import number, require, require_items, whole_number
from llmring.routing.call_context import CallContext
from llmring.routing.policy import Policy
from llmring.routing.targets import Skip, Target

if TYPE_CHECKING:
    from llmring.chat.embedding import EmbeddingResponse
    from llmring.chat.token_count import TokenCount
    from llmring.client.operations.embed import EmbeddingRequest
    from llmring.config.lockfile_reading import LockfileReading
    from llmring.dialects.dialect import ListedModel
    from llmring.lockfile.compose import Resolved
    from llmring.routing.call_wishes import CallWishes
    from llmring.routing.selection.prepare import Prepared
    from llmring.telemetry.embedding_trace import EmbeddingTrace


_TEXTS = "a text, or a list of texts"


class RingModels(RingCore):
    """The methods of `LLMRing` that embed texts, list models and count tokens."""

    def embed(
        self,
        alias: str,
        texts: str | Sequence[str],
        *,
        dimensions: int | None = None,
        allow_other_models: bool = False,
        profile: str | None = None,
        timeout: float | UnsetType | None = UNSET,
    ) -> PendingEmbedding:
        """Embed texts with the first available model of an alias.

        Awaited or read like `chat`. Vectors of different models can't be compared, so only the
        same model at another provider takes over after a failure. Texts that exceed the limit of
        one request are sent in several.

        Args:
            alias: The alias, or "provider:model".
            texts: A text, or a list of them; a single text gives a list with one vector.
            dimensions: Length of each vector; by default the model's own. A model whose vectors
                can't be shortened rejects it.
            allow_other_models: True if models of other names may take over too. All vectors of
                one call come from the same model in any case.
            profile: As for `chat`.
            timeout: Seconds for the whole call; None for no limit; by default that of the ring.

        Raises:
            ModelNotFoundError: The alias does not exist, or none of its models can be used.
            ProviderError: As for `chat`.
            ValidationError: `texts` is empty, or holds something other than texts.
        """
        require("model", alias, str, "an alias, or provider:model")
        if isinstance(texts, str):
            request = [texts]
        else:
            require_items("texts", texts, _TEXTS)
            request = list(texts)
            for text in request:
                require("texts", text, str, _TEXTS)
            if not request:
                raise ValidationError("texts is empty; embed takes at least one text")
        if dimensions is not None:
            dimensions = whole_number("dimensions", dimensions, "a whole number")
        if timeout is not UNSET and timeout is not None:
            timeout = number("timeout", timeout, "seconds, like 30")
        seconds = timeout_of(timeout, self._timeout)

        async def call() -> EmbeddingResponse:
            from llmring.client.operations.embed import EmbeddingRequest

            what = EmbeddingRequest(
                texts=request, dimensions=dimensions, any_model=allow_other_models
            )
            return await self._embed(what, alias, profile, seconds)

        pending = PendingEmbedding(call)
        if not loop_is_running():
            pending.result()
        return pending

    async def _embed(
        self,
        request: EmbeddingRequest,
        alias: str,
        profile: str | None,
        seconds: float | None,
        wishes: CallWishes | None = None,
    ) -> EmbeddingResponse:
        from llmring.client.operations.embed import embed_texts
        from llmring.client.operations.embedding_limits import rules_of_texts
        from llmring.client.operations.shared_deadline import SharedDeadline

        origin = None if wishes is None else wishes.origin
        record = self._recorder.record(
            CallStart("embed", alias, profile, request.texts, origin=origin)
        )
        trace: EmbeddingTrace | None = None
        try:
            reading = self._active_lockfile.now()
            found, candidates, policy = self._candidates(alias, profile, reading)
            patience = None
            if wishes is not None:
                policy, patience = wishes.at_leisure(wishes.within(policy)), wishes.patience
            if patience is not None:
                candidates = list(patience.ordered(candidates))
            spans = self._telemetry.embedding(
                alias,
                profile,
                request.dimensions,
                digest=lambda: reading.digest,
            )
            if spans is not None:
                from llmring.telemetry.embedding_trace import EmbeddingTrace

                trace = EmbeddingTrace(spans)
            observers = self._hooks if trace is None else [trace, *self._hooks]
            context = CallContext(
                policy=policy,
                observers=observers,
                most_pauses=self._most_pauses,
                patience=patience,
            )
            shared_deadline = SharedDeadline(seconds, self._settings.clock, context)
            if record is not None:
                record.found(found.alias, shared_deadline.attempts, reading.stamp(profile))
            response = await embed_texts(
                self._executor,
                request,
                found,
                candidates,
                shared_deadline,
                reading.facts,
                rules_of_texts(reading, self._planner.policy(found), alias, profile, wishes),
            )
        except BaseException as error:
            if record is not None:
                record.on_failure(error)
            if trace is not None:
                trace.end(error)
            raise
        if record is not None:
            record.on_answer(response)
        if trace is not None:
            trace.end(response)
        return response

    def list_models(
        self, provider: str, *, timeout: float | UnsetType | None = UNSET
    ) -> PendingModels:
        """List the models of a provider, as its API reports them; `await` it, or use `.result()`.

        `local` lists the models on this machine, `mock` its scripts.

        Args:
            provider: A provider that llmring knows or that the lockfile defines.
            timeout: Seconds for the whole call; None for no limit; by default that of the ring.

        Raises:
            ProviderNotFoundError: The provider is unknown.
            ProviderAuthenticationError: The provider's key is not set, or was refused.
            ProviderError: The provider did not return a list.
        """
        seconds = timeout_of(timeout, self._timeout)

        async def call() -> list[ListedModel]:
            from llmring.client.operations.list_models import list_models
            from llmring.client.operations.shared_deadline import SharedDeadline

            endpoints = self._active_lockfile.endpoints
            return await list_models(
                self._executor,
                provider,
                endpoints,
                self._settings,
                SharedDeadline(seconds, self._settings.clock),
            )

        pending = PendingModels(call)
        if not loop_is_running():
            pending.result()
        return pending

    @overload
    def count_tokens(self, request: LLMRequest, *, profile: str | None = None) -> PendingCount: ...
    @overload
    def count_tokens(
        self,
        request: str,
        messages: Messages,
        *,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> PendingCount: ...

    def count_tokens(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        profile: str | None = None,
        **fields: Any,
    ) -> PendingCount:
        """Count the input tokens of a request for the first usable model of an alias.

        Awaited or read like `chat`: `.tokens`, `.exact`, `.method`. The provider counts if its
        API can; otherwise, or if it does not answer, the count is an estimate and `.reason`
        explains why.

        Args:
            request: As for `chat`.
            messages: As for `chat`.
            profile: As for `chat`.
            fields: As for `chat`.

        Raises:
            ModelNotFoundError: The alias does not exist.
            ValidationError: The request is invalid.
        """
        question = request_of(request, messages, fields)
        pending = PendingCount(lambda: self._count(parse_request(question), profile))
        if not loop_is_running():
            pending.result()
        return pending

    async def _count(self, request: ParsedRequest, profile: str | None) -> TokenCount:
        from llmring.client.operations.count_tokens import count_tokens
        from llmring.client.operations.shared_deadline import SharedDeadline

        if not request.model:
            raise ValidationError("the request names no model; give an alias of the lockfile")
        found, candidates, policy = self._candidates(request.model, profile)
        shared_deadline = SharedDeadline(
            timeout_of(request.timeout, self._timeout),
            self._settings.clock,
            CallContext(policy=policy, most_pauses=self._most_pauses),
        )
        return await count_tokens(
            self._executor, request, found, candidates, shared_deadline, self._with_files
        )

    def _with_files(
        self,
        request: ParsedRequest,
        prepare: Callable[[ParsedRequest], Callable[[Target], Prepared]],
    ) -> Callable[[Target], Prepared]:
        return self._files.enclosing(request, prepare) if request.files else prepare(request)

    def _candidates(
        self, name: str, profile: str | None, reading: LockfileReading | None = None
    ) -> tuple[Resolved, list[Target | Skip], Policy]:
        """Return the models of an alias, and their policy without its limits."""
        reading = reading or self._active_lockfile.now()
        found = self._active_lockfile.look_up(name, profile, reading)
        warn_once.warn_of_fallback(reading.source, found.alias)
        policy = self._planner.policy(found)
        own = Policy(
            retries=policy.retries,
            faults=policy.faults,
            mode=policy.mode,
            recordings=policy.recordings,
        )
        return found, self._planner.targets(found, policy, reading), own
