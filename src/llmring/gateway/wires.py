"""The APIs that clients of the gateway speak."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from llmring.dialects.anthropic.dialect import DIALECT as MESSAGES_DIALECT
from llmring.dialects.dialect import Dialect
from llmring.dialects.gemini.dialect import DIALECT as GEMINI_DIALECT
from llmring.dialects.ollama.dialect import DIALECT as OLLAMA_DIALECT
from llmring.dialects.openai_chat.dialect import DIALECT as CHAT_DIALECT
from llmring.dialects.openai_responses.dialect import DIALECT as RESPONSES_DIALECT

WireName = Literal["chat", "responses", "messages", "gemini", "ollama"]


class Wire(Struct, frozen=True, kw_only=True):
    """An API of clients.

    Attributes:
        name: Its name in logs and headers.
        dialect: Its format.
    """

    name: WireName
    dialect: Dialect


CHAT = Wire(name="chat", dialect=CHAT_DIALECT)
RESPONSES = Wire(name="responses", dialect=RESPONSES_DIALECT)
MESSAGES = Wire(name="messages", dialect=MESSAGES_DIALECT)
GEMINI = Wire(name="gemini", dialect=GEMINI_DIALECT)
OLLAMA = Wire(name="ollama", dialect=OLLAMA_DIALECT)
WIRES = (CHAT, RESPONSES, MESSAGES, GEMINI, OLLAMA)
