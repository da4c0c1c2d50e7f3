"""Bodies of the requests, by their APIs: the fields that the gateway reads.

Other fields of an API are accepted too. A body that fits may still be refused for what JSON Schema
can't express, such as that the result of a tool follows its call.
"""

from __future__ import annotations

from llmring.gateway.openapi.schema_parts import (
    ANYTHING,
    COUNT,
    FLAG,
    NAME,
    NUMBER,
    OBJECT,
    TEXT,
    TOKENS,
    Schema,
    either,
    one_of,
    options,
    several,
    table,
)

_MODEL: Schema = {
    **NAME,
    "description": "An alias of the lockfile, a name that a rule of it maps to one, or "
    "provider:model where the caller may name models.",
}

# https://platform.openai.com/docs/api-reference/chat/create
_CHAT_MESSAGE = options(
    "role",
    role=one_of("system", "developer", "user", "assistant", "tool", "function"),
    content=ANYTHING,
    name=TEXT,
    tool_calls=several(OBJECT),
)

_CHAT = options(
    "model messages",
    model=_MODEL,
    messages=several(_CHAT_MESSAGE, 1),
    stream=FLAG,
    stream_options=OBJECT,
    temperature=NUMBER,
    top_p=NUMBER,
    max_tokens={"type": "integer"},
    max_completion_tokens={"type": "integer"},
    n=COUNT,
    stop=either(TEXT, several(TEXT)),
    seed={"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    tools=several(OBJECT),
    parallel_tool_calls=FLAG,
    response_format=options("type", type=TEXT),
    reasoning_effort=TEXT,
    prompt_cache_key=TEXT,
)

# https://developers.openai.com/api/reference/resources/embeddings/methods/create
_EMBEDDING = options(
    "model input",
    model=_MODEL,
    input=either(
        NAME,
        several(NAME, 1),
        several({"type": "integer", "minimum": 0}, 1),
        several(several({"type": "integer", "minimum": 0}, 1), 1),
    ),
    dimensions=COUNT,
    encoding_format=one_of("float", "base64"),
)

# https://platform.openai.com/docs/api-reference/responses/create
_RESPONSES_FIELDS: dict[str, Schema] = {
    "model": _MODEL,
    "input": either(TEXT, several(OBJECT)),
    "instructions": TEXT,
    "stream": FLAG,
    "temperature": NUMBER,
    "top_p": NUMBER,
    "max_output_tokens": TOKENS,
    "tools": several(OBJECT),
    "parallel_tool_calls": FLAG,
    "reasoning": OBJECT,
    "text": OBJECT,
    "store": FLAG,
    "prompt_cache_key": TEXT,
}
_RESPONSES = options("model input", **_RESPONSES_FIELDS)

# https://platform.claude.com/docs/en/api/messages
_TURN = options(
    "role",
    role=one_of("user", "assistant", "system"),
    content=either(TEXT, several(OBJECT)),
)
_MESSAGES_FIELDS: dict[str, Schema] = {
    "model": _MODEL,
    "messages": several(_TURN, 1),
    "max_tokens": TOKENS,
    "system": either(TEXT, several(OBJECT)),
    "stream": FLAG,
    "temperature": NUMBER,
    "top_p": NUMBER,
    "stop_sequences": several(TEXT),
    "tools": several(OBJECT),
    "tool_choice": OBJECT,
    "thinking": OBJECT,
    "output_config": OBJECT,
    "metadata": OBJECT,
    "cache_control": OBJECT,
    "betas": several(TEXT),
}
_MESSAGES = options("model messages max_tokens", **_MESSAGES_FIELDS)
_COUNTED_MESSAGES = options("model messages", **_MESSAGES_FIELDS)

# https://ai.google.dev/api/generate-content
_CONTENT = table(parts=either(several(either(OBJECT, TEXT)), OBJECT, TEXT))
_CONTENTS = either(several(either(_CONTENT, TEXT), 1), _CONTENT, TEXT)
_GEMINI_FIELDS: dict[str, Schema] = {
    "contents": _CONTENTS,
    "systemInstruction": ANYTHING,
    "tools": ANYTHING,
    "toolConfig": ANYTHING,
    "generationConfig": OBJECT,
}
_GEMINI = table("contents", **_GEMINI_FIELDS)
_GEMINI_COUNT = either(_GEMINI, table("generateContentRequest", generateContentRequest=_GEMINI))
# https://ai.google.dev/api/embeddings
_GEMINI_EMBEDDING = table("content", content=either(_CONTENT, TEXT))
_GEMINI_EMBEDDINGS = table("requests", requests=several(_GEMINI_EMBEDDING, 1))

# https://docs.ollama.com/api/chat and /generate
_OLLAMA_FIELDS: dict[str, Schema] = {
    "model": _MODEL,
    "stream": FLAG,
    "options": OBJECT,
    "format": either(one_of("", "json"), OBJECT),
    "think": either(FLAG, one_of("", "low", "medium", "high", "max")),
}
_OLLAMA_CHAT = options(
    "model",
    **_OLLAMA_FIELDS,
    messages=several(options("role", role=one_of("system", "user", "assistant", "tool"))),
    tools=several(OBJECT),
)
_OLLAMA_PROMPT = options("model", **_OLLAMA_FIELDS, prompt=TEXT, system=TEXT, images=several(TEXT))
# https://docs.ollama.com/api/embed
_OLLAMA_EMBEDDING = options(
    "model",
    model=_MODEL,
    input=either(TEXT, several(TEXT)),
    dimensions={"type": "integer", "minimum": 0},
)
_OLLAMA_SHOW = either(table("model", model=_MODEL), table("name", name=_MODEL))

# By the name of the schema in the document.
REQUESTS: dict[str, Schema] = {
    "ChatRequest": _CHAT,
    "EmbeddingRequest": _EMBEDDING,
    "ResponsesRequest": _RESPONSES,
    "MessagesRequest": _MESSAGES,
    "MessagesCountRequest": _COUNTED_MESSAGES,
    "GeminiRequest": _GEMINI,
    "GeminiCountRequest": _GEMINI_COUNT,
    "GeminiEmbeddingRequest": _GEMINI_EMBEDDING,
    "GeminiEmbeddingsRequest": _GEMINI_EMBEDDINGS,
    "OllamaChatRequest": _OLLAMA_CHAT,
    "OllamaPromptRequest": _OLLAMA_PROMPT,
    "OllamaEmbeddingRequest": _OLLAMA_EMBEDDING,
    "OllamaShowRequest": _OLLAMA_SHOW,
}
