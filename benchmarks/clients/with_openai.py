"""The OpenAI SDK."""

from __future__ import annotations

from importlib.metadata import version

from meter import Blocking, Opened, serve
from openai import AsyncOpenAI, OpenAI


def opened(url: str) -> Opened:
    """Open a client for one server."""
    client = AsyncOpenAI(base_url=url, api_key="sk-none")

    async def chat() -> str:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}]
        )
        return answer.choices[0].message.content or ""

    async def stream() -> str:
        chunks = await client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "Hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(
            [each.choices[0].delta.content or "" async for each in chunks if each.choices]
        )

    return Opened(chat, stream, client.close)


def blocking(url: str) -> Blocking:
    """Open a synchronous client for one server."""
    client = OpenAI(base_url=url, api_key="sk-none")

    def chat() -> str:
        answer = client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}]
        )
        return answer.choices[0].message.content or ""

    def stream() -> str:
        chunks = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "Hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join([each.choices[0].delta.content or "" for each in chunks if each.choices])

    return Blocking(chat, stream, client.close)


if __name__ == "__main__":
    serve(version("openai"), opened, blocking=blocking)
