"""What a request asks of a provider's prompt cache, and how people write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from llmring.exceptions import ValidationError


class Caching(Struct, frozen=True):
    """Prompt caching for one request.

    Attributes:
        ttl: How long the provider should keep it, in its own words ("5m", "1h", "24h"); None for
            its usual time.
        key: Ties requests that begin alike together, where the provider takes such a key.
    """

    ttl: str | None = None
    key: str | None = None


def parse_caching(value: Any) -> Caching | None:
    """What `cache=` asks for: True, a lifetime, or a dictionary of `ttl` and `key`.

    Raises:
        ValidationError: It is none of these.
    """
    match value:
        case None | False:
            return None
        case Caching():
            return value
        case True:
            return Caching()
        case str(ttl):
            return Caching(ttl)
        case Mapping() if value.keys() <= {"ttl", "key", "type"}:
            return Caching(value.get("ttl"), value.get("key"))
    raise ValidationError(
        f'cache must be True, a lifetime like "1h" or {{"ttl": …, "key": …}}, not {value!r:.100}'
    )
