"""opencode: https://opencode.ai/docs/providers and .../config."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from llmring.gateway.wires import WireName
from real_clients.documented import block
from real_clients.program import Command, Package, Program, ReadCall, Room

# Of each API: the package that speaks it, and the end of its address.
_APIS: dict[WireName, tuple[str, str]] = {
    "chat": ("@ai-sdk/openai-compatible", "/v1"),
    "responses": ("@ai-sdk/openai", "/v1"),
    "messages": ("@ai-sdk/anthropic", "/v1"),
    "gemini": ("@ai-sdk/google", "/v1beta"),
}

_QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
}


def _start(wire: WireName) -> Callable[[Room], Command]:
    def start(room: Room) -> Command:
        settings = json.loads(block("opencode", room.base))
        provider = settings["provider"]["llmring"]
        package, end = _APIS[wire]
        provider["npm"] = package
        provider["options"]["baseURL"] = room.base + end
        path = room.write("opencode.json", json.dumps(settings))
        return Command(
            words=[str(room.program), "run", room.prompt],
            environ={**_QUIET, "OPENCODE_CONFIG": str(path)},
        )

    return start


def _read(path: Path) -> ReadCall:
    return ReadCall(name="read", arguments={"filePath": str(path)})


PROGRAMS = [
    Program(
        name="opencode",
        wire=wire,
        package=Package(
            folder="opencode", npm=["opencode-ai@1.18.33"], runs="node_modules/.bin/opencode"
        ),
        start=_start(wire),
        read=_read,
        # The answer is a 429 then, which it always repeats.
        repeats=wire == "responses",
    )
    for wire in _APIS
]
