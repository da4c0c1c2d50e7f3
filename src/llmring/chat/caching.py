"""Prompt caching as a request asks for it, and the parsing of its accepted forms."""

from typing import Any

from msgspec import Struct

from llmring.exceptions import ValidationError


class Caching(Struct, frozen=True):
    """Prompt caching for one request.

    Attributes:
        ttl: How long the provider should keep the prompt, as the provider writes it ("5m", "1h",
            "24h"); None for its default.
        key: Groups requests that begin alike, for providers that accept such a key.
    """

    __module__ = "llmring"

    ttl: str | None = None
    key: str | None = None


def parse_caching(value: Any) -> Caching | None:
    """Parse `cache=`: True, a lifetime, or a dictionary with `ttl` and `key`.

    Raises:
        ValidationError: The value has another form.
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
        case {**fields} if fields.keys() <= {"ttl", "key", "type"} and all(
            isinstance(each, str | None) for each in fields.values()
        ):
            return Caching(value.get("ttl"), value.get("key"))
    raise ValidationError(
        f'cache must be True, a lifetime like "1h" or {{"ttl": …, "key": …}}, not {value!r:.100}'
    )
