"""Removal of keys from text that goes into errors, logs and files."""

import re
from collections.abc import Iterable

MASK = "***"

# Vendors' key prefixes, to catch a key echoed by a proxy even if it is not the one that was
# sent. The tail must be long: "sk-" alone is not a secret.
_KEY_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|pplx|r8|hf|csk|tgp|fw|fpk|gh[pousr]|github_pat|glpat|nvapi|vck|xox[a-z])"
    r"[-_][A-Za-z0-9_\-]{16,}"
    r"|\bAIza[A-Za-z0-9_\-]{30,}"  # Google
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS
    r"|\bABSK[A-Za-z0-9+/]{20,}=*"  # Bedrock
    r"|\bdapi[0-9a-f]{32}"  # Databricks
    r"|\b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b"  # Z.ai
    r"|\beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]+"  # JWT: MiniMax, Nebius
    r"|\bBearer\s+[A-Za-z0-9._~+/\-]{16,}=*"
    # A login in base64, but not "Basic understanding".
    r"|\bBasic\s+(?=[A-Za-z+/]*[0-9=])[A-Za-z0-9+/]{10,}={0,2}"
)


# Shorter values ("x", "none") are not secrets, and masking them would garble the text.
_SHORTEST = 8


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask all given secrets, and everything that looks like a key.

    A secret that is cut off at the end of the text is masked too.
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
