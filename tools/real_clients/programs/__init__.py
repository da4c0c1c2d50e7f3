"""The client programs, and the ways in which each is set up."""

from __future__ import annotations

from collections.abc import Sequence

from real_clients.program import Program
from real_clients.programs import aider, claude_code, codex, continue_cli, gemini_cli, llm, opencode

PROGRAMS: Sequence[Program] = (
    claude_code.PROGRAM,
    codex.PROGRAM,
    gemini_cli.PROGRAM,
    *opencode.PROGRAMS,
    *aider.PROGRAMS,
    *llm.PROGRAMS,
    continue_cli.PROGRAM,
)
