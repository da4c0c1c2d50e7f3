"""The Anthropic SDK."""

from __future__ import annotations

from importlib.metadata import version

from anthropic import AsyncAnthropic
from meter import Opened, serve


def opened(url: str) -> Opened:
    """Open a client for one server."""
    client = AsyncAnthropic(base_url=url.removesuffix("/v1"), api_key="sk-none")

    async def chat() -> str:
        answer = await client.messages.create(
            model="claude", max_tokens=1000, messages=[{"role": "user", "content": "Hi"}]
        )
        return "".join(block.text for block in answer.content if block.type == "text")

    async def stream() -> str:
        events = await client.messages.create(
            model="claude",
            max_tokens=1000,
            messages=[{"role": "user", "content": "Hi"}],
            stream=True,
        )
        deltas = [each.delta async for each in events if each.type == "content_block_delta"]
        return "".join([delta.text for delta in deltas if delta.type == "text_delta"])

    return Opened(chat, stream, client.close)


if __name__ == "__main__":
    serve(version("anthropic"), opened)
