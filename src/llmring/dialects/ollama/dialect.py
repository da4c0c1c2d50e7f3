"""Ollama's chat API as a dialect.

https://docs.ollama.com/api
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmring.dialects.dialect import Dialect, Relaying
from llmring.dialects.ollama.decode_reply import LineDecoder, decode, explain
from llmring.dialects.ollama.embeddings import EMBEDDING
from llmring.dialects.ollama.encode_request import encode
from llmring.dialects.ollama.models import LISTING

if TYPE_CHECKING:
    from llmring.dialects.reply_encoding import ReplyEncoding
    from llmring.dialects.request_decoding import DecodeRequest


def _authorize(key: str) -> Mapping[str, str]:
    # https://docs.ollama.com/api/authentication: for ollama.com; local servers need no key.
    return {"authorization": f"Bearer {key}"}


def _reply_encoding() -> ReplyEncoding:
    # Only servers encode replies.
    from llmring.dialects.ollama.encode_reply import ENCODING

    return ENCODING


def _request_decoding() -> DecodeRequest:
    # Only servers decode requests.
    from llmring.dialects.ollama.decode_request import decode as decode_request

    return decode_request


DIALECT = Dialect(
    name="ollama",
    encode=encode,
    decode=decode,
    decoder=LineDecoder,
    explain=explain,
    authorize=_authorize,
    embedding=EMBEDDING,
    listing=LISTING,
    reply_encoding=_reply_encoding,
    request_decoding=_request_decoding,
    # https://docs.ollama.com/api/streaming
    relaying=Relaying(streams=True),
)
