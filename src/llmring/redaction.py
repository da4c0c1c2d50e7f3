"""Takes keys out of text before it can reach an error, a log or a file."""

import re
from collections.abc import Iterable

MASK = "***"

# The prefixes that vendors give their keys, so that a key echoed by a proxy is caught even
# where it is not the one that was sent. The tail must be long: "sk-" alone is no secret.
_KEY_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|pplx|r8|hf|csk|tgp|fw|ghp|github_pat|nvapi)[-_][A-Za-z0-9_\-]{16,}"
    r"|\bAIza[A-Za-z0-9_\-]{30,}"
    r"|\bBearer\s+[A-Za-z0-9._\-]{16,}"
)


# What is shorter is no secret ("x", "none"), and would take words out of the text.
_SHORTEST = 8


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with every given secret, and whatever has the shape of a key, masked.

    A secret that the end of the text cuts off is masked too.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = _without_beginning_at_end(text.replace(secret, MASK), secret)
    return _KEY_SHAPES.sub(MASK, text)


def _without_beginning_at_end(text: str, secret: str) -> str:
    for length in range(len(secret) - 1, _SHORTEST - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + MASK
    return text
