"""any-llm, with one client for all calls."""

from __future__ import annotations

from importlib.metadata import version

from any_llm import AnyLLM
from meter import Opened, serve

MESSAGES = [{"role": "user", "content": "Hi"}]


def opened(url: str) -> Opened:
    """Open a client for one server."""
    client = AnyLLM.create("openai", api_key="sk-none", api_base=url)

    async def chat() -> str:
        answer = await client.acompletion(model="gpt-4o-mini", messages=MESSAGES)
        return answer.choices[0].message.content or ""

    async def stream() -> str:
        chunks = await client.acompletion(
            model="gpt-4o-mini",
            messages=MESSAGES,
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(
            [each.choices[0].delta.content or "" async for each in chunks if each.choices]
        )

    # It can only be closed through the SDK that it uses.
    return Opened(chat, stream, client.client.close)


if __name__ == "__main__":
    serve(version("any-llm-sdk"), opened)
