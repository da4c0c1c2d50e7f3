"""Finish reasons of all vendors that mean a failure or a refusal.

Each API has a table of its own for the other reasons, and for words that mean something else
there. These words are one table, because gateways pass on the words of the vendors behind them:
a Chat Completions server may report Gemini's "MALFORMED_FUNCTION_CALL" or Anthropic's "refusal".

https://openrouter.ai/docs/api-reference/overview
https://docs.z.ai/api-reference/llm/chat-completion
https://api-docs.deepseek.com/api/create-chat-completion
https://docs.mistral.ai/api
https://docs.cohere.com/reference/chat
https://docs.vllm.ai/en/latest/api/vllm/v1/engine
https://docs.sglang.ai/backend/openai_api_completions.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
https://ai.google.dev/api/generate-content#FinishReason
https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
https://platform.openai.com/docs/api-reference/responses/object
"""

from __future__ import annotations

from collections.abc import Mapping

FAILURES = frozenset(
    {
        # OpenRouter, Mistral, vLLM and Cohere, if the model failed during its answer.
        "error",
        # vLLM and SGLang, if the server stopped the answer.
        "abort",
        "aborted",
        # Z.ai
        "network_error",
        # DeepSeek
        "insufficient_system_resource",
        # Gateways that report the state of their task, as the Responses API does.
        "cancelled",
        "canceled",
        "failed",
        # Cohere
        "error_limit",
        "timeout",
        "user_cancel",
        # Bedrock
        "malformed_model_output",
        "malformed_tool_use",
        # Gemini; its OpenAI-compatible API writes "function_call_filter: MALFORMED_FUNCTION_CALL".
        "function_call_filter",
        "image_other",
        "malformed_function_call",
        "malformed_response",
        "missing_thought_signature",
        "no_image",
        "other",
        "too_many_tool_calls",
        "unexpected_tool_call",
    }
)

REFUSALS = frozenset(
    {
        # OpenAI and Azure; Gemini's OpenAI-compatible API writes "content_filter: RECITATION".
        "content_filter",
        # Anthropic
        "refusal",
        # Z.ai
        "sensitive",
        # Bedrock
        "content_filtered",
        "guardrail_intervened",
        # Cohere
        "error_toxic",
        # Gemini
        "blocklist",
        "escalation",
        "image_prohibited_content",
        "image_recitation",
        "image_safety",
        "jailbreak",
        "language",
        "model_armor",
        "prohibited_content",
        "pup_limited_disabled",
        "recitation",
        "safety",
        "spii",
    }
)


def reason_of(native: str, own: Mapping[str, str]) -> str:
    """Return the finish reason in the product's words; a word that no table has, in lower case.

    Args:
        native: The vendor's word; anything after a colon explains it.
        own: The API's own table, by words in lower case.
    """
    word = native.lower()
    if word in own:
        return own[word]
    known = word.partition(":")[0].strip().replace("-", "_")
    if known in FAILURES:
        return "error"
    if known in REFUSALS:
        return "content_filter"
    return own.get(known, word)
