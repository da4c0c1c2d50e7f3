"""How Anthropic keeps files.

https://platform.claude.com/docs/en/build-with-claude/files
"""

from urllib.parse import quote

from llmring.dialects import anthropic_betas
from llmring.dialects.dialect import FileContent, FileStore, Outgoing
from llmring.dialects.file_exchange import form, named_by_id

_BETA = {"anthropic-beta": anthropic_betas.FILES}


def upload(file: FileContent) -> Outgoing:
    """The request that brings a file there."""
    body, content_type = form({}, file)
    return Outgoing("/v1/files", headers=_BETA, body=body, content_type=content_type)


def delete(id_: str) -> Outgoing:
    """The request that removes a file."""
    return Outgoing(f"/v1/files/{quote(id_, safe='')}", method="DELETE", headers=_BETA)


FILES = FileStore(
    # Files of other types are for the tool that runs code, not for the model to read.
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
    stored=named_by_id,
    delete=delete,
)
