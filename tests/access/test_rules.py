"""The rules by which a key may be used."""

from datetime import timedelta

import pytest

from access_keys import NOON, access_key
from llmring.access.rules import allows_address, allows_api, has_expired


def test_g111_a_key_ends_at_its_time() -> None:
    key = access_key(expires=NOON)

    assert not has_expired(key, NOON - timedelta(seconds=1))
    assert has_expired(key, NOON)
    assert not has_expired(access_key(), NOON)


def test_g111_a_key_may_be_limited_to_apis() -> None:
    key = access_key(wires=("messages",))

    assert allows_api(key, "messages")
    assert not allows_api(key, "chat")
    assert allows_api(access_key(), "chat")


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("10.1.2.3.4", False),
        ("localhost", False),
    ],
)
def test_g111_a_key_may_be_limited_to_networks(address: str, allowed: bool) -> None:
    key = access_key(nets=("10.0.0.0/8", "192.0.2.7", "2001:db8::/32"))

    assert allows_address(key, address) is allowed
    assert allows_address(access_key(), address)
