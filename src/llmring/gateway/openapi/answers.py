"""Bodies of the answers, by their APIs: the fields that each answer has, and the errors."""

from __future__ import annotations

from llmring.gateway.openapi.schema_parts import (
    ANYTHING,
    FLAG,
    NUMBER,
    OBJECT,
    TEXT,
    TOKENS,
    Schema,
    either,
    one_of,
    or_null,
    several,
    table,
)

_NUMBERS = several(NUMBER)

# https://platform.openai.com/docs/api-reference/chat/object
_CHAT = table(
    "id object created model choices",
    id=TEXT,
    object=one_of("chat.completion"),
    created={"type": "integer"},
    model=TEXT,
    choices=several(
        table(
            "index message finish_reason",
            index={"type": "integer"},
            message=table("role", role=one_of("assistant"), content=or_null(TEXT)),
            finish_reason=or_null(TEXT),
        )
    ),
    usage=OBJECT,
)
_EMBEDDINGS = table(
    "object data model",
    object=one_of("list"),
    data=several(table("index embedding", index=TOKENS, embedding=either(TEXT, _NUMBERS))),
    model=TEXT,
)

# https://platform.openai.com/docs/api-reference/responses/object
_RESPONSE = table(
    "id object created_at status model output",
    id=TEXT,
    object=one_of("response"),
    created_at=NUMBER,
    status=TEXT,
    model=TEXT,
    output=several(OBJECT),
    usage=or_null(OBJECT),
)
_RESPONSES_COUNT = table("object input_tokens", object=TEXT, input_tokens=TOKENS)

# https://platform.claude.com/docs/en/api/messages
_MESSAGE = table(
    "id type role model content stop_reason usage",
    id=TEXT,
    type=one_of("message"),
    role=one_of("assistant"),
    model=TEXT,
    content=several(table("type", type=TEXT)),
    stop_reason=or_null(TEXT),
    usage=OBJECT,
)
_MESSAGES_COUNT = table("input_tokens", input_tokens=TOKENS)

# https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
_GEMINI = table(candidates=several(OBJECT), usageMetadata=OBJECT, modelVersion=TEXT)
_GEMINI_COUNT = table("totalTokens", totalTokens=TOKENS)
_GEMINI_VALUES = table("values", values=_NUMBERS)
_GEMINI_EMBEDDING = table("embedding", embedding=_GEMINI_VALUES)
_GEMINI_EMBEDDINGS = table("embeddings", embeddings=several(_GEMINI_VALUES))

# https://docs.ollama.com/api/chat and /generate
_OLLAMA_CHAT = table("model message done", model=TEXT, message=OBJECT, done=FLAG)
_OLLAMA_PROMPT = table("model response done", model=TEXT, response=TEXT, done=FLAG)
_OLLAMA_EMBEDDINGS = table("model embeddings", model=TEXT, embeddings=several(_NUMBERS))
_OLLAMA_MODELS = table("models", models=several(table("name model", name=TEXT, model=TEXT)))
_OLLAMA_SHOW = table("details model_info capabilities", capabilities=several(TEXT))

_OPENAI_MODEL = table("id object", id=TEXT, object=one_of("model"))
_ANTHROPIC_MODEL = table("id type", id=TEXT, type=one_of("model"))
_GEMINI_MODEL = table("name", name=TEXT)

# By the name of the schema in the document.
ANSWERS: dict[str, Schema] = {
    "ChatAnswer": _CHAT,
    "EmbeddingAnswer": _EMBEDDINGS,
    "ResponsesAnswer": _RESPONSE,
    "ResponsesCountAnswer": _RESPONSES_COUNT,
    "MessagesAnswer": _MESSAGE,
    "MessagesCountAnswer": _MESSAGES_COUNT,
    "GeminiAnswer": _GEMINI,
    "GeminiAnswers": several(_GEMINI),
    "GeminiCountAnswer": _GEMINI_COUNT,
    "GeminiEmbeddingAnswer": _GEMINI_EMBEDDING,
    "GeminiEmbeddingsAnswer": _GEMINI_EMBEDDINGS,
    "OllamaChatAnswer": _OLLAMA_CHAT,
    "OllamaPromptAnswer": _OLLAMA_PROMPT,
    "OllamaEmbeddingAnswer": _OLLAMA_EMBEDDINGS,
    "OllamaModels": _OLLAMA_MODELS,
    "OllamaShowAnswer": _OLLAMA_SHOW,
    "Models": either(
        table("object data", object=one_of("list"), data=several(_OPENAI_MODEL)),
        table("data has_more", data=several(_ANTHROPIC_MODEL), has_more=FLAG),
        table("models", models=several(_GEMINI_MODEL)),
    ),
    "Model": either(_OPENAI_MODEL, _ANTHROPIC_MODEL, _GEMINI_MODEL),
    "Version": table("version", version=TEXT),
    "State": table("status", status=TEXT, reason=TEXT, aliases=OBJECT),
}

# By the name of the API.
ERRORS: dict[str, Schema] = {
    # https://platform.openai.com/docs/guides/error-codes
    "chat": table(
        "error",
        error=table(
            "message type param code", message=TEXT, type=TEXT, param=or_null(TEXT), code=ANYTHING
        ),
    ),
    # https://platform.claude.com/docs/en/api/errors
    "messages": table(
        "type error",
        type=one_of("error"),
        error=table("type message", type=TEXT, message=TEXT),
        request_id=or_null(TEXT),
    ),
    # https://cloud.google.com/apis/design/errors
    "gemini": table(
        "error",
        error=table("code message status", code={"type": "integer"}, message=TEXT, status=TEXT),
    ),
    # https://docs.ollama.com/api/errors
    "ollama": table("error", error=TEXT),
}
