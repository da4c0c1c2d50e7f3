"""The requests of the comparison of gateways: a small one, and one of a coding agent.

The large one is a recorded request of Claude Code if the recordings are next to the repository, and
otherwise one of the same size and shape.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

CAPTURE = Path(__file__).resolve().parents[2] / "shared" / "captures" / "claude-code-tool-loop.json"
TOOLS, DESCRIPTION, TURNS = 25, 2400, 5

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"

_LONG = re.compile(r"text\((\d+)\)")


class Body(NamedTuple):
    """A request of one API.

    Attributes:
        name: Its name on the page.
        path: The path that it is sent to.
        fields: The body, without the model.
    """

    name: str
    path: str
    fields: dict[str, Any]

    def encoded(self, model: str, *, stream: bool) -> bytes:
        """Encode the body for a model."""
        fields = {**self.fields, "model": model, "stream": stream}
        return json.dumps(fields, separators=(",", ":")).encode()


def small(path: str) -> Body:
    """Return a request of about 250 bytes."""
    return Body("250 B", path, {"messages": [{"role": "user", "content": _words(160)}]})


def large() -> Body:
    """Return a request of about 85 KB in Anthropic's API."""
    fields = _recorded() if CAPTURE.is_file() else _made()
    return Body("85 KB", MESSAGES, fields)


def _recorded() -> dict[str, Any]:
    found = json.loads(CAPTURE.read_text(encoding="utf-8"))
    bodies = [each["body"] for each in found if isinstance(each.get("body"), dict)]
    largest = max((body for body in bodies if body.get("tools")), key=lambda body: len(str(body)))
    expanded: dict[str, Any] = _expanded(largest)
    return expanded


def _expanded(value: Any) -> Any:
    """Put a text of the length in place of `text(N)`."""
    if isinstance(value, dict):
        return {name: _expanded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_expanded(each) for each in value]
    if isinstance(value, str) and (match := _LONG.fullmatch(value)):
        return _words(int(match[1]))
    return value


def _words(length: int) -> str:
    return ("words of a prompt, " * (length // 19 + 1))[:length]


def _made() -> dict[str, Any]:
    place = {"type": "string", "description": _words(80)}
    schema = {"type": "object", "properties": {"path": place}, "required": ["path"]}
    use = {"type": "tool_use", "id": "toolu_1", "name": "tool1", "input": {"path": "/srv/a"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": _words(500)}
    turns = [
        {"role": "user", "content": [{"type": "text", "text": _words(2000)}]},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    return {
        "max_tokens": 32_000,
        "system": [{"type": "text", "text": _words(12_000)}],
        "messages": turns[:1] + turns[1:] * TURNS,
        "tools": [
            {"name": f"tool{n}", "description": _words(DESCRIPTION), "input_schema": schema}
            for n in range(TOOLS)
        ],
    }
