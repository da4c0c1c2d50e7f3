"""LiteLLM: `acompletion` and `completion`, or its Router with the argument `router`; defaults."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

import litellm
from litellm import Router
from meter import Blocking, Opened, Pair, serve

litellm.suppress_debug_info = True
MESSAGES = [{"role": "user", "content": "Hi"}]
MODEL = "openai/gpt-4o-mini"

Complete = Callable[..., Awaitable[Any]]


async def _chat(complete: Complete, **where: str) -> str:
    answer = await complete(messages=MESSAGES, **where)
    return answer.choices[0].message.content or ""


async def _stream(complete: Complete, **where: str) -> str:
    chunks = await complete(
        messages=MESSAGES, stream=True, stream_options={"include_usage": True}, **where
    )
    return "".join([each.choices[0].delta.content or "" async for each in chunks if each.choices])


async def _nothing() -> None:
    """Keep nothing open: the library keeps its clients."""


def directly(url: str) -> Opened:
    """Prepare `acompletion` for one server."""
    where = {"model": MODEL, "api_base": url, "api_key": "sk-none"}
    complete = litellm.acompletion
    return Opened(lambda: _chat(complete, **where), lambda: _stream(complete, **where), _nothing)


def blocking(url: str) -> Blocking:
    """Prepare `completion` for one server."""
    where = {"model": MODEL, "api_base": url, "api_key": "sk-none"}

    def chat() -> str:
        return litellm.completion(messages=MESSAGES, **where).choices[0].message.content or ""

    def stream() -> str:
        chunks = litellm.completion(
            messages=MESSAGES, stream=True, stream_options={"include_usage": True}, **where
        )
        return "".join([each.choices[0].delta.content or "" for each in chunks if each.choices])

    return Blocking(chat, stream, lambda: None)


def _model(name: str, url: str) -> dict[str, Any]:
    where = {"model": MODEL, "api_base": url, "api_key": "sk-none"}
    return {"model_name": name, "litellm_params": where}


def routed(url: str) -> Opened:
    """Build a router for one server."""
    complete = Router(model_list=[_model("a", url)]).acompletion
    return Opened(
        lambda: _chat(complete, model="a"), lambda: _stream(complete, model="a"), _nothing
    )


def pair(first: str, second: str) -> Pair:
    """Build a router for two servers."""
    router = Router(
        model_list=[_model("first", first), _model("second", second)],
        fallbacks=[{"first": ["second"]}],
    )
    return Pair(
        lambda: _chat(router.acompletion, model="first"),
        lambda: _chat(router.acompletion, model="second"),
        _nothing,
    )


if __name__ == "__main__":
    if "router" in sys.argv[1:]:
        serve(version("litellm"), routed, pair)
    else:
        serve(version("litellm"), directly, blocking=blocking)
