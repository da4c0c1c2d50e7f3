"""The clients that are measured, and their environments.

    python benchmarks/peers.py .venv-peers [ENVIRONMENT ...]

installs the newest version of each that the index has. Clients that can't be installed are
reported and left out.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DONE = "installed.txt"

# The steps of pip. LiteLLM's newest version may require what an index does not have: then its
# requirements come with the newest version that can be satisfied.
ENVIRONMENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "llmring": (("-e", str(ROOT)),),
    "llmring-gateway": (("-e", f"{ROOT}[gateway]"),),
    "aiohttp": (("aiohttp", "msgspec"),),
    "httpx": (("httpx",),),
    "pyreqwest": (("pyreqwest", "orjson"),),
    "ry": (("ry",),),
    "openai": (("openai",),),
    "anthropic": (("anthropic",),),
    "litellm": (("litellm", "boto3"), ("--no-deps", "-U", "litellm")),
    # With version 3 of the OpenAI SDK, which it takes too, it ends stalled streams with an error.
    "litellm-proxy": (
        ("litellm[proxy]", "openai<3", "semver", "soundfile", "pynacl"),
        ("--no-deps", "-U", "litellm"),
    ),
    "any-llm": (("any-llm-sdk[openai]",),),
    "aisuite": (("aisuite[openai]",),),
    "pydantic-ai": (("pydantic-ai-slim[openai]",),),
    "llm": (("llm",),),
    "tensorzero": (("tensorzero",),),
    "llmring-1.4.0": (("llmring==1.4.0",),),
}


class Peer(NamedTuple):
    """A client to measure.

    Attributes:
        name: Its name on the page.
        environment: Name of the environment that it is installed in.
        command: Its file in `clients`, and arguments.
        imports: Statements whose time is measured.
    """

    name: str
    environment: str
    command: tuple[str, ...]
    imports: tuple[str, ...] = ()


# The upstream encodes its answers with llmring.
UPSTREAM = "llmring"

OURS, UNRECORDED = "llmring", "llmring without ledger"
FLOOR, FLOOR_JSON = "aiohttp + msgspec", "aiohttp + json"
OPENAI, ANTHROPIC, LITELLM = "openai SDK", "anthropic SDK", "LiteLLM"

PEERS = (
    Peer(OURS, "llmring", ("with_llmring.py",), ("import llmring", "from llmring import LLMRing")),
    Peer(UNRECORDED, "llmring", ("with_llmring.py", "unrecorded")),
    Peer(FLOOR, "aiohttp", ("with_aiohttp.py", "msgspec"), ("import aiohttp",)),
    Peer(FLOOR_JSON, "aiohttp", ("with_aiohttp.py", "json")),
    Peer("httpx + json", "httpx", ("with_httpx.py",), ("import httpx",)),
    Peer("pyreqwest + orjson", "pyreqwest", ("with_pyreqwest.py",), ("import pyreqwest.client",)),
    Peer("ry", "ry", ("with_ry.py",), ("import ry",)),
    Peer(OPENAI, "openai", ("with_openai.py",), ("import openai",)),
    Peer(ANTHROPIC, "anthropic", ("with_anthropic.py",), ("import anthropic",)),
    Peer(LITELLM, "litellm", ("with_litellm.py",), ("import litellm",)),
    Peer("LiteLLM Router", "litellm", ("with_litellm.py", "router")),
    Peer("any-llm", "any-llm", ("with_any_llm.py",), ("from any_llm import AnyLLM",)),
    Peer("aisuite", "aisuite", ("with_aisuite.py",), ("import aisuite",)),
    Peer(
        "pydantic-ai",
        "pydantic-ai",
        ("with_pydantic_ai.py",),
        ("import pydantic_ai.direct, pydantic_ai.models.openai",),
    ),
    Peer("llm", "llm", ("with_llm.py",), ("import llm",)),
    Peer("TensorZero embedded", "tensorzero", ("with_tensorzero.py",), ("import tensorzero",)),
    Peer("llmring 1.4.0", "llmring-1.4.0", ("with_llmring_1.py",), ("import llmring",)),
)


def named_in(text: str, known: Sequence[str]) -> set[str]:
    """Return the names in a text, separated by commas; all names that are known if it has none.

    Raises:
        SystemExit: The text has a name that is not known.
    """
    names = {name.strip() for name in text.split(",") if name.strip()}
    if unknown := names.difference(known):
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; use {'; '.join(known)}")
    return names or set(known)


def install(folder: Path, names: Iterable[str] = ENVIRONMENTS) -> dict[str, str]:
    """Create the missing environments; return why some could not be created."""
    failed: dict[str, str] = {}
    folder.mkdir(exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    for name in names:
        steps = ENVIRONMENTS[name]
        done = folder / name / DONE
        if done.is_file() and done.read_text() == repr(steps):
            continue
        sys.stderr.write(f"installing {name}\n")
        fault = _install(folder / name, steps)
        if fault is None:
            done.write_text(repr(steps))
        else:
            failed[name] = fault
            sys.stderr.write(f"{name} can't be installed: {fault}\n")
    return failed


def _install(place: Path, steps: Sequence[tuple[str, ...]]) -> str | None:
    venv.create(place, with_pip=True, clear=True)
    pip = (str(python(place)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    for step in steps:
        ended = subprocess.run(  # noqa: S603  # our own table
            [*pip, *step], capture_output=True, text=True, check=False
        )
        if ended.returncode:
            result = [line for line in ended.stderr.splitlines() if line.startswith("ERROR:")]
            return result[-1].removeprefix("ERROR: ") if result else f"pip ended {ended.returncode}"
    return None


def python(place: Path) -> Path:
    """Return the interpreter of an environment."""
    return place / "bin" / "python"


if __name__ == "__main__":
    sys.exit(1 if install(Path(sys.argv[1]), sys.argv[2:] or ENVIRONMENTS) else 0)
