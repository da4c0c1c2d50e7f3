"""The comparison's calls through llmring: an alias of two models."""

from __future__ import annotations

import tempfile
from pathlib import Path

from calling import Job, Opened, serve

from llmring import LLMRing, __version__


def opened(job: Job) -> Opened:
    """Build a ring for a wave of calls, without open circuits."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "llmring.lock"
    path.write_text(
        'version = "1.0"\n'
        f'[providers.first]\nkind = "openai"\nbase_url = "{job["urls"][job["fault"]]}"\n'
        f'[providers.second]\nkind = "openai"\nbase_url = "{job["urls"]["good"]}"\n'
        '[[profiles.default.bindings]]\nalias = "a"\nmodels = ["first:m", "second:m"]\n'
        f"timeout = {job['deadline']}\nstall_timeout = {job['stall']}\n"
    )
    ring = LLMRing(path)

    async def whole() -> str:
        return (await ring.chat("a", "Hi")).content or ""

    async def streamed() -> str:
        text = ""
        async for chunk in ring.chat_stream("a", "Hi"):
            text = chunk.delta if chunk.restart else text + chunk.delta
        return text

    async def close() -> None:
        await ring.aclose()
        folder.cleanup()

    return streamed if job["stream"] else whole, close


if __name__ == "__main__":
    serve("llmring", __version__, opened)
