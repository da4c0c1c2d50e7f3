"""Portkey's gateway: an alias is a config, which clients send in a header with every request.

Set up as in https://portkey.ai/docs/product/ai-gateway/fallbacks (`strategy`, `targets`) and
https://portkey.ai/docs/product/ai-gateway/request-timeouts (`request_timeout`, the time until the
head of an answer). It has routes of Chat Completions, Responses and Messages. Paths that it does
not know under `/v1` are passed on as they are, with the same fallbacks, which serves Gemini's SDK
with `api_version="v1"`; there the path names the model, which a target can't change, so each target
of another name has an address of its own, with the name in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateways.running import (
    KEY,
    Alias,
    Called,
    Config,
    Model,
    Running,
    free_port,
    launched,
    until_it_listens,
    urls_at,
)

ENVIRONMENT = "portkey"
_PACKAGE = Path("node_modules/@portkey-ai/gateway")
_PROVIDERS = {"chat": "openai", "responses": "openai", "messages": "anthropic", "gemini": "google"}


def start(config: Config, peers: Path, home: Path) -> Running:
    """Start it.

    Args:
        config: What it is to do.
        peers: The folder of environments.
        home: A folder for its files.
    """
    port = free_port()
    script = (peers / ENVIRONMENT / _PACKAGE / "build/start-server.js").resolve()
    process = launched(
        ["node", str(script), "--headless", f"--port={port}"], home, {"NODE_ENV": "production"}
    )
    base = f"http://127.0.0.1:{port}"
    until_it_listens(process, base, home)

    def called(alias: Alias) -> Called:
        header = {"x-portkey-config": json.dumps(_config(alias, config))}
        return Called(alias.models[0].name, header)

    return Running("Portkey", version(peers), process, urls_at(base, tuple(_PROVIDERS)), called)


def version(peers: Path) -> str:
    """Return its version."""
    about = json.loads((peers / ENVIRONMENT / _PACKAGE / "package.json").read_text())
    return str(about["version"])


def _config(alias: Alias, config: Config) -> dict[str, Any]:
    first = alias.models[0]
    targets = [_target(model, first, config) for model in alias.models]
    return (
        targets[0] if len(targets) == 1 else {"strategy": {"mode": "fallback"}, "targets": targets}
    )


def _target(model: Model, first: Model, config: Config) -> dict[str, Any]:
    renamed = model.name != first.name
    base = f"{model.url}/v1"
    if model.api == "gemini":
        base = f"{model.url}/{model.name}/v1beta" if renamed else f"{model.url}/v1beta"
    return {
        "provider": _PROVIDERS[model.api],
        "api_key": KEY,
        "custom_host": base,
        "request_timeout": round(config.stall * 1000),
        **({"override_params": {"model": model.name}} if model.api != "gemini" else {}),
    }
