"""Splitting of requests into parts that a vendor's batches take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from llmring.batch.input.row_ids import id_hash, vendor_id
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowRequest
from llmring.batch.vendors.part_files import OpenPart, PartFiles, RowMark
from llmring.dialects.batches.batch_api import BatchApi
from llmring.exceptions import LLMRingError, UnsupportedFeatureError
from llmring.routing.targets import Target
from llmring.wire import HttpRequest

_LONGEST_ID = 64
# Room for what surrounds the lines.
_FRAME_BYTES = 64
_TURN_ROWS = 256

# Makes the HTTP request of a row, with the target whose API it is for.
Render = Callable[[RowRequest], Awaitable[tuple[HttpRequest, Target]]]


class PartKey(Struct, frozen=True):
    """The requests that can be in one batch: those with the same path, model and headers.

    Attributes:
        path: Their path below the base URL.
        model: The vendor's name of their model.
        dialect: The name of the API that they are for.
        headers: The headers that they need.
    """

    path: str
    model: str
    dialect: str
    headers: tuple[tuple[str, str], ...] = ()


class WrittenPart(Struct, frozen=True, kw_only=True):
    """A part whose files are complete."""

    number: int
    rows: int
    size: int
    key: PartKey


class Splitter:
    """Splits rows into parts, in their order.

    Args:
        api: The vendor's batch API.
        render: Makes the request of a row.
        files: The files of the job.
        prefix: The beginning of all IDs at the vendor.
        most_rows: The most rows of a part; None for as many as the vendor takes.
    """

    def __init__(
        self,
        api: BatchApi,
        render: Render,
        files: PartFiles,
        prefix: str = "",
        most_rows: int | None = None,
    ) -> None:
        self._api = api
        self._render = render
        self._files = files
        self._prefix = prefix
        self._most_rows = min(most_rows or api.most_requests, api.most_requests)
        self._open: dict[PartKey, OpenPart] = {}
        self._forms: dict[str, int] = {}
        self._count = 0

    async def split(
        self, requests: Iterable[RowRequest]
    ) -> AsyncIterator[WrittenPart | RowOutcome]:
        """Yield the parts as they are complete, and the failures of rows that no batch takes."""
        for count, request in enumerate(requests):
            if count % _TURN_ROWS == 0:
                # Other tasks, and signals, get their turn.
                await asyncio.sleep(0)
            try:
                key, mark, line = await self._line(request)
            except LLMRingError as error:
                yield refused(request, error)
                continue
            full = self._full(key, mark, len(line))
            if full is not None:
                yield self._closed(key, full)
            self._part(key).add(mark, line)
        for key, part in list(self._open.items()):
            yield self._closed(key, part)

    async def _line(self, request: RowRequest) -> tuple[PartKey, RowMark, bytes]:
        http, target = await self._render(request)
        path = http.url[len(target.endpoint.base_url) :].partition("?")[0]
        if not path.endswith(self._api.endings):
            raise UnsupportedFeatureError(
                f"batches of {target.ref.provider} have no requests to {path}; ask this row live"
            )
        check_fields(self._api, http.body)
        custom = custom_id(request.row.id, self._prefix)
        line = self._api.line(custom, path, http.body)
        if len(line) + _FRAME_BYTES > self._api.most_bytes:
            most = self._api.most_bytes // 1_000_000
            raise UnsupportedFeatureError(
                f"the request has {len(line)} bytes, and a batch of {target.ref.provider} at most "
                f"{most} MB; ask this row live"
            )
        texts = len(request.texts)
        mark = RowMark(
            custom, request.row.id, request.row.ordinal, request.digest, self._form(request), texts
        )
        common = {"content-type", *target.endpoint.headers(target.dialect)}
        own = tuple(sorted((k, v) for k, v in http.headers.items() if k not in common))
        return PartKey(path, target.ref.model, target.dialect.name, own), mark, line

    def _form(self, request: RowRequest) -> int:
        asked = request.request
        form = repr((asked.response_format, asked.json_response, asked.tools, asked.allow_empty))
        return self._forms.setdefault(form, request.row.ordinal)

    def _full(self, key: PartKey, mark: RowMark, size: int) -> OpenPart | None:
        """Return the open part if it has no room for a row."""
        part, api = self._open.get(key), self._api
        if part is None:
            return None
        too_many = part.rows >= self._most_rows
        too_large = part.size + size + 1 + _FRAME_BYTES > api.most_bytes
        texts = api.most_texts is not None and part.texts + mark.texts > api.most_texts
        return part if too_many or too_large or texts else None

    def _part(self, key: PartKey) -> OpenPart:
        part = self._open.get(key)
        if part is None:
            self._count += 1
            part = self._open[key] = OpenPart(self._files, self._count)
        return part

    def _closed(self, key: PartKey, part: OpenPart) -> WrittenPart:
        part.close()
        del self._open[key]
        return WrittenPart(number=part.number, rows=part.rows, size=part.size, key=key)


def check_fields(api: BatchApi, body: bytes) -> None:
    """Check that a request has no field that batches refuse.

    Raises:
        UnsupportedFeatureError: It has one.
    """
    try:
        fields: Mapping[str, msgspec.Raw] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise UnsupportedFeatureError(f"batches take JSON only ({error})") from error
    for name, why in api.refused.items():
        if name in fields and bytes(fields[name]) not in (b"false", b"null"):
            raise UnsupportedFeatureError(f"a request has {name!r}, but {why}; leave it out")


def custom_id(id_: str, prefix: str) -> str:
    """Return the ID of a row at a vendor: its own where that can be, else one with its hash."""
    accepted = vendor_id(id_)
    if len(prefix) + len(accepted) > _LONGEST_ID:
        accepted = f"row-{id_hash(id_).hex()}"
    return prefix + accepted


def refused(request: RowRequest, error: LLMRingError) -> RowOutcome:
    """Return the outcome of a row that no batch takes."""
    return RowOutcome(
        id=request.row.id,
        ordinal=request.row.ordinal,
        digest=request.digest,
        status="failed",
        error=str(error),
        error_class=type(error).__name__,
    )
