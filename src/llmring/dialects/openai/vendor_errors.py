"""Errors of servers that speak OpenAI's dialects whose status is too vague or misleading.

A problem of the account, of the model's capacity, or of the form of the history has status 400 with
many servers, but another model may well answer. Codes decide before words. Sources:

- OpenAI: https://platform.openai.com/docs/guides/error-codes/api-errors
- Groq: https://console.groq.com/docs/errors
- Fireworks: https://docs.fireworks.ai/guides/inference-error-codes
- NVIDIA: https://docs.api.nvidia.com/nim/reference/llm-apis
- Alibaba: https://www.alibabacloud.com/help/en/model-studio/error-code
- LiteLLM: https://docs.litellm.ai/docs/exception_mapping
- OpenRouter: https://openrouter.ai/docs/api-reference/errors
- Moonshot: https://platform.moonshot.ai/docs/api/chat
- DeepSeek: https://api-docs.deepseek.com/quick_start/error_codes
- Mistral: https://docs.mistral.ai/api/
- Together: https://docs.together.ai/docs/error-codes
- GitHub Models: https://docs.github.com/en/rest/models/inference
- vLLM, SGLang, llama.cpp: the chat templates of models, which raise these words
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from llmring.dialects.refusals.vendor_words import (
    ANTHROPIC_HISTORY,
    COUNTRY,
    DEEPSEEK_HISTORY,
    GOOGLE_HISTORY,
    TEMPLATE_HISTORY,
)
from llmring.exceptions import (
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderResponseError,
    UnsupportedFeatureError,
)

# A quota that stays used up until a person acts.
USED_UP = frozenset(
    {
        "billing_hard_limit_reached",
        "billing_not_active",
        "exceeded_current_quota_error",  # Moonshot
        "insufficient_balance",
        "insufficient_quota",
    }
)

_BY_CODE: Mapping[str, type[ProviderError]] = MappingProxyType(
    {
        # The account.
        "access_denied": ProviderAuthenticationError,  # Alibaba
        "accessdenied": ProviderAuthenticationError,  # Alibaba
        "accessdenied.unpurchased": ProviderAuthenticationError,  # Alibaba
        "account_deactivated": ProviderAuthenticationError,
        "arrearage": ProviderAuthenticationError,  # Alibaba
        "billing_not_active": ProviderAuthenticationError,
        "budget_exceeded": ProviderAuthenticationError,  # LiteLLM
        "exceeded_current_quota_error": ProviderAuthenticationError,  # Moonshot
        "failed_precondition": ProviderAuthenticationError,  # Google: country or billing
        "insufficient_balance": ProviderAuthenticationError,
        "key_model_access_denied": ProviderAuthenticationError,  # LiteLLM
        "team_model_access_denied": ProviderAuthenticationError,  # LiteLLM
        "user_model_access_denied": ProviderAuthenticationError,  # LiteLLM
        "model_terms_required": ProviderAuthenticationError,  # Groq
        "organization_restricted": ProviderAuthenticationError,  # Groq
        "unsupported_country_region_territory": ProviderAuthenticationError,
        # The model.
        "model_not_supported": ProviderModelNotFoundError,  # Alibaba
        "modelnotfound": ProviderModelNotFoundError,  # Alibaba
        "unavailable_model": ProviderModelNotFoundError,  # GitHub Models
        "unknown_model": ProviderModelNotFoundError,  # GitHub Models
        # Its capacity.
        "capacity_exceeded": ProviderResponseError,  # Groq
        "engine_overloaded_error": ProviderResponseError,  # Moonshot
        # The history.
        "invalid_encrypted_content": UnsupportedFeatureError,
        "invalid_request_message_order": UnsupportedFeatureError,  # Mistral
    }
)

# IDs that only another vendor gives, or longer ones than this vendor's.
_ID_OF_HISTORY = re.compile(r"(messages|input)\[\d+\]\.(.*\.)?(id|call_id|tool_call_id)")

_REFUSED = frozenset({200, 400, 412, 422})

_KINDS_BY_TEXT: tuple[tuple[frozenset[int], re.Pattern[str], type[ProviderError]], ...] = tuple(
    (statuses, re.compile(words, re.IGNORECASE), kind)
    for statuses, words, kind in (
        (
            _REFUSED,
            (
                r"(account|organi[sz]ation|project)\b.{0,80}\b"
                r"(suspended|restricted|deactivated|disabled|not active|on hold)\b"
                r"|account is in good standing|insufficient (account )?(balance|credits?|funds)"
                r"|credit balance|spending limit|budget has been exceeded|past invoices"
                rf"|{COUNTRY}"
                r"|organi[sz]ation must be verified to (stream|use|access)"
            ),
            ProviderAuthenticationError,
        ),
        (
            _REFUSED,
            (
                r"DEGRADED function|capacity exceeded|(exceeds|at|over) capacity"
                r"|temporarily (unavailable|overloaded)|is (currently )?overloaded"
            ),
            ProviderResponseError,
        ),
        (
            _REFUSED,
            (
                r"not deployed|no deployments? available|unable to access (non-serverless )?model"
                r"|unsupported model\b"
            ),
            ProviderModelNotFoundError,
        ),
        (
            _REFUSED | {500},
            (
                rf"{ANTHROPIC_HISTORY}|{DEEPSEEK_HISTORY}|{GOOGLE_HISTORY}|{TEMPLATE_HISTORY}"
                # Moonshot: the reasoning of earlier turns
                r"|reasoning_content is missing"
                # Groq, Cerebras: a field that only another vendor has
                r"|messages?\W{1,2}\d+.{0,120}property .{1,60} is unsupported"
                # Mistral, DeepSeek
                r"|tool call id was .{1,100} but must be|unexpected tool call id"
                r"|consecutive assistant message|last message .{0,60}must be a user"
                # OpenAI's Responses
                r"|without its required (following|preceding|reasoning) item"
                r"|items are not persisted when"
                # Templates of models
                r"|expected last role|unexpected role ['\"]"
                r"|system message must be at the beginning|no user query found in messages"
                r"|(2|two) or more assistant messages"
            ),
            UnsupportedFeatureError,
        ),
        (
            # Alibaba, Moonshot, Together
            _REFUSED,
            (
                r"range of input length should|exceeded model token limit"
                r"|tokens`? \+ .{1,40} must be <="
            ),
            ContextLengthError,
        ),
        (
            # Alibaba, DeepSeek, Groq: a longer answer than this model gives; then vLLM, llama.cpp
            _REFUSED,
            (
                r"range of `?max_tokens`? (should|is)"
                r"|`?max_(completion_)?tokens`? must be less than"
                r"|--enable-auto-tool-choice|is not a multimodal model|provide a chat template"
                r"|at most \d+ (image|audio|video)|failed to parse grammar"
            ),
            UnsupportedFeatureError,
        ),
        (
            # OpenRouter: not the model, but its parameters are refused
            frozenset({404}),
            r"can handle the requested parameters",
            UnsupportedFeatureError,
        ),
    )
)


def kind_by_code(
    status: int, codes: Sequence[str], param: str | None
) -> type[ProviderError] | None:
    """Return the class of an error about the account, the model or the history, by its code.

    Args:
        status: The HTTP status.
        codes: The error's code and type, in lower case.
        param: The parameter that the error names, if any.
    """
    if param is not None and status in _REFUSED and _ID_OF_HISTORY.fullmatch(param):
        return UnsupportedFeatureError
    return next((_BY_CODE[code] for code in codes if code in _BY_CODE), None)


def kind_by_words(status: int, message: str) -> type[ProviderError] | None:
    """Return the class of an error about the account, the model or the history, by its message."""
    for statuses, words, kind in _KINDS_BY_TEXT:
        if status in statuses and words.search(message):
            return kind
    return None
