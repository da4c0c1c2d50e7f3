"""pydantic-ai: its direct requests to a model, and FallbackModel with default settings."""

from __future__ import annotations

from importlib.metadata import version

from meter import Opened, Pair, serve
from pydantic_ai import ModelRequest
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.messages import ModelResponse, PartDeltaEvent, PartStartEvent, TextPart
from pydantic_ai.messages import TextPartDelta as Delta
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def _model(url: str) -> OpenAIChatModel:
    return OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(base_url=url, api_key="sk-none"))


def _text(answer: ModelResponse) -> str:
    return "".join(part.content for part in answer.parts if isinstance(part, TextPart))


async def _chat(model: Model) -> str:
    return _text(await model_request(model, [ModelRequest.user_text_prompt("Hi")]))


def opened(url: str) -> Opened:
    """Build a model at one server."""
    model = _model(url)

    async def stream() -> str:
        message = []
        async with model_request_stream(model, [ModelRequest.user_text_prompt("Hi")]) as events:
            async for event in events:
                match event:
                    case PartStartEvent(part=TextPart(content=text)):
                        message.append(text)
                    case PartDeltaEvent(delta=Delta(content_delta=text)):
                        message.append(text)
        return "".join(message)

    return Opened(lambda: _chat(model), stream, model.client.close)


def pair(first: str, second: str) -> Pair:
    """Build models at two servers."""
    alone = _model(second)
    failing = _model(first)
    both = FallbackModel(failing, alone)

    async def close() -> None:
        for model in (failing, alone):
            await model.client.close()

    return Pair(lambda: _chat(both), lambda: _chat(alone), close)


if __name__ == "__main__":
    serve(version("pydantic-ai-slim"), opened, pair)
