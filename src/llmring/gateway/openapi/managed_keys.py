"""Bodies of requests that manage keys, and of their answers."""

from __future__ import annotations

from llmring.gateway.openapi.schema_parts import (
    COUNT,
    FLAG,
    TEXT,
    Schema,
    one_of,
    or_null,
    several,
    table,
)

_USD: Schema = {"type": ["number", "string"], "description": "USD above 0."}
_LEAST = {**COUNT, "minimum": 1}
_SETTINGS: dict[str, Schema] = {
    "team": TEXT,
    "owner": TEXT,
    "role": one_of("user", "admin"),
    "profile": TEXT,
    "aliases": several(TEXT),
    "direct": FLAG,
    "wires": several(one_of("chat", "responses", "messages", "gemini", "ollama")),
    "nets": several(TEXT),
    "tags": several(TEXT),
    "headers": one_of("full", "min"),
    "rpm": _LEAST,
    "tpm": _LEAST,
    "max_concurrency": _LEAST,
    "max_cost_per_request": _USD,
    "daily_budget": _USD,
    "weekly_budget": _USD,
    "monthly_budget": _USD,
    "total_budget": _USD,
    "expires": {**TEXT, "format": "date-time"},
}
_KEY = table("id name", id=TEXT, name=TEXT, **_SETTINGS)

# By the name of the schema in the document.
KEY_SCHEMAS: dict[str, Schema] = {
    "KeySettings": table(
        "name", name=TEXT, **{name: or_null(schema) for name, schema in _SETTINGS.items()}
    ),
    "KeyName": table("name", name=TEXT),
    "Key": _KEY,
    "CreatedKey": table("key id name", key=TEXT, id=TEXT, name=TEXT, **_SETTINGS),
    "RevokedKey": table("name revoked", name=TEXT, revoked=FLAG),
    "Keys": table("keys", keys=several(_KEY)),
}
