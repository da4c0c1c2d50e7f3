"""`llmring serve`: an alias is a list of models in a lockfile.

Set up as in docs/lockfile.md: `timeout`, `stall_timeout`, and `hedge_after`, which calls the next
model as well when the first is silent.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from gateways.running import (
    KEY,
    Alias,
    Config,
    Model,
    Running,
    launched,
    printed,
    root_of,
    until_it_listens,
    urls_at,
)

ENVIRONMENT = "llmring-gateway"
_SOURCE = Path(__file__).resolve().parents[2] / "src"
# APIs that no provider of one's own can have: their addresses are set by variables.
_KNOWN = {"gemini": ("google", "GOOGLE_GEMINI"), "ollama": ("ollama", "OLLAMA")}


def start(config: Config, peers: Path, home: Path, *, more: str = "") -> Running:
    """Start it.

    Args:
        config: What it is to do.
        peers: The folder of environments; without ours, this interpreter is used.
        home: A folder for its files.
        more: Further tables of the lockfile.
    """
    python = peers / ENVIRONMENT / "bin" / "python"
    command = [str(python) if python.exists() else sys.executable, "-m", "llmring"]
    home.mkdir(parents=True, exist_ok=True)
    lockfile = home / "llmring.lock"
    lockfile.write_text(_lockfile(config) + more)
    environ = {
        "LLMRING_LOCKFILE_PATH": str(lockfile),
        "PYTHONPATH": str(_SOURCE),
        **_addresses(config),
    }
    version = subprocess.run(  # noqa: S603  # our own command
        [command[0], "-c", "import llmring; print(llmring.__version__)"],
        env={"PYTHONPATH": str(_SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    process = launched(
        [*command, "serve", "--port", "0", "--trust", "--drain-delay", "0"], home, environ
    )
    base = printed(process, home, r"http://[\d.]+:\d+")[0]
    until_it_listens(process, base, home)
    return Running("llmring", version, process, urls_at(base))


def _addresses(config: Config) -> dict[str, str]:
    found: dict[str, str] = {}
    for model in _models(config):
        if model.api in _KNOWN:
            _, variable = _KNOWN[model.api]
            if found.setdefault(f"{variable}_BASE_URL", model.url) != model.url:
                raise ValueError(f"{model.api} has one address for all models")
            found[f"{variable}_API_KEY"] = KEY
    return found


def _models(config: Config) -> list[Model]:
    return [model for alias in config.aliases for model in alias.models]


def _lockfile(config: Config) -> str:
    servers = {(model.api, model.url): model for model in _models(config)}
    own = [place for place in servers if place[0] not in _KNOWN]
    names = {place: f"{place[0]}-{number}" for number, place in enumerate(own)}
    rows = ["[profiles.default]"]
    for place, name in names.items():
        kind = "anthropic" if place[0] == "messages" else "openai"
        rows += [
            f"[providers.{name}]",
            f'kind = "{kind}"',
            f'base_url = "{root_of(servers[place])}"',
            *(['api = "responses"'] if place[0] == "responses" else []),
        ]
    for alias in config.aliases:
        rows += _binding(alias, config, names)
    return "\n".join(rows) + "\n"


def _binding(alias: Alias, config: Config, names: dict[tuple[str, str], str]) -> list[str]:
    models = [
        f"{names.get((model.api, model.url)) or _KNOWN[model.api][0]}:{model.name}"
        for model in alias.models
    ]
    return [
        "[[profiles.default.bindings]]",
        f'alias = "{alias.name}"',
        f"models = {json.dumps(models)}",
        f"timeout = {config.deadline}",
        f"stall_timeout = {config.stall}",
        *([f"hedge_after = {config.stall}"] if len(models) > 1 else []),
    ]
