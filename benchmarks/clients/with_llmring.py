"""llmring: an alias of a model with a price. The argument `unrecorded` turns off the ledger."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from meter import Blocking, Opened, Pair, serve

from llmring import LLMRing, __version__

UNRECORDED = "unrecorded" in sys.argv[1:]
# The ledger is written a quarter of a second after calls have ended.
LEDGER_SECONDS = 0.5


def lockfile(folder: Path, *urls: str) -> Path:
    """Write a lockfile that binds `a` to a model at each server, and `b` to the last."""
    path = folder / "llmring.lock"
    providers = [
        f'[providers.p{n}]\nkind = "openai"\nbase_url = "{url}"\n' for n, url in enumerate(urls)
    ]
    models = [f"p{n}:gpt-4o-mini" for n in range(len(urls))]
    path.write_text(
        'version = "1.0"\n'
        + "".join(providers)
        + f'[[profiles.default.bindings]]\nalias = "a"\nmodels = {models!r}\n'
        + f'[[profiles.default.bindings]]\nalias = "b"\nmodels = {models[-1:]!r}\n'
    )
    return path


async def _text(ring: LLMRing, alias: str) -> str:
    return (await ring.chat(alias, "Hi")).content or ""


def _ring(folder: Path, url: str) -> LLMRing:
    """Build a ring for one server, in the role of OpenAI's own so that prices are known."""
    path = folder / "llmring.lock"
    path.write_text(
        'version = "1.0"\n[[profiles.default.bindings]]\nalias = "a"\n'
        'models = ["openai:gpt-4o-mini"]\n'
    )
    os.environ.update(OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-none")
    return LLMRing(path)


def opened(url: str) -> Opened:
    """Build a ring for one server."""
    folder = tempfile.TemporaryDirectory()
    ring = _ring(Path(folder.name), url)
    priced = False

    async def chat() -> str:
        nonlocal priced
        answer = await ring.chat("a", "Hi")
        if not priced:
            if answer.cost is None:
                raise ValueError(f"no price: {answer.cost_reason}")
            priced = True
        return answer.content or ""

    async def stream() -> str:
        return "".join([chunk.delta async for chunk in ring.chat_stream("a", "Hi")])

    async def close() -> None:
        await ring.aclose()
        folder.cleanup()

    async def settled() -> None:
        if not UNRECORDED:
            await asyncio.sleep(LEDGER_SECONDS)

    return Opened(chat, stream, close, settled)


def blocking(url: str) -> Blocking:
    """Build a ring for one server, called without an event loop."""
    folder = tempfile.TemporaryDirectory()
    ring = _ring(Path(folder.name), url)

    def stream() -> str:
        return "".join([chunk.delta for chunk in ring.chat_stream("a", "Hi")])

    def close() -> None:
        ring.close()
        folder.cleanup()

    def settled() -> None:
        if not UNRECORDED:
            time.sleep(LEDGER_SECONDS)

    return Blocking(lambda: ring.chat("a", "Hi").content or "", stream, close, settled)


def pair(first: str, second: str) -> Pair:
    """Build a ring for two servers."""
    folder = tempfile.TemporaryDirectory()
    ring = LLMRing(lockfile(Path(folder.name), first, second))

    async def close() -> None:
        await ring.aclose()
        folder.cleanup()

    return Pair(lambda: _text(ring, "a"), lambda: _text(ring, "b"), close)


if __name__ == "__main__":
    if UNRECORDED:
        os.environ["LLMRING_LEDGER"] = "off"
    serve(__version__, opened, pair, blocking)
