"""The encryption of kept answers where others may read them: AES-256 in Galois/Counter Mode.

https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec

from llmring.exceptions import ConfigurationError

LEAST_LENGTH = 32

_VARIABLE = "LLMRING_CACHE_KEY"
_NONCE = 12
_PURPOSE = b"llmring answer cache\0"


class Cipher:
    """Encrypts kept answers.

    Args:
        key: The key, as it is set in the environment.

    Raises:
        ConfigurationError: The key is too short, or the library is not installed.
    """

    def __init__(self, key: str) -> None:
        if len(key) < LEAST_LENGTH:
            raise ConfigurationError(
                f"{_VARIABLE} is shorter than {LEAST_LENGTH} characters; make one: "
                'python -c "import secrets; print(secrets.token_hex())"'
            )
        if find_spec("cryptography") is None:
            raise ConfigurationError(
                f"{_VARIABLE} is set, but its library is missing; run pip install "
                '"llmring[gateway,sign]"'
            )
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aead = AESGCM(hashlib.sha256(_PURPOSE + key.encode()).digest())

    def encrypted(self, place: str, data: bytes) -> bytes:
        """Encrypt what is kept under a key, so that it can be read under no other."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, data, place.encode())

    def decrypted(self, place: str, data: bytes) -> bytes | None:
        """Return what was encrypted for a key; None if it was not, or was changed since."""
        from cryptography.exceptions import InvalidTag

        if len(data) < _NONCE:
            return None
        try:
            return self._aead.decrypt(data[:_NONCE], data[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            return None
