"""Rings connected to one loopback server, and separate processes that use such rings."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from llmring import LLMRing
from loopback import Loopback

# The date by which every test judges prices and retirements.
TODAY = "2026-11-23"

MODEL = "openai:gpt-4o-mini"
KEY = "sk-first-0123456789abcdef"

# A lockfile table that keeps `MODEL` from being retired.
LASTING = f"""
[registry.models."{MODEL}"]
retires = 9999-12-31
"""


def environ_of(server: Loopback, key: str = KEY) -> dict[str, str]:
    """Return variables that point `MODEL` to this server, and turn retries off."""
    url = f"{server.url}/v1"
    return {
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": key,
        "LLMRING_RETRIES": "0",
        "LLMRING_TODAY": TODAY,
    }


def ring_at(server: Loopback, **options: Any) -> LLMRing:
    return LLMRing(environ=environ_of(server), **options)


# The model of these programs is not in the catalog, so it never causes a warning.
PREAMBLE = """
import asyncio, gc, os, sys, threading, time
from llmring import LLMRing
MODEL = "openai:some-model"
ring = LLMRing()
"""


def start_program(
    code: str, server: Loopback, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start a process that runs this code; `ring` and `MODEL` are defined in it."""
    return subprocess.Popen(
        # os.fork() in a process with threads warns from Python 3.12 on.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREAMBLE + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ_of(server), **(env or {})},
    )


def run_program(
    code: str, server: Loopback, env: Mapping[str, str] | None = None
) -> tuple[str, str, int]:
    """Run this code in a process; return its stdout, its stderr and its exit code."""
    with start_program(code, server, env) as process:
        out, err = process.communicate(timeout=30)
    return out, err, process.returncode
