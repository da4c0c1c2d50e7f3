"""How files are brought to servers that keep them: what several APIs share."""

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from llmring.dialects.dialect import FileContent, StoredFile, read_as
from llmring.wire import HttpHead

# A name may hold anything but these, which would end its quotes or its line.
# https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
_ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def boundary_for(data: bytes) -> str:
    """A line that is not in the data, and the same whenever the data is the same."""
    return "llmring-" + hashlib.sha256(data).hexdigest()


def form(fields: Mapping[str, str], file: FileContent) -> tuple[bytes, str]:
    """The body of a form that has the file as its field "file", and its content type.

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


class _Named(Struct):
    id: str


def named_by_id(head: HttpHead, body: bytes) -> StoredFile:
    """The file whose ID the reply tells.

    Raises:
        ProviderResponseError: The reply tells none.
    """
    return StoredFile(read_as(_Named, head, body).id)
