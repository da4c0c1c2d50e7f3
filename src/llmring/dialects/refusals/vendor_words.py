"""Words of errors that reach the application from a vendor itself and through other servers.

Gateways pass on the words of the vendors behind them, so that each vendor has one table, for its
own dialect and for OpenAI's. Sources:

- Anthropic: https://platform.claude.com/docs/en/build-with-claude/extended-thinking and
  https://platform.claude.com/docs/en/api/errors
- DeepSeek: https://api-docs.deepseek.com/guides/thinking_mode and
  https://api-docs.deepseek.com/guides/anthropic_api
- Google: https://ai.google.dev/gemini-api/docs/thought-signatures and
  https://ai.google.dev/gemini-api/docs/troubleshooting
- Templates of models: https://huggingface.co/docs/transformers/chat_templating
"""

# The form of the history, which another model may take.
ANTHROPIC_HISTORY = "|".join(
    (
        r"expected `?thinking`? or `?redacted_thinking",
        r"first block must be `?thinking",
        r"`?redacted_thinking`? blocks in the latest",
        r"signature`? in `?thinking",
        r"each `?thinking`? block",
        r"tool_use(\.|_)id: string should match",
        r"assistant message prefill|prefill is incompatible",
    )
)
DEEPSEEK_HISTORY = r"must be passed back to the API"
GOOGLE_HISTORY = "|".join(
    (
        r"missing a `?thought_signature",
        r"thought.?signature is not valid",
        r"corrupted thought.?signature",
        r"function call turn comes immediately",
        r"function response turn comes immediately",
        r"number of function response parts",
        r"alternate between user and model",
    )
)
TEMPLATE_HISTORY = r"roles must alternate"

# The account's country; the words of OpenAI, Anthropic and Google.
COUNTRY = r"(country|region|territory|location)\b.{0,40}\bnot (supported|available)"
