"""Parameters that a model behind Ollama refuses, read from its error.

https://github.com/ollama/ollama/blob/main/server/routes.go
https://docs.ollama.com/capabilities/thinking
"""

from __future__ import annotations

import re

from llmring.dialects.refusals.number_ranges import NUMBERS, clamps
from llmring.dialects.request_changes import LeaveOut, LeaveOutValue, RequestChange

_NO_THINKING = re.compile(r"does not support thinking", re.IGNORECASE)
_NO_LEVEL = re.compile(r"think value .{1,40} is not supported|invalid think value", re.IGNORECASE)

# Ollama itself takes any number, but the servers of its cloud models may not.
_SAMPLING = {name: (("options", name),) for name in NUMBERS}


def changes_for(message: str) -> tuple[RequestChange, ...]:
    """Return the changes with which the model takes the request; often empty."""
    if _NO_THINKING.search(message):
        return (LeaveOut(name="reasoning", paths=(("think",),)),)
    if _NO_LEVEL.search(message):
        return (LeaveOutValue(name="reasoning", paths=(("think",),)),)
    return clamps(message, _SAMPLING)
