"""Servers that keep files, with their answers, and rings connected to them."""

from pathlib import Path
from typing import Any

from llmring import LLMRing
from llmring.providers.table import PROVIDERS
from loopback import Answer, Loopback, as_json

PDF = b"%PDF-1.4\n" + bytes(range(16))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)

OPENAI = "openai:gpt-4o-mini"
ANTHROPIC = "anthropic:claude-haiku-4-5"
GOOGLE = "google:gemini-2.5-flash"
GONE = as_json({"deleted": True})


def kept(id_: str = "file-1") -> Answer:
    return as_json({"id": id_})


def gemini(text: str = "from google") -> Answer:
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": "STOP"}
    return as_json({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 1}})


def at_google(state: str = "ACTIVE", name: str = "abc") -> dict[str, Any]:
    uri = f"https://generativelanguage.googleapis.com/v1beta/files/{name}"
    return {"name": f"files/{name}", "uri": uri, "state": state, "mimeType": "video/mp4"}


def ring_for(lockfile_path: Path | None = None, **servers: Loopback) -> LLMRing:
    environ = {"LLMRING_RETRIES": "0"}
    for name, server in servers.items():
        row = PROVIDERS[name]
        environ[row.key_env[0]] = f"key-of-{name}-0123456789"
        environ[row.base_url_env[0]] = server.url + ("/v1" if name == "openai" else "")
    return LLMRing(lockfile_path, environ=environ)


def sent(server: Loopback) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in server.requests]


CHAT = ("POST", "/v1/chat/completions")
UPLOAD = ("POST", "/v1/files")
