"""The calls of a ring, as batches make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from llmring.chat.parsed_request import parse_request
from llmring.client.ring_calls import RingCalls
from llmring.client.ring_models import RingModels
from llmring.routing.estimate import TokenEstimate
from llmring.routing.policy import Rules

if TYPE_CHECKING:
    from llmring.chat.embedding import EmbeddingResponse
    from llmring.chat.request import LLMRequest
    from llmring.chat.response import LLMResponse
    from llmring.ledger.entry import LedgerEntry
    from llmring.routing.account import Account
    from llmring.routing.call_wishes import CallWishes
    from llmring.routing.selection.prepare import Prepared
    from llmring.routing.targets import Skip, Target
    from llmring.wire import HttpHead, HttpRequest


class AskedRing(RingModels, RingCalls):
    """The parts of a ring that batches call."""


class RingBatchCalls:
    """The calls of a ring; see `BatchCalls`.

    Args:
        ring: The ring.
    """

    def __init__(self, ring: AskedRing) -> None:
        self._ring = ring

    async def ask(
        self, request: LLMRequest, profile: str | None, wishes: CallWishes
    ) -> LLMResponse:
        """Return the answer to a chat."""
        return await self._ring._send(parse_request(request), profile, wishes)  # noqa: SLF001

    async def embed(
        self,
        model: str,
        texts: Sequence[str],
        profile: str | None,
        wishes: CallWishes,
        dimensions: int | None = None,
    ) -> EmbeddingResponse:
        """Return the embeddings of texts."""
        from llmring.client.operations.embed import EmbeddingRequest

        what = EmbeddingRequest(texts=list(texts), dimensions=dimensions, any_model=False)
        ring = self._ring
        return await ring._embed(what, model, profile, ring._timeout, wishes)  # noqa: SLF001

    def models(self, model: str, profile: str | None) -> Sequence[Target | Skip]:
        """Return the models of an alias in order."""
        planner = self._ring._planner  # noqa: SLF001
        route = planner.route(model, profile)
        return planner.targets(route.found, route.policy, route.reading)

    def models_with_or_without_keys(self, model: str, profile: str | None) -> Sequence[Target]:
        """Return the models of an alias in order, those whose keys are not set too."""
        from llmring.replay.interceptor import keyless
        from llmring.routing.targets import Target, targets

        route = self._ring._planner.route(model, profile)  # noqa: SLF001
        reading = route.reading
        found = targets(route.found.models, keyless(reading.endpoints), reading.facts)
        return [each for each in found if isinstance(each, Target)]

    def account(self, model: str, profile: str | None) -> Account:
        """Return an alias with the limits that the lockfile sets."""
        route = self._ring._planner.route(model, profile)  # noqa: SLF001
        return Rules(
            policy=route.policy,
            alias=model,
            profile=route.stamp.profile,
            lockfile=route.reading.budget_key,
            estimate=TokenEstimate(0, 0),
        ).account

    def today(self) -> date:
        """Return the day whose prices apply."""
        return self._ring._planner.today()  # noqa: SLF001

    async def fetch(self, request: HttpRequest, seconds: float | None) -> tuple[HttpHead, bytes]:
        """Send one request without failover."""
        return await self._ring._executor.fetch(request, seconds)  # noqa: SLF001

    async def download(
        self, request: HttpRequest, write: Callable[[bytes], object], seconds: float | None
    ) -> HttpHead:
        """Send one request, and pass on the body in pieces."""
        return await self._ring._executor.download(request, write, seconds)  # noqa: SLF001

    def prepare(self, request: LLMRequest) -> Callable[[Target], Prepared]:
        """Return the function that makes the request of a chat for a model."""
        from llmring.routing.stream_resume import NO_PROGRESS

        planner = self._ring._planner  # noqa: SLF001
        return planner.prepare(parse_request(request), NO_PROGRESS, stream=False)

    def read(self, request: LLMRequest, target: Target, head: HttpHead, body: bytes) -> LLMResponse:
        """Return the answer in a reply that came by a vendor's batch."""
        from llmring.client.operations.batch_replies import batch_reply

        return batch_reply(parse_request(request), target, head, body)

    def earlier_calls(self, alias: str, most: int) -> Sequence[LedgerEntry]:
        """Return the newest calls of an alias that the ledger has."""
        place = self._ring._settings.ledger  # noqa: SLF001
        if place is None:
            return ()
        from llmring.ledger.reader import entries

        return [*entries(place, alias=alias, limit=most)]
