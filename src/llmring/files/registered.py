"""The registered files of a ring, and the files of its requests."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from os import PathLike, fspath
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from llmring.bridge.pending import Pending
from llmring.chat.media import MediaPart
from llmring.chat.parsed_request import ParsedRequest
from llmring.clock import Clock
from llmring.exceptions import MissingFileError, UnsupportedFeatureError, ValidationError
from llmring.files.attachment import shown
from llmring.files.local_file import LocalFile
from llmring.files.uploads import FileHost, Uploads
from llmring.lockfile.file import working_folder
from llmring.plain_data import PlainData
from llmring.routing.selection.api import by_api
from llmring.routing.selection.prepare import Fetch, Prepared
from llmring.routing.selection.request_size import SizedPart, check_sizes, sized_parts
from llmring.routing.targets import Target
from llmring.wire import HttpRequest


class RegisteredFile(PlainData, Struct, frozen=True, kw_only=True):
    """A registered file; also readable as a mapping (`file["id"]`).

    Attributes:
        id: Its ID, for the `files` of a request.
        file_path: Its path.
        media_type: Its media type.
        size: Its size in bytes.
        content_hash: SHA-256 of its content when it was last read.
        registered_at: When it was registered.
        uploads: The IDs of its copies, by the name of the provider that keeps each.
    """

    __module__ = "llmring"

    id: str
    file_path: str
    media_type: str
    size: int
    content_hash: str
    registered_at: datetime
    uploads: dict[str, str]

    def __getitem__(self, key: str) -> Any:
        if key not in self.__struct_fields__:
            raise KeyError(key)
        return getattr(self, key)

    def keys(self) -> tuple[str, ...]:
        """Return the names of all fields; with `[]` this makes `dict(file)` work."""
        return self.__struct_fields__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__struct_fields__)


class Deregistration(Pending[bool]):
    """The pending removal of a registered file and its copies; True if the file was registered.

    `await` it, or in synchronous code use its truth value or its `result()`.
    """

    __module__ = "llmring"

    _method: ClassVar[str] = "deregister_file"
    _needs_loop = True

    def __bool__(self) -> bool:
        return self.result()


class _Registered(Struct, frozen=True):
    id: str
    file: LocalFile
    uploads: Uploads
    at: datetime


class _Enclosed(Struct, frozen=True):
    """A file of a request; if it has uploads, providers that keep files get a copy."""

    file: LocalFile
    uploads: Uploads | None = None

    def host(self, target: Target) -> FileHost | None:
        """Return who keeps it for this model; None if the model is sent its bytes."""
        store = target.dialect.files if target.endpoint.provider.quirks.keeps_files else None
        if self.uploads is None or store is None:
            return None
        known = self.file.known
        if not known.media_type.startswith(store.media_types):
            return None
        if known.size > store.max_bytes:
            raise UnsupportedFeatureError(
                f"{self.file.name!r} has {known.size} bytes, more than the provider keeps; "
                f"use a file of at most {store.max_bytes} bytes"
            )
        return FileHost(target.endpoint, target.dialect, store)

    def stand_in(self, target: Target) -> MediaPart:
        """Return a placeholder for its part, without reading or uploading anything."""
        return self.file.reference("-") if self.host(target) else self.file.empty_part()

    async def part(self, target: Target, fetch: Fetch, until: float | None) -> MediaPart:
        """Return its part of a message for this model."""
        await asyncio.to_thread(self.file.refresh)
        host = self.host(target)
        if host is None or self.uploads is None:
            return await asyncio.to_thread(self.file.part)
        return self.file.reference((await self.uploads.at(host, fetch, until)).id)


class Files:
    """The registered files of a ring.

    Args:
        clock: The ring's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._registered: dict[str, _Registered] = {}

    def register(self, path: str | PathLike[str], file_id: str | None) -> str:
        """Register a file; see `LLMRing.register_file`."""
        if file_id == "":
            raise ValidationError("a file's ID can't be empty; leave it out to have one made")
        file = LocalFile(fspath(path), hashed=True)
        id_ = file_id or f"llmring-file-{uuid.uuid4()}"
        entry = _Registered(id_, file, Uploads(file, self._clock), self._clock.now())
        if self._registered.setdefault(id_, entry) is not entry:
            raise ValidationError(
                f"the ID {id_!r} is taken; deregister its file, or choose another ID"
            )
        return id_

    def all(self) -> list[RegisteredFile]:
        """List the registered files; see `LLMRing.list_registered_files`."""
        return [
            RegisteredFile(
                id=entry.id,
                file_path=entry.file.path,
                media_type=entry.file.known.media_type,
                size=entry.file.known.size,
                content_hash=entry.file.known.content_hash or "",
                registered_at=entry.at,
                uploads=entry.uploads.ids(),
            )
            for entry in list(self._registered.values())
        ]

    async def deregister(self, file_id: str, fetch: Callable[[], Fetch]) -> bool:
        """Remove a file; see `LLMRing.deregister_file`. `fetch` returns what sends requests."""
        entry = self._registered.pop(file_id, None)
        if entry is None:
            return False
        if entry.uploads.ids():
            await entry.uploads.drop(fetch())
        return True

    def enclosing(
        self,
        request: ParsedRequest,
        prepare: Callable[[ParsedRequest], Callable[[Target], Prepared]],
    ) -> Callable[[Target], Prepared]:
        """Build the function that prepares a request with its files for a model; see `Walk`.

        Args:
            request: The request; it is not changed.
            prepare: Prepares a request whose files are in its messages.

        Raises:
            ValidationError: A file is neither registered nor at that path, or the request has no
                message to attach it to.
        """
        files = [self._found(each) for each in _listed(request.files)]

        def prepared(target: Target) -> Prepared:
            parts = [each.stand_in(target) for each in files]
            target = by_api(_with_parts(request, parts), target)
            parts = [each.stand_in(target) for each in files]
            result = prepare(_with_parts(request, parts))(target)
            _check(request, files, target, result)

            async def finish(fetch: Fetch, seconds: float | None) -> HttpRequest:
                loop = asyncio.get_running_loop()
                until = None if seconds is None else loop.time() + seconds
                parts = await _all_or_first_error(
                    [each.part(target, fetch, until) for each in files]
                )
                return prepare(_with_parts(request, parts))(target).http

            return replace(result, finish=finish)

        return prepared

    def _found(self, wanted: str | PathLike[str]) -> _Enclosed:
        text = fspath(wanted)
        entry = self._registered.get(text)
        if entry is not None:
            return _Enclosed(entry.file, entry.uploads)
        try:
            return _Enclosed(LocalFile(text, hashed=False))
        except MissingFileError:
            raise MissingFileError(
                f"no file is registered as {shown(text)}, and none is at that path; a relative "
                f"path is looked up from {working_folder()}"
            ) from None


