"""Signatures of lockfiles: Ed25519 over the bindings, the pins and the `[providers]`.

The library that signs and verifies is an extra, and is imported only where that is done.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from llmring.exceptions import ConfigurationError
from llmring.lockfile.document import Lockfile
from llmring.lockfile.pins import digest_of, hash_of, pins_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ALGORITHM = "ed25519:"
_KEY_BYTES = 32

FIX = "llmring lock pin --sign KEYFILE"


class PublicKey(Struct, frozen=True):
    """The public key with which a lockfile must be signed.

    Attributes:
        text: "ed25519:" and the key in base64.
        place: The setting that holds it, for messages.
    """

    text: str
    place: str


def private_key(pem: bytes, place: str) -> Ed25519PrivateKey:
    """Parse a private key.

    Args:
        pem: The key, in PEM, without a passphrase.
        place: The file that holds it.

    Raises:
        ConfigurationError: It is not such a key, or the extra is not installed.
    """
    _require_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found: Any = None
    try:
        found = load_pem_private_key(pem, None)
    except TypeError:
        problem = "has a passphrase; write it without one: openssl pkey -in OLD -out NEW"
    except (ValueError, UnsupportedAlgorithm):
        problem = "is not a private key in PEM"
    else:
        problem = "is not a key for Ed25519"
    if isinstance(found, Ed25519PrivateKey):
        return found
    raise ConfigurationError(f"{place} {problem}; name another file, or {how_to_make('NEW.pem')}")


def how_to_make(place: str) -> str:
    """Return how to make a private key in this file."""
    return f"make a key: openssl genpkey -algorithm ed25519 -out {place}"


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key, as settings hold it."""
    return _ALGORITHM + base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(lockfile: Lockfile, key: Ed25519PrivateKey) -> str:
    """Return the signature of a lockfile."""
    return _ALGORITHM + base64.b64encode(key.sign(_signed(lockfile))).decode()


def fault(lockfile: Lockfile, key: PublicKey) -> str | None:
    """Return why a lockfile is not signed with this key; None if it is.

    Raises:
        ConfigurationError: The key can't be used, or the extra is not installed.
    """
    raw = _decoded(key.text)
    if raw is None or len(raw) != _KEY_BYTES:
        # Not quoted: it may be the private key.
        raise ConfigurationError(
            f"{key.place} does not hold a public key; set it to the one that "
            "llmring lock pin --sign prints, such as ed25519:…="
        )
    written = lockfile.registry.get("signature")
    if written is None:
        return f"has no signature, and {key.place} requires one of {key.text}"
    _require_library()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(_decoded(written) or b"", _signed(lockfile))
    except InvalidSignature:
        return (
            f"its signature is not one of {key.text}, which {key.place} requires, or its "
            "bindings, pins or providers have changed since"
        )
    return None


def _signed(lockfile: Lockfile) -> bytes:
    """Return the bytes that a signature covers."""
    # The digest is computed, since the one in the file may be another.
    covered = {
        "digest": digest_of(lockfile, pins_of(lockfile)),
        "providers": lockfile.providers,
    }
    return f"llmring lockfile\n{hash_of(covered)}".encode()


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.removeprefix(_ALGORITHM), validate=True)
    except (binascii.Error, ValueError):
        return None


def _require_library() -> None:
    from importlib.util import find_spec

    if find_spec("cryptography") is None:
        raise ConfigurationError('signatures need a library; run pip install "llmring[sign]"')
