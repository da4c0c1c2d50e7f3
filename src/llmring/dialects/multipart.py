"""Multipart uploads to file stores, shared by several APIs."""

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from llmring.dialects.dialect import FileContent, StoredFile
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead

# Characters that would end the quoted name or its line.
# https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
_ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def boundary_for(data: bytes) -> str:
    """Return a boundary that does not occur in the data; the same data has the same boundary."""
    return "llmring-" + hashlib.sha256(data).hexdigest()


def form(fields: Mapping[str, str], file: FileContent) -> tuple[bytes, str]:
    """Build a form body with the file in the field "file"; return it with its content type.

    https://www.rfc-editor.org/rfc/rfc7578
    """
    boundary = boundary_for(file.data)
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
        f'filename="{file.name.translate(_ESCAPED)}"\r\nContent-Type: {file.media_type}\r\n\r\n'
    )
    body = ["".join([*lines, head]).encode(), file.data, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(body), f"multipart/form-data; boundary={boundary}"


class _UploadedFileId(Struct):
    id: str


def file_id_reply(head: HttpHead, body: bytes) -> StoredFile:
    """Return the stored file from the ID in the reply.

    Raises:
        ProviderResponseError: The reply has no ID.
    """
    return StoredFile(read_as(_UploadedFileId, head, body).id)
