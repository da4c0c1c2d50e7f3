"""llmring: code names an alias, and a lockfile lists the models that may answer.

Public names are loaded on first use, to keep the import fast.
"""

from importlib import import_module

# As in typing, whose import takes 8 ms; type checkers know this name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from llmring.chat.caching import Caching
    from llmring.chat.cost import Cost, CostParts
    from llmring.chat.embedding import EmbeddingResponse
    from llmring.chat.events import Usage
    from llmring.chat.function import FunctionTool, tool
    from llmring.chat.output import OutputFormat, SchemaProblem
    from llmring.chat.parts import (
        AudioPart,
        DocumentPart,
        ImagePart,
        ProviderPart,
        ReasoningPart,
        TextPart,
        UploadedPart,
    )
    from llmring.chat.reasoning import Reasoning
    from llmring.chat.request import LLMRequest, Message
    from llmring.chat.response import Attempt, LLMResponse, StreamChunk
    from llmring.chat.token_count import TokenCount
    from llmring.chat.tool_conversation import ToolRun, ToolsResponse
    from llmring.chat.tools import (
        FunctionCall,
        NamedTool,
        ProviderTool,
        Tool,
        ToolCall,
    )
    from llmring.client.attachment import attachment
    from llmring.client.files import Deregistration, RegisteredFile
    from llmring.client.pending import (
        Pending,
        PendingChat,
        PendingClose,
        PendingCount,
        PendingEmbedding,
        PendingModels,
        PendingStream,
        PendingTools,
    )
    from llmring.client.raw import RawProvider
    from llmring.client.request_fields import RequestFields
    from llmring.client.ring import LLMRing
    from llmring.client.status import (
        PendingStatus,
        ProviderStatus,
        SpendingStatus,
        Status,
    )
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
        ToolServerError,
        TooManyTurnsError,
        UnreadableResponseError,
        UnsupportedFeatureError,
        ValidationError,
    )
    from llmring.plain_data import PlainData
    from llmring.registry.catalog import Rates
    from llmring.routing.health import CircuitState
    from llmring.routing.plan import CallSize, Plan, PlanStep

    __version__: str

_HOMES = {
    "Attempt": "llmring.chat.response",
    "AudioPart": "llmring.chat.parts",
    "Caching": "llmring.chat.caching",
    "CallSize": "llmring.routing.plan",
    "CircuitState": "llmring.routing.health",
    "Cost": "llmring.chat.cost",
    "CostParts": "llmring.chat.cost",
    "Deregistration": "llmring.client.files",
    "DocumentPart": "llmring.chat.parts",
    "EmbeddingResponse": "llmring.chat.embedding",
    "FunctionCall": "llmring.chat.tools",
    "FunctionTool": "llmring.chat.function",
    "ImagePart": "llmring.chat.parts",
    "LLMRequest": "llmring.chat.request",
    "LLMResponse": "llmring.chat.response",
    "LLMRing": "llmring.client.ring",
    "ListedModel": "llmring.dialects.dialect",
    "Message": "llmring.chat.request",
    "NamedTool": "llmring.chat.tools",
    "OutputFormat": "llmring.chat.output",
    "Pending": "llmring.client.pending",
    "PendingChat": "llmring.client.pending",
    "PendingClose": "llmring.client.pending",
    "PendingCount": "llmring.client.pending",
    "PendingEmbedding": "llmring.client.pending",
    "PendingModels": "llmring.client.pending",
    "PendingStatus": "llmring.client.status",
    "PendingStream": "llmring.client.pending",
    "PendingTools": "llmring.client.pending",
    "PlainData": "llmring.plain_data",
    "Plan": "llmring.routing.plan",
    "PlanStep": "llmring.routing.plan",
    "ProviderPart": "llmring.chat.parts",
    "ProviderStatus": "llmring.client.status",
    "ProviderTool": "llmring.chat.tools",
    "Rates": "llmring.registry.catalog",
    "RawProvider": "llmring.client.raw",
    "Reasoning": "llmring.chat.reasoning",
    "ReasoningPart": "llmring.chat.parts",
    "RegisteredFile": "llmring.client.files",
    "RequestFields": "llmring.client.request_fields",
    "SchemaProblem": "llmring.chat.output",
    "SpendingStatus": "llmring.client.status",
    "Status": "llmring.client.status",
    "StreamChunk": "llmring.chat.response",
    "TextPart": "llmring.chat.parts",
    "TokenCount": "llmring.chat.token_count",
    "Tool": "llmring.chat.tools",
    "ToolCall": "llmring.chat.tools",
    "ToolRun": "llmring.chat.tool_conversation",
    "ToolsResponse": "llmring.chat.tool_conversation",
    "UploadedPart": "llmring.chat.parts",
    "Usage": "llmring.chat.events",
    "attachment": "llmring.client.attachment",
    "tool": "llmring.chat.function",
}

__all__ = [
    "AliasNotFoundError",
    "AllModelsFailedError",
    "Attempt",
    "AudioPart",
    "BudgetExceededError",
    "Caching",
    "CallSize",
    "CircuitState",
    "ConfigurationError",
    "ContentPolicyError",
    "ContextLengthError",
    "Cost",
    "CostParts",
    "Deregistration",
    "DocumentPart",
    "EmbeddingResponse",
    "FrozenLockfileError",
    "FunctionCall",
    "FunctionTool",
    "ImagePart",
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
    "NamedTool",
    "NoUsableModelError",
    "OutputFormat",
    "Pending",
    "PendingChat",
    "PendingClose",
    "PendingCount",
    "PendingEmbedding",
    "PendingModels",
    "PendingStatus",
    "PendingStream",
    "PendingTools",
    "PlainData",
    "Plan",
    "PlanStep",
    "ProviderAuthenticationError",
    "ProviderConnectionError",
    "ProviderError",
    "ProviderModelNotFoundError",
    "ProviderNotFoundError",
    "ProviderPart",
    "ProviderRateLimitError",
    "ProviderRequestError",
    "ProviderResponseError",
    "ProviderStatus",
    "ProviderTimeoutError",
    "ProviderTool",
    "Rates",
    "RawProvider",
    "Reasoning",
    "ReasoningPart",
    "RegisteredFile",
    "RequestFields",
    "SchemaProblem",
    "SchemaValidationError",
    "SpendingStatus",
    "Status",
    "StreamChunk",
    "TextPart",
    "TokenCount",
    "TooManyTurnsError",
    "Tool",
    "ToolCall",
    "ToolRun",
    "ToolServerError",
    "ToolsResponse",
    "UnreadableResponseError",
    "UnsupportedFeatureError",
    "UploadedPart",
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
