"""Chat Completions, OpenAI's older API and everybody's, as a dialect.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmring.dialects.dialect import Dialect, Relaying
from llmring.dialects.openai.embeddings import EMBEDDING
from llmring.dialects.openai.errors import explain
from llmring.dialects.openai.files import CHAT_FILES
from llmring.dialects.openai.models import LISTING
from llmring.dialects.openai_chat.decode_reply import decode, decoder
from llmring.dialects.openai_chat.encode_request import encode
from llmring.dialects.openai_chat.messages import CALL_IDS, NAME
from llmring.dialects.openai_chat.reach import expresses, refuses_tools
from llmring.dialects.openai_chat.reasoning import is_content
from llmring.dialects.rates.rate_limits import openai_limits

if TYPE_CHECKING:
    from llmring.dialects.reply_encoding import ReplyEncoding
    from llmring.dialects.request_decoding import DecodeRequest


def _authorize(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def _reply_encoding() -> ReplyEncoding:
    # Only servers encode replies.
    from llmring.dialects.openai_chat.encode_reply import ENCODING

    return ENCODING


def _request_decoding() -> DecodeRequest:
    # Only servers decode requests.
    from llmring.dialects.openai_chat.decode_request import decode as decode_request

    return decode_request


DIALECT = Dialect(
    name=NAME,
    encode=encode,
    decode=decode,
    decoder=decoder,
    explain=explain,
    authorize=_authorize,
    embedding=EMBEDDING,
    listing=LISTING,
    files=CHAT_FILES,
    expresses=expresses,
    refuses_tools=refuses_tools,
    reply_encoding=_reply_encoding,
    request_decoding=_request_decoding,
    rate_limits=openai_limits,
    # https://platform.openai.com/docs/api-reference/assistants
    relaying=Relaying(headers=("openai-beta",), call_ids=CALL_IDS, end_mark=b"data: [DONE]\n\n"),
    private=frozenset({"metadata", "prompt_cache_key", "safety_identifier", "store", "user"}),
    shared={
        "openai_responses": frozenset(
            {"metadata", "prompt_cache_options", "safety_identifier", "service_tier", "user"}
        )
    },
    is_content=is_content,
)
