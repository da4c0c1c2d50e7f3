"""The values of `format` that are checked.

https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3
"""

from __future__ import annotations

import functools
from collections.abc import Callable

# Other values, such as `int32`, are for the model to read.
CHECKED_FORMATS = (
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
)


@functools.cache
def format_checks() -> dict[str, Callable[[str], bool]]:
    """Return a check for each format, for schemas of any draft."""
    import jsonschema_rs

    return {
        name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid
        for name in CHECKED_FORMATS
    }
