"""Google's file store for Gemini.

https://ai.google.dev/api/files
"""

from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from llmring.dialects.dialect import FileContent, FileStore, Outgoing, StoredFile
from llmring.dialects.error_response import unreadable
from llmring.dialects.multipart import boundary_for
from llmring.exceptions import ProviderResponseError
from llmring.wire import HttpHead

# Files are deleted after 48 hours; allow time for the request.
LIFETIME_SECONDS = 47 * 3600.0

_LONGEST_NAME = 512


class _Error(Struct, frozen=True):
    message: str = ""


class _GeminiFile(Struct):
    uri: str
    state: str = "ACTIVE"
    error: _Error = _Error()


def upload(file: FileContent) -> Outgoing:
    """Build the request that uploads a file together with its name and type.

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
    """Build the request for a file's state; a video takes a while to be processed."""
    return Outgoing(_path(uri), method="GET")


def stored(head: HttpHead, body: bytes) -> StoredFile:
    """Decode the file from the reply to an upload or a state request.

    Raises:
        ProviderResponseError: The reply has no file, or Google could not process the file.
    """
    try:
        sent = msgspec.json.decode(body, type=dict[str, Any])
        file = msgspec.convert(sent.get("file", sent), _GeminiFile)
    except msgspec.DecodeError as error:
        fault: ProviderResponseError = unreadable(head, body, str(error))
    else:
        if file.state != "FAILED":
            return StoredFile(file.uri, ready=file.state != "PROCESSING")
        fault = ProviderResponseError(
            f"Google could not process the file: {file.error.message or 'no reason given'}",
            status=head.status,
        )
    raise fault


def delete(uri: str) -> Outgoing:
    """Build the request that deletes a file."""
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