def _listed(files: Sequence[str | PathLike[str]] | str | None) -> Sequence[str | PathLike[str]]:
    return [files] if isinstance(files, str | PathLike) else files or []


def _with_parts(request: ParsedRequest, parts: Sequence[MediaPart]) -> ParsedRequest:
    """Return a copy of the request with these before the text of the last user message.

    That is where models read them best.
    https://platform.claude.com/docs/en/build-with-claude/vision
    """
    turns = list(request.turns)
    for at in reversed(range(len(turns))):
        if turns[at].role == "user":
            turns[at] = replace(turns[at], content=[*parts, *turns[at].parts])
            return replace(request, turns=turns, files=())
    raise ValidationError("the request has files but no message from the user; add one")


def _check(
    request: ParsedRequest, files: Sequence[_Enclosed], target: Target, prepared: Prepared
) -> None:
    sizes = [
        SizedPart(each.file.known.media_type, each.file.known.size, each.file.name)
        for each in files
    ]
    # Bytes are sent as base64, which is longer by a third.
    sent = sum(each.file.known.size * 4 // 3 for each in files if each.host(target) is None)
    limits = target.endpoint.provider.quirks.limits
    check_sizes([*sized_parts(request), *sizes], len(prepared.http.body) + sent, limits)


async def _all_or_first_error(
    waiting: Sequence[Coroutine[Any, Any, MediaPart]],
) -> list[MediaPart]:
    """Return the results in order; on an error, wait for the others before raising it."""
    results = await asyncio.gather(*waiting, return_exceptions=True)
    parts = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        parts.append(result)
    return parts
