"""The calls without an answer in text: embed, count_tokens, list_models."""
