"""Removal of keys from text that goes into errors, logs and files."""

import functools
import re
from collections.abc import Iterable, Mapping

MASK = "***"

# Vendors' key prefixes, to catch a key echoed by a proxy even if it is not the one that was
# sent. The tail must be long: "sk-" alone is not a secret.
_KEY_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|pplx|r8|hf|csk|tgp|fw|fpk|gh[pousr]|github_pat|glpat|nvapi|vck|xox[a-z])"
    r"[-_][A-Za-z0-9_\-]{16,}"
    r"|\blr_[A-Za-z0-9]{38}"  # this gateway
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


# Names of headers and of parts of an address whose values are secrets.
SECRET_NAME = re.compile("auth|cookie|credential|key|pass|secret|sig|token", re.IGNORECASE)

# Shorter values ("x", "none") are not secrets, and masking them would garble the text.
_SHORTEST = 8


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask all given secrets, and everything that looks like a key.

    A secret is found in any case, and in the spellings of JSON, HTML and addresses. One that is cut
    off at the end of the text is masked too.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = _pattern(secret).sub(MASK, text)
            for spelling in _spellings(secret):
                text = _without_beginning_at_end(text, spelling)
    return _KEY_SHAPES.sub(MASK, text)


def one_line(text: str) -> str:
    """Return a text without what ends a line or controls a terminal, spaces in its place."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " for each in text)


def pattern_of(secrets: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds the given secrets, and nothing else."""
    spellings = [_pattern(secret).pattern for secret in secrets if len(secret) >= _SHORTEST]
    return re.compile("|".join(spellings) or "(?!)", re.IGNORECASE)


def marks_of(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Return bytes of which one is in every text that holds one of the secrets, in lower case.

    Looking for these takes a fraction of the time that the pattern takes.
    """
    spellings = [
        each for secret in secrets if len(secret) >= _SHORTEST for each in _spellings(secret)
    ]
    return tuple(each.lower().encode() if each.isascii() else b"" for each in spellings)


def secrets_in(named: Mapping[str, str]) -> list[str]:
    """Return the values of headers, or of the query of an address, that are secrets."""
    return [value for name, value in named.items() if SECRET_NAME.search(name)]


@functools.lru_cache(maxsize=256)
def _pattern(secret: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, _spellings(secret))), re.IGNORECASE)


@functools.lru_cache(maxsize=256)
def _spellings(secret: str) -> list[str]:
    """Return the ways in which a server may write a secret, longest first."""
    if secret.isalnum():
        return [secret]
    import html
    import json
    from urllib.parse import quote, quote_plus

    in_json, in_url = json.dumps(secret)[1:-1], quote(secret, safe="")
    found = {
        secret,
        in_json,
        in_json.replace("/", "\\/"),
        repr(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        in_url,
        quote(secret),
        quote_plus(secret),
    }
    # Text whose known shapes are masked already has only the rest of the secret.
    found |= {_KEY_SHAPES.sub(MASK, each) for each in found}
    return sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True)


def _without_beginning_at_end(text: str, secret: str) -> str:
    end, secret = text[-len(secret) :].lower(), secret.lower()
    for length in range(len(secret) - 1, _SHORTEST - 1, -1):
        if end.endswith(secret[:length]):
            return text[:-length] + MASK
    return text
