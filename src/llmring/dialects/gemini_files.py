"""How Google keeps files for Gemini.

https://ai.google.dev/api/files
"""

from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from llmring.dialects.dialect import FileContent, FileStore, Outgoing, StoredFile, unreadable
from llmring.dialects.file_exchange import boundary_for
from llmring.exceptions import ProviderResponseError
from llmring.wire import HttpHead

# After 48 hours they are gone; a request takes its time too.
LIFETIME_SECONDS = 47 * 3600.0

_LONGEST_NAME = 512


class _Error(Struct, frozen=True):
    message: str = ""


class _File(Struct):
    uri: str
    state: str = "ACTIVE"
    error: _Error = _Error()


def upload(file: FileContent) -> Outgoing:
    """The request that brings a file there, with its name and type, in one go.

    https://discuss.ai.google.dev/t/how-to-upload-files-with-media-upload-in-rest-api/6904
    """
    boundary = boundary_for(file.data)
    about = msgspec.json.encode({"file": {"display_name": file.name[:_LONGEST_NAME]}})
    body = [
        f"--{boundary}\r\nContent-Type: application/json; charset=utf-8\r\n\r\n".encode(),
        about,
        f"\r\n--{boundary}\r\nContent-Type: {file.media_type}\r\n\r\n".encode(),
        file.data,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    return Outgoing(
        "/upload/v1beta/files",
        headers={"x-goog-upload-protocol": "multipart"},
        body=b"".join(body),
        content_type=f"multipart/related; boundary={boundary}",
    )


def look(uri: str) -> Outgoing:
    """The request that asks whether a file is ready; a video takes a while."""
    return Outgoing(_path(uri), method="GET")


def stored(head: HttpHead, body: bytes) -> StoredFile:
    """The file that the reply to either tells of.

    Raises:
        ProviderResponseError: The reply tells of none, or of one that can't be used.
    """
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
        file = msgspec.convert(told.get("file", told), _File)
    except msgspec.DecodeError as error:
        fault: ProviderResponseError = unreadable(head, body, str(error))
    else:
        if file.state != "FAILED":
            return StoredFile(file.uri, ready=file.state != "PROCESSING")
        fault = ProviderResponseError(
            f"the file could not be read: {file.error.message or 'no reason given'}",
            status=head.status,
        )
    raise fault


def delete(uri: str) -> Outgoing:
    """The request that removes a file."""
    return Outgoing(_path(uri), method="DELETE")


def _path(uri: str) -> str:
    return f"/v1beta/files/{quote(urlsplit(uri).path.rpartition('/')[2], safe='')}"


# https://ai.google.dev/gemini-api/docs/files
FILES = FileStore(
    media_types=("application/", "text/", "image/", "audio/", "video/"),
    max_bytes=2 * 2**30,
    upload=upload,
    stored=stored,
    delete=delete,
    look=look,
    lifetime=LIFETIME_SECONDS,
)
