"""simonw's llm, its asynchronous model of OpenAI's chat completions."""

from __future__ import annotations

from importlib.metadata import version

from llm.default_plugins.openai_models import AsyncChat
from meter import Opened, serve


async def _nothing() -> None:
    """Keep nothing open: the library makes a client for each call."""


def opened(url: str) -> Opened:
    """Prepare a model at one server."""
    model = AsyncChat(
        "gpt-4o-mini", key="sk-none", model_name="gpt-4o-mini", api_base=url, can_stream=True
    )

    async def chat() -> str:
        text: str = await model.prompt("Hi", stream=False).text()
        return text

    async def stream() -> str:
        return "".join([piece async for piece in model.prompt("Hi", stream=True)])

    return Opened(chat, stream, _nothing)


if __name__ == "__main__":
    serve(version("llm"), opened)
