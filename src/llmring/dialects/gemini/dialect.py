"""Google's Gemini API as a dialect.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmring.dialects.dialect import Dialect, Relaying
from llmring.dialects.gemini import decode_reply, errors, files
from llmring.dialects.gemini.contents import NAME
from llmring.dialects.gemini.count_tokens import counting
from llmring.dialects.gemini.embeddings import EMBEDDING
from llmring.dialects.gemini.encode_request import encode
from llmring.dialects.gemini.models import LISTING

if TYPE_CHECKING:
    from llmring.dialects.reply_encoding import ReplyEncoding
    from llmring.dialects.request_decoding import DecodeRequest


def authorize(key: str) -> Mapping[str, str]:
    """Return the header with the key; in the URL, the key would end up in logs."""
    return {"x-goog-api-key": key}


def _reply_encoding() -> ReplyEncoding:
    # Only servers encode replies.
    from llmring.dialects.gemini.encode_reply import ENCODING

    return ENCODING


def _request_decoding() -> DecodeRequest:
    # As above.
    from llmring.dialects.gemini.decode_request import decode_request

    return decode_request


DIALECT = Dialect(
    name=NAME,
    encode=encode,
    decode=decode_reply.decode,
    decoder=decode_reply.decoder,
    explain=errors.explain,
    authorize=authorize,
    embedding=EMBEDDING,
    listing=LISTING,
    counting=counting(encode),
    files=files.FILES,
    reply_encoding=_reply_encoding,
    request_decoding=_request_decoding,
    relaying=Relaying(headers=("x-goog-api-client",), streams=None),
    is_content=decode_reply.is_content,
)
