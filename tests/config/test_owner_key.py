"""Signed lockfiles through the public API: where the key comes from, and when it counts."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import answers
from conftest import Way
from llmring import ConfigurationError, FrozenLockfileError, LLMRing, LLMRingError
from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.edit.pins import pinned, signed
from llmring.lockfile.pins import Pin
from llmring.lockfile.signature import public_key, sign
from loopback import Loopback
from rings import LASTING, MODEL, environ_of

REF = ModelRef.parse(MODEL)
OWN, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2))
FROZEN = {"LLMRING_FROZEN": "1"}
Make = Callable[..., LLMRing]


@pytest.fixture
def ring(serve: Callable[..., Loopback], lockfile: Callable[..., Path]) -> Make:
    """Return a function that makes a ring of a pinned lockfile, signed with a key or not at all."""

    def make(key: Ed25519PrivateKey | None, project: str | bytes = "", **environ: str) -> LLMRing:
        path = lockfile(fast=[MODEL])
        pins = {REF: Pin(ref=REF, model="gpt-4o-mini")}
        text = pinned(path.read_text() + LASTING, pins, date(2026, 11, 23))
        path.write_text(text if key is None else signed(text, sign(parse(text), key)))
        if project:
            data = project if isinstance(project, bytes) else project.encode()
            path.with_name("pyproject.toml").write_bytes(data)
        server = serve(answers.openai("Hi"))
        return LLMRing(path, environ={**environ_of(server), **environ})

    return make


def in_project(key: Ed25519PrivateKey) -> str:
    return f'[project]\nname = "app"\n\n[tool.llmring]\npublic_key = "{public_key(key)}"\n'


def test_a_frozen_lockfile_that_its_owner_has_signed_is_called(way: Way, ring: Make) -> None:
    by_project = ring(OWN, in_project(OWN), **FROZEN)
    assert way.chat(by_project, "fast", "Hello").content == "Hi"

    by_variable = ring(OWN, **FROZEN, LLMRING_PUBLIC_KEY=public_key(OWN))
    assert way.chat(by_variable, "fast", "Hello").content == "Hi"


@pytest.mark.parametrize("signer", [None, OTHER], ids=["unsigned", "signed by another"])
@pytest.mark.parametrize("source", ["project", "variable"])
def test_a_frozen_lockfile_that_its_owner_has_not_signed_is_an_error(
    way: Way, ring: Make, signer: Ed25519PrivateKey | None, source: str
) -> None:
    variable = {"LLMRING_PUBLIC_KEY": public_key(OWN)} if source == "variable" else {}
    made = ring(signer, in_project(OWN) if source == "project" else "", **FROZEN, **variable)

    with pytest.raises(FrozenLockfileError) as caught:
        way.chat(made, "fast", "Hello")

    place = made.lockfile_path.with_name("pyproject.toml")
    words = str(caught.value)
    assert words.startswith(f"{made.lockfile_path}: the lockfile is frozen, but ")
    assert public_key(OWN) in words
    assert ("LLMRING_PUBLIC_KEY" if source == "variable" else f"public_key in {place}") in words
    assert words.endswith("if it is as you want it: llmring lock pin --sign KEYFILE")


def test_the_variable_comes_before_the_project(way: Way, ring: Make) -> None:
    made = ring(OWN, in_project(OTHER), **FROZEN, LLMRING_PUBLIC_KEY=public_key(OWN))

    assert way.chat(made, "fast", "Hello").content == "Hi"


def test_without_a_public_key_or_not_frozen_a_signature_does_not_count(
    way: Way, ring: Make
) -> None:
    assert way.chat(ring(None, in_project(OWN)), "fast", "Hello").content == "Hi"
    assert way.chat(ring(OTHER, "[tool.other]\nkey = 1\n", **FROZEN), "fast", "Hello").content

    with pytest.raises(LLMRingError):
        way.chat(ring(None, in_project(OWN), **FROZEN), "fast", "Hello")


def test_required_aliases_of_an_unsigned_lockfile_are_an_error(ring: Make) -> None:
    with pytest.raises(FrozenLockfileError, match="has no signature"):
        ring(None, in_project(OWN), **FROZEN).require_aliases(["fast"])


@pytest.mark.parametrize(
    ("project", "problem"),
    [
        ("[tool.llmring\n", "is not TOML"),
        ("[tool.llmring]\npublic_key = 1\n", "is not a text; write it in quotes"),
        ('[tool.llmring]\npublic_key = "mine"\n', "does not hold a public key"),
        (b"\xff\xfe", "pyproject.toml"),
    ],
)
def test_a_project_file_whose_key_cannot_be_read_stops_a_frozen_call(
    way: Way, ring: Make, project: str | bytes, problem: str
) -> None:
    with pytest.raises(LLMRingError) as caught:
        way.chat(ring(OWN, project, **FROZEN), "fast", "Hello")

    assert problem in str(caught.value)
    assert isinstance(caught.value, ConfigurationError) or isinstance(project, bytes)
