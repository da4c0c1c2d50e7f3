"""The rows of a job at a vendor: their requests, and which of them have an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.row import InputRow, RowRequest
from llmring.batch.vendors.part_files import RowMark
from llmring.chat.request import LLMRequest
from llmring.exceptions import ConfigurationError
from llmring.routing.selection.embedding_targets import embed
from llmring.routing.targets import Target
from llmring.wire import HttpRequest


class JobRows:
    """The rows of a job.

    Args:
        calls: The ring.
        target: The model that is asked.
        requests: The requests of all rows; it must be possible to go through them repeatedly.
        is_done: Checks if a row has an outcome; of its row, only `id` and `ordinal` are set.
    """

    def __init__(
        self,
        calls: BatchCalls,
        target: Target,
        requests: Iterable[RowRequest],
        is_done: Callable[[RowRequest], bool],
    ) -> None:
        self._calls = calls
        self._target = target
        self._requests = requests
        self._is_done = is_done
        self._forms: dict[int, LLMRequest] = {}

    def not_done(self) -> Iterator[RowRequest]:
        """Yield the requests of rows without an outcome, in order."""
        return (request for request in self._requests if not self._is_done(request))

    def is_done(self, mark: RowMark) -> bool:
        """Check if a row has an outcome."""
        row = InputRow(mark.ordinal, mark.id, {}, "")
        return self._is_done(RowRequest(row, "chat", LLMRequest(), digest=mark.digest))

    def request_at(self, ordinal: int) -> LLMRequest:
        """Return the request of the row at a place of the input.

        Raises:
            ConfigurationError: The input has changed.
        """
        if ordinal not in self._forms:
            for request in self._requests:
                if request.row.ordinal == ordinal:
                    self._forms[ordinal] = request.request
                    break
            else:
                raise ConfigurationError(
                    f"the input lacks row {ordinal + 1}, which was sent to the vendor; give the "
                    "same input as before"
                )
        return self._forms[ordinal]

    async def render(self, request: RowRequest) -> tuple[HttpRequest, Target]:
        """Return the request of a row, as for a call, and the model with the API that it is for.

        Raises:
            LLMRingError: The model can't be asked so.
        """
        if request.operation == "embeddings":
            prepared = embed(request.texts, request.dimensions)(self._target)
        else:
            prepared = self._calls.prepare(request.request)(self._target)
        http = prepared.http
        if prepared.finish is not None:
            http = await prepared.finish(self._calls.fetch, None)
        return http, prepared.target or self._target
