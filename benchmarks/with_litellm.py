"""The comparison's calls through LiteLLM's Router: a model with a fallback.

Set up as in https://docs.litellm.ai/docs/router/learn/reliability: `fallbacks`, one retry, a
timeout for an attempt and another one for streams. The argument `continuing` turns on its option
for continuing within a stream (`enable_mid_stream_fallback_continuation`, off by default), and
declares that both models support an assistant's prefill, which the option needs. Cooldowns are
off, so that each call meets the fault; a model alone in its group is hardly ever cooled anyway.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Any

from calling import Job, Opened, serve

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise importing it uses the network

import litellm
from litellm import Router

litellm.suppress_debug_info = True

CONTINUING = "continuing" in sys.argv[1:]


def _model(name: str, url: str) -> dict[str, Any]:
    return {
        "model_name": name,
        "litellm_params": {"model": "openai/m", "api_base": url, "api_key": "sk-none"},
        "model_info": {"supports_assistant_prefill": CONTINUING},
    }


def opened(job: Job) -> Opened:
    """Build a router for a wave of calls."""
    urls = job["urls"]
    router = Router(
        model_list=[_model("first", urls[job["fault"]]), _model("second", urls["good"])],
        fallbacks=[{"first": ["second"]}],
        num_retries=1,
        timeout=job["timeout"],
        stream_timeout=job["stall"],
        disable_cooldowns=True,
        enable_mid_stream_fallback_continuation=CONTINUING,
    )
    messages = [{"role": "user", "content": "Hi"}]

    async def whole() -> str:
        answer = await router.acompletion(model="first", messages=messages)
        return "".join(choice.message.content or "" for choice in answer.choices or ())

    async def streamed() -> str:
        stream = await router.acompletion(model="first", messages=messages, stream=True)
        text = ""
        async for chunk in stream:
            if chunk.choices:
                text += chunk.choices[0].delta.content or ""
        return text

    async def close() -> None:
        router.retire()

    return streamed if job["stream"] else whole, close


if __name__ == "__main__":
    how = ", continuing" if CONTINUING else ""
    serve("LiteLLM Router", version("litellm") + how, opened)
