"""Signatures of lockfiles: what they cover, and keys that can't be used."""

import base64
import sys
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from llmring.exceptions import ConfigurationError
from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.lockfile.edit.pins import pinned, signed
from llmring.lockfile.pins import Pin
from llmring.lockfile.signature import PublicKey, fault, private_key, public_key, sign

TEXT = """version = "1.0"

[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "mine:small"]  # best first

[providers.mine]
kind = "openai"
base_url = "https://models.example/v1"
"""
REF = ModelRef.parse("openai:gpt-4o-mini")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OWNER = PublicKey(public_key(KEY), "LLMRING_PUBLIC_KEY")


def signed_text(text: str = TEXT, key: Ed25519PrivateKey = KEY) -> str:
    after = pinned(text, {REF: Pin(ref=REF, model="gpt-4o-mini")}, date(2026, 11, 23))
    return signed(after, sign(parse(after), key))


def with_signature(lockfile: Lockfile, signature: str) -> Lockfile:
    changed: Lockfile = replace(lockfile, registry={**lockfile.registry, "signature": signature})
    return changed


def pem(key: object, encryption: KeySerializationEncryption | None = None) -> bytes:
    pem: bytes = key.private_bytes(  # type: ignore[attr-defined]
        Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
    )
    return pem


def test_a_signed_lockfile_has_no_fault() -> None:
    assert fault(parse(signed_text()), OWNER) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('alias = "fast"', 'alias = "slow"'),
        ('gpt-4o-mini", ', 'gpt-4o", '),
        ('"openai:gpt-4o-mini", "mine:small"', '"mine:small", "openai:gpt-4o-mini"'),
        ("models.example", "attacker.example"),
        ('kind = "openai"', 'kind = "openai"\napi_key_env = "OPENAI_API_KEY"'),
        ('kind = "openai"', 'kind = "openai"\nheaders = { x-copy = "attacker.example" }'),
        (
            "[providers.mine]",
            '[providers.openai]\nbase_url = "https://a.example"\n[providers.mine]',
        ),
        ('model = "gpt-4o-mini"', 'model = "gpt-4o"'),
    ],
)
def test_a_change_of_a_binding_a_pin_or_a_provider_breaks_the_signature(old: str, new: str) -> None:
    text = signed_text()
    assert text.count(old) == 1

    found = fault(parse(text.replace(old, new)), OWNER)

    assert found is not None
    assert f"its signature is not one of {OWNER.text}, which LLMRING_PUBLIC_KEY requires" in found


def test_a_digest_that_is_copied_with_its_signature_does_not_cover_other_bindings() -> None:
    other = pinned(
        TEXT.replace("fast", "slow"),
        {REF: Pin(ref=REF, model="gpt-4o-mini")},
        date(2026, 11, 23),
    )
    ours = parse(signed_text()).registry
    forged = parse(other.replace(parse(other).registry["digest"], ours["digest"]))

    assert fault(with_signature(forged, ours["signature"]), OWNER)


def test_comments_order_and_layout_do_not_break_the_signature() -> None:
    text = signed_text().replace("  # best first", "").replace(" = ", "=") + "\n# the end\n"

    assert fault(parse(text), OWNER) is None


def test_the_signature_of_another_key_is_a_fault() -> None:
    text = signed_text(key=Ed25519PrivateKey.from_private_bytes(bytes(32)))

    assert "its signature is not one of" in str(fault(parse(text), OWNER))


@given(st.integers(0, 63), st.integers(1, 255))
def test_a_signature_with_any_changed_byte_is_a_fault(at: int, change: int) -> None:
    lockfile = parse(signed_text())
    raw = bytearray(base64.b64decode(lockfile.registry["signature"].removeprefix("ed25519:")))
    raw[at] ^= change

    assert fault(with_signature(lockfile, "ed25519:" + base64.b64encode(raw).decode()), OWNER)


@pytest.mark.parametrize("signature", ["", "ed25519:", "ed25519:AAAA", "ed25519:é", "rsa:AAAA"])
def test_a_signature_that_is_none_is_a_fault(signature: str) -> None:
    assert fault(with_signature(parse(signed_text()), signature), OWNER)


@pytest.mark.parametrize("text", ["", "ed25519:", "ed25519:AAAA", "é", pem(KEY).decode()])
def test_a_public_key_that_is_none_is_an_error_that_does_not_quote_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        fault(parse(signed_text()), PublicKey(text, "LLMRING_PUBLIC_KEY"))

    assert caught.value.message == (
        "LLMRING_PUBLIC_KEY does not hold a public key; set it to the one that "
        "llmring lock pin --sign prints, such as ed25519:…="
    )


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "key.pem is not a private key in PEM; name another file, or make a key: openssl"),
        (TEXT.encode(), "key.pem is not a private key in PEM;"),
        (pem(generate_private_key(SECP256R1())), "key.pem is not a key for Ed25519;"),
        (pem(KEY, BestAvailableEncryption(b"word")), "key.pem has a passphrase;"),
    ],
)
def test_a_file_without_a_usable_private_key_is_an_error(data: bytes, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        private_key(data, "key.pem")

    assert caught.value.message.startswith(problem)


def test_a_private_key_is_read_from_pem() -> None:
    assert public_key(private_key(pem(KEY), "key.pem")) == OWNER.text


def test_without_the_library_a_signature_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lockfile = parse(signed_text())
    monkeypatch.setitem(sys.modules, "cryptography", None)

    with pytest.raises(ConfigurationError, match=r'pip install "llmring\[sign\]"'):
        fault(lockfile, OWNER)
