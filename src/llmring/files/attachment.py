"""Images, documents and audio for a message, from a path, bytes or a URL."""

from __future__ import annotations

import base64
from os import PathLike, fspath
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from llmring.chat.media import HEAD_BYTES, MediaPart, media_type_of, part_of, usual
from llmring.chat.parts import DocumentPart, ImagePart
from llmring.exceptions import MissingFileError, ValidationError
from llmring.lockfile.file import working_folder

Source = str | PathLike[str] | bytes | bytearray | memoryview


def attachment(
    source: Source, *, media_type: str | None = None, name: str | None = None
) -> MediaPart:
    """Build a part of a message from an image, a document or an audio file.

    `Message("user", ["What is this?", attachment("photo.png")])`

    A file is read now, in the calling thread. An http(s) URL is loaded by the provider, never by
    llmring; a model whose provider loads no URLs is skipped.

    Args:
        source: A path, the bytes themselves, an http(s) URL, or a data: URL.
        media_type: Its type, such as "image/png"; by default detected from the first bytes, then
            from the name.
        name: The file name to show to the model; by default that of the path or URL.

    Raises:
        MissingFileError: The file does not exist.
        ValidationError: It is a folder, or empty, or its type can't be detected.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_bytes(bytes(source), media_type, name, "these bytes")
    text = fspath(source)
    scheme = text[:8].lower()
    if scheme.startswith(("http://", "https://")):
        return _from_url(text, media_type, name)
    if scheme.startswith("data:"):
        return _from_data_url(text, media_type, name)
    return _from_bytes(read(text), media_type, name or Path(text).name, shown(text))


def read(path: str) -> bytes:
    """Return all bytes of a file.

    Raises:
        MissingFileError: The file does not exist.
        ValidationError: It can't be read, or is empty.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not data:
        raise empty(shown(path))
    return data


def unreadable(path: str, error: Exception) -> ValidationError:
    """Build the error for a file that can't be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return MissingFileError(
            f"no file {shown(path)}; a relative path is looked up from {working_folder()}"
        )
    if isinstance(error, IsADirectoryError):
        return ValidationError(f"{shown(path)} is a folder; attach its files one by one")
    why = error.strerror if isinstance(error, OSError) else error
    return ValidationError(f"can't read {shown(path)}: {why}")


def empty(what: str) -> ValidationError:
    """Build the error for an empty file."""
    return ValidationError(
        f"{what}: no content, which providers refuse; attach a file that is not empty"
    )


def resolve_media_type(head: bytes, media_type: str | None, name: str | None, what: str) -> str:
    """Return a file's media type: as given, or detected from its bytes, then from its name.

    Args:
        head: Its bytes, or the first `HEAD_BYTES` of them.
        media_type: The given type, if any.
        name: The file's name, if it has one.
        what: The file as the error names it.

    Raises:
        ValidationError: The type can't be detected.
    """
    if media_type is not None:
        return _checked(media_type)
    found = media_type_of(head[:HEAD_BYTES], _by_name(name))
    if found is None:
        raise ValidationError(
            f"{what}: can't detect its type from its bytes or its name; "
            'give media_type="…", or save it as UTF-8 if it is text'
        )
    return found


def shown(path: str) -> str:
    """Return a path for an error message, cut to a readable length."""
    return repr(path) if len(path) <= _LONGEST_SHOWN else repr(path[:_LONGEST_SHOWN]) + "…"


_LONGEST_SHOWN = 200


def _from_bytes(data: bytes, media_type: str | None, name: str | None, what: str) -> MediaPart:
    if not data:
        raise empty(what)
    return part_of(data, resolve_media_type(data, media_type, name, what), name)


def _from_url(url: str, media_type: str | None, name: str | None) -> MediaPart:
    in_url = unquote(urlsplit(url).path).rpartition("/")[2]
    found = _checked(media_type) if media_type else _by_name(name) or _by_name(in_url)
    kind = (found or "").partition("/")[0]
    if found is None or kind in ("audio", "video"):
        raise ValidationError(
            f"{shown(url)}: "
            + ("its name does not show its type; " if found is None else "")
            + "only images and documents can be given by URL; set media_type, such as "
            '"image/png", or download the file and give its bytes'
        )
    if kind == "image":
        return ImagePart(url=url, media_type=found)
    return DocumentPart(url=url, media_type=found, name=name or in_url or None)


def _from_data_url(url: str, media_type: str | None, name: str | None) -> MediaPart:
    # https://www.rfc-editor.org/rfc/rfc2397
    head, comma, body = url.partition(",")
    kind, *parameters = head[len("data:") :].split(";")
    if not comma:
        raise ValidationError(f"{shown(url)}: this data: URL lacks the comma before its data")
    if "base64" in (parameter.strip().lower() for parameter in parameters):
        try:
            data = base64.b64decode(unquote(body), validate=True)
        except ValueError as error:
            raise ValidationError(f"{shown(url[:40])}: not base64: {error}") from None
    else:
        data = unquote_to_bytes(body)
    return _from_bytes(data, media_type or kind or "text/plain", name, shown(url[:40]))


def _checked(media_type: str) -> str:
    found = usual(media_type)
    if not all(found.partition("/")):
        raise ValidationError(f'media_type is {media_type!r}; use a type like "image/png"')
    return found


def _by_name(name: str | None) -> str | None:
    if not name:
        return None
    import mimetypes  # reads the system's tables

    found, packed = mimetypes.guess_type(name)
    return usual(found) if found and not packed else None
