"""LiteLLM's proxy: an alias is a model group, and its other models are fallbacks.

Set up as in https://docs.litellm.ai/docs/proxy/reliability (`fallbacks`) and
https://docs.litellm.ai/docs/proxy/timeout (`timeout` for a call, `stream_timeout` for the next
chunk of a stream). `continuing` turns on `enable_mid_stream_fallback_continuation`, which is off by
default, and declares that the models take an assistant's prefill, which it needs. Cooldowns are
off, so that each call meets the fault.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from gateways.running import (
    KEY,
    Alias,
    Config,
    Model,
    Running,
    free_port,
    launched,
    root_of,
    until_it_listens,
    urls_at,
)

ENVIRONMENT = "litellm-proxy"
_PROVIDERS = {
    "chat": "openai",
    "responses": "openai",
    "messages": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama_chat",
}
# It has no route of Ollama's API.
_OFFERED = ("chat", "responses", "messages", "gemini")
_ENVIRON = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # otherwise importing it uses the network
    "LITELLM_MASTER_KEY": KEY,  # it does not start without
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_LOG": "ERROR",
    "NO_DOCS": "True",
}


def start(config: Config, peers: Path, home: Path, *, continuing: bool = False) -> Running:
    """Start it.

    Args:
        config: What it is to do.
        peers: The folder of environments.
        home: A folder for its files.
        continuing: True to continue within streams.
    """
    place = peers / ENVIRONMENT / "bin"
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "config.yaml"
    settings.write_text(json.dumps(_settings(config, continuing), indent=1))
    port = free_port()
    command = [str(place / "python"), str(place / "litellm"), "--config", str(settings)]
    process = launched(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"],
        home,
        _ENVIRON,
    )
    base = f"http://127.0.0.1:{port}"
    until_it_listens(process, base, home)
    name = "LiteLLM, continuing" if continuing else "LiteLLM"
    return Running(name, version(peers), process, urls_at(base, _OFFERED))


def version(peers: Path) -> str:
    """Return its version."""
    ended = subprocess.run(  # noqa: S603  # our own command
        [
            str(peers / ENVIRONMENT / "bin" / "python"),
            "-c",
            "import importlib.metadata as m; print(m.version('litellm'))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def _settings(config: Config, continuing: bool) -> dict[str, Any]:
    groups = [(_group(alias, at), each) for alias in config.aliases for at, each in _of(alias)]
    return {
        "model_list": [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"{_PROVIDERS[model.api]}/{model.name}",
                    "api_base": root_of(model),
                    "api_key": KEY,
                    "timeout": config.deadline,
                    "stream_timeout": config.stall,
                },
                "model_info": {"supports_assistant_prefill": continuing},
            }
            for name, model in groups
        ],
        "router_settings": {
            "fallbacks": [
                {alias.name: [_group(alias, at) for at in range(1, len(alias.models))]}
                for alias in config.aliases
                if len(alias.models) > 1
            ],
            "num_retries": 0,
            "timeout": config.deadline,
            "stream_timeout": config.stall,
            "disable_cooldowns": True,
            **({"enable_mid_stream_fallback_continuation": True} if continuing else {}),
        },
        "litellm_settings": {"request_timeout": config.deadline, "telemetry": False},
    }


def _of(alias: Alias) -> list[tuple[int, Model]]:
    return list(enumerate(alias.models))


def _group(alias: Alias, at: int) -> str:
    return alias.name if at == 0 else f"{alias.name}-{at}"
