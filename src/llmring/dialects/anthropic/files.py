"""Anthropic's file store.

https://platform.claude.com/docs/en/build-with-claude/files
"""

from urllib.parse import quote

from llmring.dialects.anthropic import betas
from llmring.dialects.dialect import FileContent, FileStore, Outgoing
from llmring.dialects.multipart import file_id_reply, form

_BETA = {"anthropic-beta": betas.FILES}


def upload(file: FileContent) -> Outgoing:
    """Build the request that uploads a file."""
    body, content_type = form({}, file)
    return Outgoing("/v1/files", headers=_BETA, body=body, content_type=content_type)


def delete(id_: str) -> Outgoing:
    """Build the request that deletes a file."""
    return Outgoing(f"/v1/files/{quote(id_, safe='')}", method="DELETE", headers=_BETA)


FILES = FileStore(
    # Files of other types are for the code execution tool; the model cannot read them.
    media_types=(
        "application/pdf",
        "text/plain",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
    ),
    max_bytes=500 * 2**20,
    upload=upload,
    stored=file_id_reply,
    delete=delete,
)
