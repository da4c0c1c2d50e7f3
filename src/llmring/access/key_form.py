"""The form of the gateway's keys: "lr_", 32 letters and digits at random, and 6 that check them.

The checksum shows a typo at once, and the form shows a key to programs that look for secrets.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "lr_"

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECKSUM = 32, 6
_HASH_PREFIX = "sha256:"
_HASH = re.compile(f"{_HASH_PREFIX}[0-9a-f]{{64}}", re.ASCII)


def new_key() -> str:
    """Make a key."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{PREFIX}{random}{_checksum(random)}"


def is_well_formed(text: str) -> bool:
    """Return True if a text has the form of a key, and its checksum is right."""
    body = text.removeprefix(PREFIX)
    return (
        text.startswith(PREFIX)
        and len(body) == _RANDOM + _CHECKSUM
        and all(letter in _ALPHABET for letter in body)
        and body[_RANDOM:] == _checksum(body[:_RANDOM])
    )


def digest_of(key: str) -> bytes:
    """Return the hash by which a key is looked up."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def hash_of(key: str) -> str:
    """Return the hash of a key as stores and lockfiles have it."""
    return written_hash(digest_of(key))


def written_hash(digest: bytes) -> str:
    """Return a hash as stores and lockfiles have it."""
    return f"{_HASH_PREFIX}{digest.hex()}"


def read_hash(text: str) -> bytes:
    """Return the hash that a store or a lockfile has.

    Raises:
        ValueError: It is not one.
    """
    if not _HASH.fullmatch(text):
        raise ValueError(f"{text!r:.100} is not a hash; llmring keys hash prints one")
    return bytes.fromhex(text.removeprefix(_HASH_PREFIX))


def _checksum(random: str) -> str:
    rest, found = zlib.crc32(random.encode()), ""
    for _ in range(_CHECKSUM):
        rest, at = divmod(rest, len(_ALPHABET))
        found = _ALPHABET[at] + found
    return found
