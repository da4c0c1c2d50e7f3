"""aisuite."""

from __future__ import annotations

from importlib.metadata import version

import aisuite
from meter import Opened, serve

MESSAGES = [{"role": "user", "content": "Hi"}]


def opened(url: str) -> Opened:
    """Open a client for one server."""
    client = aisuite.Client({"openai": {"base_url": url, "api_key": "sk-none"}})

    async def chat() -> str:
        answer = await client.chat.completions.acreate("openai:gpt-4o-mini", MESSAGES)
        return answer.choices[0].message.content or ""

    async def stream() -> str:
        chunks = await client.chat.completions.acreate("openai:gpt-4o-mini", MESSAGES, stream=True)
        return "".join(
            [each.choices[0].delta.content or "" async for each in chunks if each.choices]
        )

    async def close() -> None:
        # It can only be closed through the SDK that it uses.
        await client.providers["openai"].aclient.close()

    return Opened(chat, stream, close)


if __name__ == "__main__":
    serve(version("aisuite"), opened)
