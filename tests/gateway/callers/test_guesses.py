"""The count of wrong keys by address."""

import pytest

from llmring.gateway.callers.guesses import MOST, SECONDS, Guesses

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Counted:
    """Guesses with a clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.blocked: list[str] = []
        self.guesses = Guesses(self.blocked.append, lambda: self.seconds)

    def guess(self, address: str, times: int = 1) -> None:
        for _ in range(times):
            self.guesses.count(address)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_g118_ten_wrong_keys_a_minute_close_an_address(counted: Counted) -> None:
    counted.guess(HERE, MOST - 1)
    before = counted.guesses.wait(HERE)
    counted.guess(HERE)

    assert (before, counted.guesses.wait(HERE)) == (0, SECONDS)
    assert counted.guesses.wait(THERE) == 0


def test_g118_it_opens_again_after_a_minute(counted: Counted) -> None:
    counted.guess(HERE, MOST)
    counted.seconds = SECONDS - 1
    almost = counted.guesses.wait(HERE)
    counted.seconds = SECONDS

    assert (almost, counted.guesses.wait(HERE)) == (1, 0)
    counted.guess(HERE)
    assert counted.guesses.wait(HERE) == 0


def test_g118_it_is_reported_once(counted: Counted) -> None:
    counted.guess(HERE, 50)

    assert counted.blocked == [HERE]


def test_g118_a_key_that_was_right_from_there_goes_on(counted: Counted) -> None:
    counted.guesses.remember(HERE, "id")
    counted.guess(HERE, MOST)

    assert counted.guesses.wait(HERE, "id") == 0
    assert counted.guesses.wait(HERE, "another") == SECONDS
    assert counted.guesses.wait(HERE) == SECONDS


def test_g118_the_addresses_of_a_network_of_ipv6_count_together(counted: Counted) -> None:
    for number in range(MOST):
        counted.guess(f"2001:db8::{number:x}")

    assert counted.guesses.wait("2001:db8::ffff") == SECONDS
    assert counted.guesses.wait("2001:db8:0:1::1") == 0
    assert counted.guesses.wait("not an address") == 0


def test_g118_many_addresses_take_bounded_memory(counted: Counted) -> None:
    for number in range(20_000):
        counted.guess(f"10.0.{number >> 8}.{number & 255}")
        counted.guesses.remember(f"10.0.{number >> 8}.{number & 255}", "id")

    assert len(counted.guesses._tries) == 10_000
    assert len(counted.guesses._right) == 10_000
