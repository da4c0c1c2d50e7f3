"""llmring: code names an alias, and a lockfile lists the models that may answer.

Public names are loaded on first use, to keep the import fast.
"""

from importlib import import_module

# As in typing, whose import takes 8 ms; type checkers know this name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from llmring.chat.embedding import EmbeddingResponse
    from llmring.chat.events import Usage
    from llmring.chat.function import tool
    from llmring.chat.request import LLMRequest, Message
    from llmring.chat.response import Attempt, LLMResponse, StreamChunk
    from llmring.chat.token_count import TokenCount
    from llmring.chat.tool_conversation import ToolsResponse
    from llmring.chat.tools import Tool
    from llmring.client.attachment import attachment
    from llmring.client.ring import LLMRing
    from llmring.dialects.dialect import ListedModel
    from llmring.exceptions import (
        AliasNotFoundError,
        AllModelsFailedError,
        BudgetExceededError,
        ConfigurationError,
        ContentPolicyError,
        ContextLengthError,
        FrozenLockfileError,
        InvalidModelReferenceError,
        LimitExceededError,
        LLMRingError,
        LockfileError,
        LockfileExistsError,
        LockfileNotFoundError,
        LockfileParseError,
        LockfileVersionError,
        MissingAliasesError,
        MissingFileError,
        ModelCapabilityError,
        ModelError,
        ModelNotFoundError,
        NoUsableModelError,
        ProviderAuthenticationError,
        ProviderConnectionError,
        ProviderError,
        ProviderModelNotFoundError,
        ProviderNotFoundError,
        ProviderRateLimitError,
        ProviderRequestError,
        ProviderResponseError,
        ProviderTimeoutError,
        SchemaValidationError,
        TooManyTurnsError,
        UnsupportedFeatureError,
        ValidationError,
    )
    from llmring.registry.price import Cost

    __version__: str

_HOMES = {
    "Attempt": "llmring.chat.response",
    "Cost": "llmring.registry.price",
    "EmbeddingResponse": "llmring.chat.embedding",
    "LLMRequest": "llmring.chat.request",
    "LLMResponse": "llmring.chat.response",
    "LLMRing": "llmring.client.ring",
    "ListedModel": "llmring.dialects.dialect",
    "Message": "llmring.chat.request",
    "StreamChunk": "llmring.chat.response",
    "TokenCount": "llmring.chat.token_count",
    "Tool": "llmring.chat.tools",
    "ToolsResponse": "llmring.chat.tool_conversation",
    "Usage": "llmring.chat.events",
    "attachment": "llmring.client.attachment",
    "tool": "llmring.chat.function",
}

__all__ = [
    "AliasNotFoundError",
    "AllModelsFailedError",
    "Attempt",
    "BudgetExceededError",
    "ConfigurationError",
    "ContentPolicyError",
    "ContextLengthError",
    "Cost",
    "EmbeddingResponse",
    "FrozenLockfileError",
    "InvalidModelReferenceError",
    "LLMRequest",
    "LLMResponse",
    "LLMRing",
    "LLMRingError",
    "LimitExceededError",
    "ListedModel",
    "LockfileError",
    "LockfileExistsError",
    "LockfileNotFoundError",
    "LockfileParseError",
    "LockfileVersionError",
    "Message",
    "MissingAliasesError",
    "MissingFileError",
    "ModelCapabilityError",
    "ModelError",
    "ModelNotFoundError",
    "NoUsableModelError",
    "ProviderAuthenticationError",
    "ProviderConnectionError",
    "ProviderError",
    "ProviderModelNotFoundError",
    "ProviderNotFoundError",
    "ProviderRateLimitError",
    "ProviderRequestError",
    "ProviderResponseError",
    "ProviderTimeoutError",
    "SchemaValidationError",
    "StreamChunk",
    "TokenCount",
    "TooManyTurnsError",
    "Tool",
    "ToolsResponse",
    "UnsupportedFeatureError",
    "Usage",
    "ValidationError",
    "attachment",
    "tool",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("llmring")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES.get(name, "llmring.exceptions")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
