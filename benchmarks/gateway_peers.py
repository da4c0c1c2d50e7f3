"""The gateways whose speed is compared, each in front of the same two models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway_bodies import CHAT, MESSAGES
from gateways.running import (
    KEY,
    Alias,
    Config,
    Model,
    Running,
    free_port,
    launched,
    urls_at,
)
from processes import Ports

from gateways import litellm, portkey, tensorzero

OURS, UNRECORDED = "llmring", "llmring without ledger"
TENSORZERO, PORTKEY, LITELLM, NGINX = "TensorZero", "Portkey", "LiteLLM", "nginx"

# The models of the upstream, by the path that they are asked at.
MODELS = {CHAT: "gpt-4o-mini", MESSAGES: "claude-opus-4-8"}
# An alias of llmring alone, with two models.
BOTH = "both"
# No attempt takes as long.
PATIENCE_SECONDS = 60.0

_APIS = {CHAT: "chat", MESSAGES: "messages"}
_SOURCE = Path(__file__).resolve().parents[1] / "src"

Start = Callable[[Path, Path, Ports], Running]


class Gateway(NamedTuple):
    """A gateway to measure.

    Attributes:
        name: Its name on the page.
        environment: The environment that it is installed in; empty for none.
        start: Starts it, maybe without waiting for it; takes the folder of the environments, one
            for its own files, and the ports of the upstream.
        offers: The paths that clients can call, with those of the models that may answer.
    """

    name: str
    environment: str
    start: Start
    offers: frozenset[tuple[str, str]]


class Asked(NamedTuple):
    """The form in which a gateway is asked for a model: its path, its name, and headers."""

    path: str
    model: str
    headers: Mapping[str, str] = {}


def asked(running: Running, path: str, to: str, ports: Ports) -> Asked:
    """Return the form in which a running gateway is asked.

    Args:
        running: The gateway.
        path: The path of the client's API.
        to: The path of the API of the model.
        ports: The ports of the upstream.
    """
    base = urlsplit(running.urls[_APIS[path]]).path.removesuffix("/v1").rstrip("/")
    called = running.called(_alias(to, ports))
    return Asked(base + path, called.model, called.headers)


def port_of(running: Running) -> int:
    """Return the port of a running gateway."""
    return urlsplit(running.urls["chat"]).port or 0


def _alias(path: str, ports: Ports) -> Alias:
    model = Model(_APIS[path], _turned(ports), MODELS[path])
    return Alias(MODELS[path], (model,))


def _turned(ports: Ports) -> str:
    return ports.url("turned").removesuffix("/v1")


def _config(ports: Ports) -> Config:
    aliases = tuple(_alias(path, ports) for path in MODELS)
    return Config(aliases, stall=PATIENCE_SECONDS, deadline=PATIENCE_SECONDS)


def _llmring(folder: Path, home: Path, ports: Ports, *, records: bool) -> Running:
    lockfile = home / "llmring.lock"
    second = f"http://127.0.0.1:{ports.second}/events-80/v1"
    bindings = {
        MODELS[CHAT]: [f"openai:{MODELS[CHAT]}"],
        MODELS[MESSAGES]: [f"anthropic:{MODELS[MESSAGES]}"],
        BOTH: [f"openai:{MODELS[CHAT]}", f"second:{MODELS[CHAT]}"],
    }
    home.mkdir(parents=True, exist_ok=True)
    lockfile.write_text(
        f'[providers.second]\nkind = "openai"\nbase_url = "{second}"\n'
        + "".join(
            f"[[profiles.default.bindings]]\nalias = {json.dumps(alias)}\n"
            # Conversations would stay with the model that has answered.
            f"models = {json.dumps(models)}\naffinity = false\n"
            for alias, models in bindings.items()
        )
    )
    # In the roles of the vendors' own servers, whose models and prices are known.
    environ = {
        "PYTHONPATH": str(_SOURCE),
        "LLMRING_LOCKFILE_PATH": str(lockfile),
        "OPENAI_BASE_URL": f"{_turned(ports)}/v1",
        "ANTHROPIC_BASE_URL": _turned(ports),
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_API_KEY": KEY,
        **({} if records else {"LLMRING_LEDGER": "off"}),
    }
    python = folder / "llmring-gateway" / "bin" / "python"
    command = [str(python) if python.exists() else sys.executable, "-m", "llmring", "serve"]
    port = free_port()
    process = launched([*command, "--port", str(port), "--trust"], home, environ)
    return Running(OURS, "", process, urls_at(f"http://127.0.0.1:{port}"))


def _ours(folder: Path, home: Path, ports: Ports) -> Running:
    return _llmring(folder, home, ports, records=True)


def _unrecorded(folder: Path, home: Path, ports: Ports) -> Running:
    return _llmring(folder, home, ports, records=False)


_KNOWN = "claude-sonnet-4-5"


def _tensorzero(folder: Path, home: Path, ports: Ports) -> Running:
    # It has no default for the length of an answer of models that it does not know.
    names = {MODELS[CHAT]: ("openai", MODELS[CHAT]), MODELS[MESSAGES]: ("anthropic", _KNOWN)}
    settings = "[gateway]\nobservability.enabled = false\n" + "".join(
        f'[models."{name}"]\nrouting = ["one"]\n[models."{name}".providers.one]\n'
        f'type = "{kind}"\nmodel_name = "{model}"\napi_base = "{_turned(ports)}/v1"\n'
        'api_key_location = "env::KEY"\n'
        for name, (kind, model) in names.items()
    )
    return tensorzero.serve(settings, folder, home, {"KEY": KEY})


def _portkey(folder: Path, home: Path, ports: Ports) -> Running:
    return portkey.start(_config(ports), folder, home)


def _litellm(folder: Path, home: Path, ports: Ports) -> Running:
    return litellm.start(_config(ports), folder, home)


_NGINX_CONF = """
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    client_body_buffer_size 256k;
    keepalive_requests 10000000;
    upstream models {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 10000000; }}
    server {{
        listen 127.0.0.1:{port};
        location /v1/ {{
            proxy_pass http://models/turned/v1/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"""


def _nginx(folder: Path, home: Path, ports: Ports) -> Running:
    del folder
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).is_file():
        raise RuntimeError("it is not installed; `apt install nginx-light` does that")
    home.mkdir(parents=True, exist_ok=True)
    settings, port = home / "nginx.conf", free_port()
    settings.write_text(_NGINX_CONF.format(home=home, port=port, upstream=ports.first))
    command = [program, "-c", str(settings), "-e", "stderr", "-p", str(home)]
    shown = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)  # noqa: S603
    process = launched(command, home)
    version, base = shown.stderr.strip().rpartition("/")[2], f"http://127.0.0.1:{port}"
    return Running(NGINX, version, process, urls_at(base))


_RELAYED = frozenset({(CHAT, CHAT), (MESSAGES, MESSAGES)})
_ALL = _RELAYED | {(CHAT, MESSAGES), (MESSAGES, CHAT)}

GATEWAYS = (
    Gateway(OURS, "llmring-gateway", _ours, _ALL),
    Gateway(UNRECORDED, "llmring-gateway", _unrecorded, _ALL),
    Gateway(TENSORZERO, "tensorzero", _tensorzero, frozenset({(CHAT, CHAT), (CHAT, MESSAGES)})),
    Gateway(PORTKEY, "portkey", _portkey, _ALL - {(MESSAGES, CHAT)}),
    Gateway(LITELLM, "litellm-proxy", _litellm, _ALL),
    Gateway(NGINX, "", _nginx, _RELAYED),
)
