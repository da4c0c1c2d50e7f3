"""The header that enables Anthropic's beta features.

https://platform.claude.com/docs/en/api/beta-headers
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

FILES = "files-api-2025-04-14"

_BY_PARAMETER = {
    "context_management": "context-management-2025-06-27",
    "mcp_servers": "mcp-client-2025-11-20",
}

# https://platform.claude.com/docs/en/build-with-claude/compaction
_COMPACTION = "compact-2026-01-12"
_BY_EDIT = {"compact_20260112": _COMPACTION}
_BY_BLOCK = {"compaction": _COMPACTION}

_BY_TOOL = {
    "advisor_20260301": "advisor-tool-2026-03-01",
    "computer_20241022": "computer-use-2024-10-22",
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20251124": "computer-use-2025-11-24",
}


def header(
    payload: Mapping[str, Any],
    given: str | Iterable[str],
    *,
    files: bool,
    taken: frozenset[str] | None = None,
) -> dict[str, str]:
    """Build the header for a request; empty if it needs none.

    Args:
        payload: The request.
        given: One or more betas that the caller asks for; they take precedence over the default
            version of the same beta.
        files: True if the request refers to an uploaded file.
        taken: The betas that the server takes; None for any.
    """
    betas = given.split(",") if isinstance(given, str) else list(dict.fromkeys(given))
    needed = [beta for name, beta in _BY_PARAMETER.items() if name in payload]
    if "context_management" in payload:
        needed += _of_edits(payload["context_management"])
    for message in payload.get("messages", ()):
        if message["role"] == "assistant":
            kinds = [block.get("type") for block in message["content"]]
            needed += [_BY_BLOCK[kind] for kind in kinds if kind in _BY_BLOCK]
    needed += [_BY_TOOL[kind] for kind in _kinds(payload.get("tools", ())) if kind in _BY_TOOL]
    if files:
        needed.append(FILES)
    known = {_family(beta) for beta in betas}
    betas += [beta for beta in dict.fromkeys(needed) if _family(beta) not in known]
    if taken is not None:
        betas = [beta for beta in betas if beta.strip() in taken]
    return {"anthropic-beta": ",".join(betas)} if betas else {}


def _of_edits(management: Any) -> list[str]:
    edits = management.get("edits") if isinstance(management, Mapping) else None
    kinds = [edit.get("type") for edit in edits or () if isinstance(edit, Mapping)]
    return [_BY_EDIT[kind] for kind in kinds if kind in _BY_EDIT]


def _kinds(tools: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [tool.get("type") for tool in tools]


def _family(beta: str) -> str:
    """Return the name of a beta without its date: mcp-client for mcp-client-2025-11-20."""
    return beta.rsplit("-", 3)[0]
