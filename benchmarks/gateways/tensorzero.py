"""TensorZero's gateway, which its package for Python contains: it has Chat Completions only.

Set up as in https://www.tensorzero.com/docs/gateway/guides/retries-fallbacks (`routing`) and
https://www.tensorzero.com/docs/gateway/configuration-reference (`timeouts`): `ttft_ms` of a
provider is the time to the first chunk. It is started by the function behind
`patch_openai_client`, without a database. Aliases with models of other APIs are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from gateways.running import (
    Alias,
    Called,
    Config,
    Model,
    Running,
    launched,
    printed,
    root_of,
)

ENVIRONMENT = "tensorzero"
# It prints the version and the address, and serves until it is ended.
_SERVE = """
import signal, sys
from importlib.metadata import version
from tensorzero.tensorzero import _start_http_gateway
gateway = _start_http_gateway(config_file=sys.argv[1], clickhouse_url=None, postgres_url=None,
                              valkey_url=None, async_setup=False)
print("serving", version("tensorzero"), gateway.base_url, flush=True)
signal.pause()
"""


def start(config: Config, peers: Path, home: Path) -> Running:
    """Start it.

    Args:
        config: What it is to do.
        peers: The folder of environments.
        home: A folder for its files.
    """
    served = [each for each in config.aliases if {model.api for model in each.models} == {"chat"}]
    settings = "\n".join(row for alias in served for row in _rows(alias, config))
    return serve(settings, peers, home, {"OPENAI_API_KEY": "sk-none"})


def serve(settings: str, peers: Path, home: Path, keys: Mapping[str, str]) -> Running:
    """Start it with settings.

    Args:
        settings: Its settings, in which aliases are models.
        peers: The folder of environments.
        home: A folder for its files.
        keys: Variables with keys.
    """
    home.mkdir(parents=True, exist_ok=True)
    file = home / "tensorzero.toml"
    file.write_text(settings)
    python = (peers / ENVIRONMENT / "bin" / "python").absolute()
    process = launched(
        [str(python), "-c", _SERVE, str(file)],
        home,
        {"TENSORZERO_DISABLE_PSEUDONYMOUS_USAGE_ANALYTICS": "1", **keys},
    )
    version, base = printed(process, home, r"serving (\S+) (\S+)").groups()
    return Running("TensorZero", version, process, {"chat": base}, _called)


def _called(alias: Alias) -> Called:
    return Called(f"tensorzero::model_name::{alias.name}")


def _rows(alias: Alias, config: Config) -> list[str]:
    names = [f"p{number}" for number in range(len(alias.models))]
    rows = [f'[models."{alias.name}"]', f"routing = {json.dumps(names)}"]
    for name, model in zip(names, alias.models, strict=True):
        rows += _provider(f'models."{alias.name}".providers.{name}', model, config)
    return rows


def _provider(table: str, model: Model, config: Config) -> list[str]:
    return [
        f"[{table}]",
        'type = "openai"',
        f'model_name = "{model.name}"',
        f'api_base = "{root_of(model)}"',
        'api_key_location = "none"',
        f"timeouts.streaming.ttft_ms = {round(config.stall * 1000)}",
        f"timeouts.streaming.total_ms = {round(config.deadline * 1000)}",
        f"timeouts.non_streaming.total_ms = {round(config.deadline * 1000)}",
    ]
