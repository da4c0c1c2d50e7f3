"""The options of HTTP connections from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmring.config.environment import value_of
from llmring.exceptions import ConfigurationError
from llmring.transport.options import TransportOptions
from llmring.transport.unpack import BodyLimits

_MIB = 2**20
_DEFAULTS = BodyLimits()


def transport_options(env: Mapping[str, str]) -> TransportOptions:
    """Read the options of HTTP connections.

    Args:
        env: The environment's variables.

    Raises:
        ConfigurationError: A variable holds a value that can't be used.
    """
    certificate = value_of(env, "LLMRING_CLIENT_CERT")
    key = value_of(env, "LLMRING_CLIENT_KEY")
    for name, path in (("LLMRING_CLIENT_CERT", certificate), ("LLMRING_CLIENT_KEY", key)):
        if path is not None and not Path(path).expanduser().is_file():
            raise ConfigurationError(
                f"{name} is {path!r}, but no file is there; set it to a PEM file"
            )
    return TransportOptions(
        limits=BodyLimits(
            body=_number(env, "LLMRING_MAX_ANSWER_MIB", _DEFAULTS.body // _MIB) * _MIB,
            error=_number(env, "LLMRING_MAX_ERROR_MIB", _DEFAULTS.error // _MIB) * _MIB,
            event=_number(env, "LLMRING_MAX_EVENT_MIB", _DEFAULTS.event // _MIB) * _MIB,
            ratio=_number(env, "LLMRING_MAX_UNPACK_RATIO", _DEFAULTS.ratio),
        ),
        certificate=certificate and str(Path(certificate).expanduser()),
        key=key and str(Path(key).expanduser()),
    )


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    written = value_of(env, name)
    if written is None:
        return default
    if not (written.isascii() and written.isdecimal() and 0 < int(written) < 10**6):
        raise ConfigurationError(f"{name} is {written!r}; set it to a whole number from 1")
    return int(written)
