"""The earlier llmring, 1.4.0."""

from __future__ import annotations

import os
import tempfile
from importlib.metadata import version
from pathlib import Path

from meter import Opened, serve

from llmring import LLMRing
from llmring.schemas import LLMRequest, Message


def _ring(*urls: str) -> LLMRing:
    os.environ["OPENAI_API_KEY"] = "sk-none"
    os.environ["OPENAI_BASE_URL"] = urls[0]
    folder = Path(tempfile.mkdtemp())
    path = folder / "llmring.lock"
    path.write_text(
        'version = "1.0"\ndefault_profile = "default"\n[profiles.default]\nname = "default"\n'
        '[[profiles.default.bindings]]\nalias = "a"\nmodels = ["openai:gpt-4o-mini"]\n'
    )
    # Without a registry address, it would ask the public one about each new model.
    return LLMRing(lockfile_path=str(path), registry_url=(folder / "none").as_uri())


def _request() -> LLMRequest:
    return LLMRequest(model="a", messages=[Message(role="user", content="Hi")])


def opened(url: str) -> Opened:
    """Build a ring for one server."""
    ring = _ring(url)

    async def chat() -> str:
        return (await ring.chat(_request())).content or ""

    async def stream() -> str:
        return "".join([chunk.delta async for chunk in ring.chat_stream(_request())])

    return Opened(chat, stream, ring.close)


if __name__ == "__main__":
    serve(version("llmring"), opened)
