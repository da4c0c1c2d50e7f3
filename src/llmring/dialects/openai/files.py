"""OpenAI's file store.

https://developers.openai.com/api/docs/api-reference/files/create
"""

from urllib.parse import quote

from llmring.dialects.dialect import FileContent, FileStore, Outgoing
from llmring.dialects.multipart import file_id_reply, form

_MAX_BYTES = 512 * 2**20


def upload(file: FileContent) -> Outgoing:
    """Build the request that uploads a file for use in requests to models."""
    body, content_type = form({"purpose": "user_data"}, file)
    return Outgoing("/files", body=body, content_type=content_type)


def delete(id_: str) -> Outgoing:
    """Build the request that deletes a file."""
    return Outgoing(f"/files/{quote(id_, safe='')}", method="DELETE")


# Chat Completions accepts PDFs by ID, but images only by URL or as bytes.
# https://developers.openai.com/api/docs/api-reference/chat/create
CHAT_FILES = FileStore(
    media_types=("application/pdf",),
    max_bytes=_MAX_BYTES,
    upload=upload,
    stored=file_id_reply,
    delete=delete,
)

RESPONSES_FILES = FileStore(
    media_types=("application/", "text/", "image/"),
    max_bytes=_MAX_BYTES,
    upload=upload,
    stored=file_id_reply,
    delete=delete,
)
