"""Batches: one request for each row of an input, sent through an alias."""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from llmring.batch.map_prompts import MapPrompts

_HOMES = {"MapPrompts": "llmring.batch.map_prompts"}

# Loaded when they are first used.
__all__ = ["MapPrompts"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__]
