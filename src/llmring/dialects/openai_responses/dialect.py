"""OpenAI's Responses API as a dialect.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmring.dialects.dialect import Dialect, Relaying
from llmring.dialects.openai.embeddings import EMBEDDING
from llmring.dialects.openai.errors import explain
from llmring.dialects.openai.files import RESPONSES_FILES
from llmring.dialects.openai.models import LISTING
from llmring.dialects.openai_responses.count_tokens import counting
from llmring.dialects.openai_responses.decode_reply import decode, decoder
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.dialects.openai_responses.encode_request import CALL_IDS, encode
from llmring.dialects.openai_responses.items import is_content
from llmring.dialects.openai_responses.reach import expresses
from llmring.dialects.rates.rate_limits import openai_limits

if TYPE_CHECKING:
    from llmring.dialects.reply_encoding import ReplyEncoding
    from llmring.dialects.request_decoding import DecodeRequest


def _authorize(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def _reply_encoding() -> ReplyEncoding:
    # Only servers encode replies.
    from llmring.dialects.openai_responses.encode_reply import ENCODING

    return ENCODING


def _request_decoding() -> DecodeRequest:
    # Only servers decode requests.
    from llmring.dialects.openai_responses.decode_request import decode_request

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
    counting=counting(encode),
    files=RESPONSES_FILES,
    expresses=expresses,
    reply_encoding=_reply_encoding,
    request_decoding=_request_decoding,
    rate_limits=openai_limits,
    # https://platform.openai.com/docs/api-reference/assistants
    relaying=Relaying(headers=("openai-beta",), call_ids=CALL_IDS, fixed={"store": False}),
    private=frozenset(
        # The last one has the IDs of Codex's installation and its folders.
        {"metadata", "prompt_cache_key", "safety_identifier", "store", "user", "client_metadata"}
    ),
    shared={
        "openai_chat": frozenset(
            {
                "metadata",
                "prompt_cache_options",
                "safety_identifier",
                "service_tier",
                "user",
                "verbosity",
            }
        )
    },
    is_content=is_content,
)
