"""llmring: code names an alias, and a lockfile lists the models that may answer.

Public names are loaded on first use, to keep the import fast.
"""

from importlib import import_module

__version__ = "2.0.0"

# As in typing, whose import takes 8 ms; type checkers know this name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from llmring.batch.engine.batch_job import BatchJob, PendingReport
    from llmring.batch.engine.reports.batch_report import BatchReport
    from llmring.batch.engine.reports.batch_row import BatchRow
    from llmring.batch.engine.reports.run_progress import BatchProgress, ModelPace
    from llmring.batch.engine.reports.totals import ModelTotals
    from llmring.bridge.pending import Pending
    from llmring.chat.caching import Caching
    from llmring.chat.citation import Citation
    from llmring.chat.cost import Cost, CostParts
    from llmring.chat.embedding import EmbeddingResponse
    from llmring.chat.events import Usage
    from llmring.chat.function import FunctionTool, tool
    from llmring.chat.output_format import OutputFormat, SchemaProblem
    from llmring.chat.parts import (
        AudioPart,
        CommentaryPart,
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
    from llmring.chat.tool_conversation import ToolRun, ToolsResponse, ToolStart
    from llmring.chat.tools import (
        FunctionCall,
        NamedTool,
        ProviderTool,
        Tool,
        ToolCall,
    )
    from llmring.client.batches.ring_batches import BatchFields
    from llmring.client.pending_calls import (
        PendingChat,
        PendingClose,
        PendingCount,
        PendingEmbedding,
        PendingModels,
        PendingStream,
        PendingTools,
        PendingToolsStream,
    )
    from llmring.client.request_args import RequestFields
    from llmring.client.ring import LLMRing
    from llmring.client.status import (
        PendingStatus,
        ProviderStatus,
        SpendingStatus,
        Status,
    )
    from llmring.client.vendor_sdk import RawProvider
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
        RingClosedError,
        SchemaValidationError,
        ToolServerError,
        TooManyTurnsError,
        UnreadableResponseError,
        UnsupportedFeatureError,
        ValidationError,
    )
    from llmring.files.attachment import attachment
    from llmring.files.registered import Deregistration, RegisteredFile
    from llmring.plain_data import PlainData
    from llmring.registry.catalog import Rates
    from llmring.routing.circuits import CircuitState
    from llmring.routing.plan import CallSize, Plan, PlanStep

_HOMES = {
    "Attempt": "llmring.chat.response",
    "AudioPart": "llmring.chat.parts",
    "Caching": "llmring.chat.caching",
    "BatchFields": "llmring.client.batches.ring_batches",
    "BatchJob": "llmring.batch.engine.batch_job",
    "BatchProgress": "llmring.batch.engine.reports.run_progress",
    "BatchReport": "llmring.batch.engine.reports.batch_report",
    "BatchRow": "llmring.batch.engine.reports.batch_row",
    "CallSize": "llmring.routing.plan",
    "CircuitState": "llmring.routing.circuits",
    "Citation": "llmring.chat.citation",
    "CommentaryPart": "llmring.chat.parts",
    "Cost": "llmring.chat.cost",
    "CostParts": "llmring.chat.cost",
    "Deregistration": "llmring.files.registered",
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
    "ModelPace": "llmring.batch.engine.reports.run_progress",
    "ModelTotals": "llmring.batch.engine.reports.totals",
    "NamedTool": "llmring.chat.tools",
    "OutputFormat": "llmring.chat.output_format",
    "Pending": "llmring.bridge.pending",
    "PendingChat": "llmring.client.pending_calls",
    "PendingClose": "llmring.client.pending_calls",
    "PendingCount": "llmring.client.pending_calls",
    "PendingEmbedding": "llmring.client.pending_calls",
    "PendingModels": "llmring.client.pending_calls",
    "PendingReport": "llmring.batch.engine.batch_job",
    "PendingStatus": "llmring.client.status",
    "PendingStream": "llmring.client.pending_calls",
    "PendingTools": "llmring.client.pending_calls",
    "PendingToolsStream": "llmring.client.pending_calls",
    "PlainData": "llmring.plain_data",
    "Plan": "llmring.routing.plan",
    "PlanStep": "llmring.routing.plan",
    "ProviderPart": "llmring.chat.parts",
    "ProviderStatus": "llmring.client.status",
    "ProviderTool": "llmring.chat.tools",
    "Rates": "llmring.registry.catalog",
    "RawProvider": "llmring.client.vendor_sdk",
    "Reasoning": "llmring.chat.reasoning",
    "ReasoningPart": "llmring.chat.parts",
    "RegisteredFile": "llmring.files.registered",
    "RequestFields": "llmring.client.request_args",
    "SchemaProblem": "llmring.chat.output_format",
    "SpendingStatus": "llmring.client.status",
    "Status": "llmring.client.status",
    "StreamChunk": "llmring.chat.response",
    "TextPart": "llmring.chat.parts",
    "TokenCount": "llmring.chat.token_count",
    "Tool": "llmring.chat.tools",
    "ToolCall": "llmring.chat.tools",
    "ToolRun": "llmring.chat.tool_conversation",
    "ToolStart": "llmring.chat.tool_conversation",
    "ToolsResponse": "llmring.chat.tool_conversation",
    "UploadedPart": "llmring.chat.parts",
    "Usage": "llmring.chat.events",
    "attachment": "llmring.files.attachment",
    "tool": "llmring.chat.function",
}

__all__ = [
    "AliasNotFoundError",
    "AllModelsFailedError",
    "Attempt",
    "AudioPart",
    "BatchFields",
    "BatchJob",
    "BatchProgress",
    "BatchReport",
    "BatchRow",
    "BudgetExceededError",
    "Caching",
    "CallSize",
    "CircuitState",
    "Citation",
    "CommentaryPart",
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
    "ModelPace",
    "ModelTotals",
    "NamedTool",
    "NoUsableModelError",
    "OutputFormat",
    "Pending",
    "PendingChat",
    "PendingClose",
    "PendingCount",
    "PendingEmbedding",
    "PendingModels",
    "PendingReport",
    "PendingStatus",
    "PendingStream",
    "PendingTools",
    "PendingToolsStream",
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
    "RingClosedError",
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
    "ToolStart",
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
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES.get(name, "llmring.exceptions")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
