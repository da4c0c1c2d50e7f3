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


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with every given secret, and whatever has the shape of a key, masked."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    return _KEY_SHAPES.sub(MASK, text)
