"""The lists of models, one model, and the version, as Ollama's server answers them.

https://docs.ollama.com/api/tags
https://docs.ollama.com/api-reference/show-model-details
https://docs.ollama.com/api/ps
https://docs.ollama.com/api-reference/get-version

Sizes are 0, as the models are elsewhere. Digests are made of the names and limits: programs keep
what they learn about a model by its digest, so it changes with the model behind an alias.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from llmring.dialects.dialect import ListedModel
from llmring.dialects.reply_encoding import Json

# With all that clients check for: thinking with levels, and tools while streaming.
VERSION = "0.12.6"

_DETAILS: Json = {
    "parent_model": "",
    "format": "",
    "family": "",
    "families": None,
    "parameter_size": "",
    "quantization_level": "",
}

# The prefix of the model's own facts, which clients look up.
_ARCHITECTURE = "llmring"


def encode_tags(models: Sequence[ListedModel]) -> bytes:
    """Encode the models that can be used, each with a tag in its name."""
    listed = [
        {**_identity(each), "modified_at": _time(each.created or 0), "details": _DETAILS}
        for each in models
    ]
    return msgspec.json.encode({"models": listed})


def encode_running(models: Sequence[ListedModel], until: int) -> bytes:
    """Encode the models that are loaded.

    Args:
        models: The models.
        until: The time to which they stay loaded, in seconds since 1970.
    """
    loaded = [
        {
            **_identity(each),
            "details": _DETAILS,
            "expires_at": _time(until),
            "size_vram": 0,
            "context_length": each.context_window or 0,
        }
        for each in models
    ]
    return msgspec.json.encode({"models": loaded})


def encode_show(model: ListedModel, capabilities: Sequence[str] = ("completion",)) -> bytes:
    """Encode the facts about one model.

    Args:
        model: The model.
        capabilities: Its capabilities, as the API names them: "completion", "tools", "vision",
            "thinking", "embedding".
    """
    facts: Json = {
        "general.architecture": _ARCHITECTURE,
        "general.basename": model.name or model.id,
    }
    if model.context_window is not None:
        facts[f"{_ARCHITECTURE}.context_length"] = model.context_window
    # Some clients look for the tools in the template instead.
    tools = "{{ .Tools }}" if "tools" in capabilities else ""
    return msgspec.json.encode(
        {
            "modelfile": "",
            "parameters": "",
            "template": f"{{{{ .System }}}}{tools}{{{{ .Prompt }}}}",
            "details": _DETAILS,
            "model_info": facts,
            "capabilities": list(capabilities),
            "modified_at": _time(model.created or 0),
        }
    )


def encode_version(version: str = VERSION) -> bytes:
    """Encode the version of the server."""
    return msgspec.json.encode({"version": version})


def _identity(model: ListedModel) -> Json:
    name = model.id if ":" in model.id else f"{model.id}:latest"
    facts = (name, model.name, model.context_window, model.max_output)
    digest = hashlib.sha256(repr(facts).encode("utf-8", "replace")).hexdigest()
    return {"name": name, "model": name, "size": 0, "digest": digest}


# The end of the year 9999, the last one that the format has.
_LAST = 253_402_300_799


def _time(seconds: int) -> str:
    return (
        datetime.fromtimestamp(min(max(seconds, 0), _LAST), UTC).isoformat().replace("+00:00", "Z")
    )
