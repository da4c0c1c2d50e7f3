"""Anthropic's Messages API as a dialect.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmring.dialects.anthropic.blocks import is_content
from llmring.dialects.anthropic.count_tokens import counting
from llmring.dialects.anthropic.decode_reply import decode, decoder
from llmring.dialects.anthropic.encode_request import encode
from llmring.dialects.anthropic.errors import explain
from llmring.dialects.anthropic.files import FILES
from llmring.dialects.anthropic.messages import CALL_IDS, NAME
from llmring.dialects.anthropic.models import LISTING
from llmring.dialects.dialect import Dialect, Relaying
from llmring.dialects.rates.rate_limits import anthropic_limits

if TYPE_CHECKING:
    from llmring.dialects.reply_encoding import ReplyEncoding
    from llmring.dialects.request_decoding import DecodeRequest


def _authorize(key: str) -> Mapping[str, str]:
    return {"x-api-key": key}


def _reply_encoding() -> ReplyEncoding:
    # Only servers encode replies.
    from llmring.dialects.anthropic.encode_reply import ENCODING

    return ENCODING


def _request_decoding() -> DecodeRequest:
    # Only servers decode requests.
    from llmring.dialects.anthropic.decode_request import decode_request

    return decode_request


DIALECT = Dialect(
    name=NAME,
    encode=encode,
    decode=decode,
    decoder=decoder,
    explain=explain,
    authorize=_authorize,
    # The next version accepts no sampling parameters for any model.
    # https://platform.claude.com/docs/en/api/versioning
    headers={"anthropic-version": "2023-06-01"},
    listing=LISTING,
    counting=counting(encode),
    files=FILES,
    reply_encoding=_reply_encoding,
    request_decoding=_request_decoding,
    rate_limits=anthropic_limits,
    # https://platform.claude.com/docs/en/api/versioning
    relaying=Relaying(
        headers=("anthropic-version",),
        as_headers=frozenset({"betas"}),
        # https://platform.claude.com/docs/en/build-with-claude/extended-thinking
        needs_signatures=True,
        end_mark=b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
        call_ids=CALL_IDS,
    ),
    is_content=is_content,
)
