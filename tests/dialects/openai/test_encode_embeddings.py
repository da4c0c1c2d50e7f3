"""Vectors that a server with OpenAI's API answers."""

from __future__ import annotations

import base64
import struct

import msgspec

from llmring.chat.events import Usage
from llmring.dialects.openai.embeddings import decode
from llmring.dialects.openai.encode_embeddings import encode_embeddings
from llmring.wire import HttpHead

VECTORS = [[0.1, -2.5], [1e-9, 3.0]]


def test_the_library_reads_the_vectors_as_they_were() -> None:
    body = encode_embeddings(VECTORS, "small", Usage(prompt_tokens=7))

    assert decode(HttpHead(200, {}), body) == (VECTORS, Usage(prompt_tokens=7))


def test_vectors_in_base64_are_32_bit_numbers_from_the_lowest_byte() -> None:
    body = encode_embeddings([[1.0, -0.5]], "small", None, in_base64=True)
    reply = msgspec.json.decode(body)
    packed = base64.b64decode(reply["data"][0]["embedding"])

    assert packed == b"\0\0\x80\x3f" + b"\0\0\0\xbf"
    assert struct.unpack("<2f", packed) == (1.0, -0.5)


def test_tokens_that_are_not_known_are_zero() -> None:
    reply = msgspec.json.decode(encode_embeddings([], "small", None))

    assert reply["usage"] == {"prompt_tokens": 0, "total_tokens": 0}
