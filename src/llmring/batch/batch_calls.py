"""Interface of a ring as batches use it: models, answers, and requests to vendors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from llmring.chat.embedding import EmbeddingResponse
    from llmring.chat.request import LLMRequest
    from llmring.chat.response import LLMResponse
    from llmring.ledger.entry import LedgerEntry
    from llmring.routing.call_wishes import CallWishes
    from llmring.routing.selection.prepare import Prepared
    from llmring.routing.targets import Skip, Target
    from llmring.wire import HttpHead, HttpRequest


class BatchCalls(Protocol):
    """The calls of a ring, as a batch makes them."""

    async def ask(
        self, request: LLMRequest, profile: str | None, wishes: CallWishes
    ) -> LLMResponse:
        """Return the answer to a chat; errors as for `LLMRing.chat`."""

    async def embed(
        self,
        model: str,
        texts: Sequence[str],
        profile: str | None,
        wishes: CallWishes,
        dimensions: int | None = None,
    ) -> EmbeddingResponse:
        """Return the embeddings of texts; errors as for `LLMRing.embed`."""

    def models(self, model: str, profile: str | None) -> Sequence[Target | Skip]:
        """Return the models of an alias in order.

        Raises:
            ModelNotFoundError: The alias does not exist.
        """

    def today(self) -> date:
        """Return the day whose prices apply."""

    async def fetch(self, request: HttpRequest, seconds: float | None) -> tuple[HttpHead, bytes]:
        """Send one request without failover; errors as for `Executor.fetch`."""

    async def download(
        self, request: HttpRequest, write: Callable[[bytes], object], seconds: float | None
    ) -> HttpHead:
        """Send one request, and pass on the body in pieces if the status is a good one.

        Args:
            request: The request.
            write: Takes the next bytes of the body.
            seconds: Time limit in seconds; None for no limit.

        Raises:
            ProviderError: No whole answer came.
        """

    def prepare(self, request: LLMRequest) -> Callable[[Target], Prepared]:
        """Return the function that makes the request of a chat for a model.

        Raises:
            ValidationError: The request can't be sent.
        """

    def read(self, request: LLMRequest, target: Target, head: HttpHead, body: bytes) -> LLMResponse:
        """Return the answer in a reply that came by a vendor's batch, without its cost.

        Args:
            request: The request, or one with the same tools and the same form of the answer.
            target: The model that was asked, with the API that it was asked in.
            head: The head of the reply.
            body: The body of the reply.

        Raises:
            ProviderError: The reply is an error, or has no answer.
            SchemaValidationError: The answer does not have the form that was asked for.
        """

    def earlier_calls(self, alias: str, most: int) -> Sequence[LedgerEntry]:
        """Return the newest calls of an alias that the ledger has; none without a ledger."""
