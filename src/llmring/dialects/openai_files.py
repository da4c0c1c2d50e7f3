"""How OpenAI keeps files.

https://developers.openai.com/api/docs/api-reference/files/create
"""

from urllib.parse import quote

from llmring.dialects.dialect import FileContent, FileStore, Outgoing
from llmring.dialects.file_exchange import form, named_by_id

_MAX_BYTES = 512 * 2**20


def upload(file: FileContent) -> Outgoing:
    """The request that brings a file there, for use in requests to models."""
    body, content_type = form({"purpose": "user_data"}, file)
    return Outgoing("/files", body=body, content_type=content_type)


def delete(id_: str) -> Outgoing:
    """The request that removes a file."""
    return Outgoing(f"/files/{quote(id_, safe='')}", method="DELETE")


# Chat Completions refers to PDFs by ID, to images only by URL or by their bytes.
# https://developers.openai.com/api/docs/api-reference/chat/create
CHAT_FILES = FileStore(
    media_types=("application/pdf",),
    max_bytes=_MAX_BYTES,
    upload=upload,
    stored=named_by_id,
    delete=delete,
)

RESPONSES_FILES = FileStore(
    media_types=("application/", "text/", "image/"),
    max_bytes=_MAX_BYTES,
    upload=upload,
    stored=named_by_id,
    delete=delete,
)
