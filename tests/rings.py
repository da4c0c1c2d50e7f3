"""Rings that know one loopback server, and programs of their own that use one."""

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

# What a lockfile says so that `MODEL` is served for as long as the tests are run.
LASTING = f"""
[registry.models."{MODEL}"]
retires = 9999-12-31
"""


def environ_of(server: Loopback, key: str = KEY) -> dict[str, str]:
    """The variables that make `MODEL` live on this server, and nothing be asked twice."""
    url = f"{server.url}/v1"
    return {
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": key,
        "LLMRING_RETRIES": "0",
        "LLMRING_TODAY": TODAY,
    }


def ring_at(server: Loopback, **options: Any) -> LLMRing:
    return LLMRing(environ=environ_of(server), **options)


# The model of these programs is in no catalog, so that it is never warned of as retired.
PREAMBLE = """
import asyncio, gc, os, sys, threading, time
from llmring import LLMRing
MODEL = "openai:some-model"
ring = LLMRing()
"""


def start_program(
    code: str, server: Loopback, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """A process that runs this code; `ring` and `MODEL` are there."""
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
    """What the process wrote to stdout and to stderr, and its exit code."""
    with start_program(code, server, env) as process:
        out, err = process.communicate(timeout=30)
    return out, err, process.returncode
