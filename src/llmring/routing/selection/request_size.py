"""The limits of servers on the size of requests."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import AudioPart, DocumentPart, ImagePart
from llmring.dialects.dialect import Limits
from llmring.exceptions import UnsupportedFeatureError


class SizedPart(Struct, frozen=True):
    """A file of a request: its media type and its size in bytes."""

    media_type: str
    size: int
    name: str | None = None


def sized_parts(request: ParsedRequest) -> Iterator[SizedPart]:
    """Yield the files whose bytes are in the messages of a request."""
    for message in request.turns:
        for part in message.parts:
            if isinstance(part, ImagePart | DocumentPart | AudioPart) and part.data is not None:
                name = part.name if isinstance(part, DocumentPart) else None
                size = len(part.data) * 3 // 4 - part.data.count("=", -2)
                yield SizedPart(part.media_type or "", size, name)


def check_sizes(files: Iterable[SizedPart], body: int, limits: Limits) -> None:
    """Check a request against the limits of a server.

    Args:
        files: The files of the request.
        body: The size of the whole request in bytes.
        limits: The limits of the server.

    Raises:
        UnsupportedFeatureError: The request exceeds a limit.
    """
    together = 0
    for file in files:
        together += 0 if file.media_type.startswith("image/") else file.size
        for beginning, limit in limits.each.items():
            if file.media_type.startswith(beginning) and file.size > limit:
                raise _too_large(f"{file.name or 'a file'} ({file.media_type})", file.size, limit)
    if limits.files is not None and together > limits.files:
        raise _too_large("the request's files together", together, limits.files)
    if limits.request is not None and body > limits.request:
        raise _too_large("the request", body, limits.request)


def _too_large(what: str, size: int, limit: int) -> UnsupportedFeatureError:
    return UnsupportedFeatureError(
        f"too large for the provider: {what}: {_mb(size)}, at most {_mb(limit)} are allowed"
    )


def _mb(size: int) -> str:
    return f"{size / 2**20:.1f} MB"
