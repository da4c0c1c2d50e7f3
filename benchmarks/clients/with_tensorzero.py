"""TensorZero: the gateway that its Python client has embedded, with no database."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from meter import Opened, Pair, serve
from tensorzero import AsyncTensorZeroGateway

QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}


def _model(name: str, urls: dict[str, str]) -> str:
    providers = "".join(
        f'[models.{name}.providers.{provider}]\ntype = "openai"\n'
        f'model_name = "gpt-4o-mini"\napi_base = "{url}"\n'
        for provider, url in urls.items()
    )
    return f"[models.{name}]\nrouting = {list(urls)!r}\n{providers}"


def _gateway(*models: str) -> AsyncTensorZeroGateway:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tensorzero.toml"
        path.write_text("".join(models))
        return AsyncTensorZeroGateway.build_embedded(config_file=str(path), async_setup=False)


async def _chat(gateway: AsyncTensorZeroGateway, model: str) -> str:
    answer = await gateway.inference(model_name=model, input=QUESTION)
    return "".join([block.text for block in answer.content if block.type == "text"])


def opened(url: str) -> Opened:
    """Start a gateway to one server."""
    gateway = _gateway(_model("a", {"first": url}))

    async def stream() -> str:
        chunks = await gateway.inference(model_name="a", input=QUESTION, stream=True)
        return "".join(
            [b.text async for chunk in chunks for b in chunk.content if b.type == "text"]
        )

    return Opened(lambda: _chat(gateway, "a"), stream, gateway.close)


def pair(first: str, second: str) -> Pair:
    """Start a gateway to two servers."""
    gateway = _gateway(
        _model("both", {"first": first, "second": second}), _model("alone", {"second": second})
    )
    return Pair(lambda: _chat(gateway, "both"), lambda: _chat(gateway, "alone"), gateway.close)


if __name__ == "__main__":
    serve(version("tensorzero"), opened, pair)
