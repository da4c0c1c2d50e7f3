"""A kept key: read when it is first needed, and once."""

from llmring.providers.endpoint import Endpoint
from llmring.providers.kept_key import KeptKey
from llmring.providers.table import PROVIDERS

URL = "https://api.example.com/v1"


class Source:
    """A source of a key that counts how often it is read."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.reads = 0

    def __call__(self) -> str | None:
        self.reads += 1
        return self.key


def endpoint(source: Source, key: str | None = None) -> Endpoint:
    return Endpoint(PROVIDERS["openai"], URL, key, kept=KeptKey(source))


def test_the_key_is_read_once() -> None:
    source = Source("k-kept-0123")
    found = endpoint(source)

    assert source.reads == 0
    assert found.usable
    assert found.key_in_use == found.key_in_use == "k-kept-0123"
    assert source.reads == 1


def test_a_key_of_the_environment_wins_and_nothing_is_read() -> None:
    source = Source("k-kept-0123")
    found = endpoint(source, "k-env")

    assert (found.usable, found.key_in_use) == (True, "k-env")
    assert found.secrets == ["k-env"]
    assert source.reads == 0


def test_a_kept_key_is_a_secret_once_it_is_read_and_shows_in_no_repr() -> None:
    found = endpoint(Source("k-kept-0123"))

    assert found.secrets == []
    assert found.key_in_use == "k-kept-0123"
    assert found.secrets == ["k-kept-0123"]
    assert "0123" not in repr(found) + repr(found.kept)


def test_without_a_kept_key_the_endpoint_lacks_one() -> None:
    source = Source(None)
    found = endpoint(source)

    assert not found.usable
    assert not found.usable
    assert source.reads == 1
