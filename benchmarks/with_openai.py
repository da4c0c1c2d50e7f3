"""The comparison's calls through the OpenAI SDK: one model, and the SDK's own retries.

Without a second model, a permanent fault can't be answered: this shows what retries alone
achieve. Their number is the default, two.
"""

from __future__ import annotations

from importlib.metadata import version

from calling import Job, Opened, serve
from openai import AsyncOpenAI


def opened(job: Job) -> Opened:
    """Build a client for a wave of calls."""
    seconds = job["stall"] if job["stream"] else job["timeout"]
    client = AsyncOpenAI(base_url=job["urls"][job["fault"]], api_key="sk-none", timeout=seconds)

    async def whole() -> str:
        answer = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}]
        )
        return "".join(choice.message.content or "" for choice in answer.choices or ())

    async def streamed() -> str:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        text = ""
        async for chunk in stream:
            if chunk.choices:
                text += chunk.choices[0].delta.content or ""
        return text

    return streamed if job["stream"] else whole, client.close


if __name__ == "__main__":
    serve("OpenAI SDK", version("openai"), opened)
