"""The pytest plugin, the types of its fixtures, and fake vendors (PYTEST_DONT_REWRITE)."""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from llmring.replay.scripted_replies import Replies, SentRequest
    from llmring.testing.fault_fixture import FaultFields, Faults

# For `-p llmring.testing`; a run that has the package installed finds the plugin by itself.
pytest_plugins = ("llmring.testing.plugin",)

_HOMES = {
    "FaultFields": "llmring.testing.fault_fixture",
    "Faults": "llmring.testing.fault_fixture",
    "Replies": "llmring.replay.scripted_replies",
    "SentRequest": "llmring.replay.scripted_replies",
}

# The types of the fixtures, for annotations; loaded when they are first used.
__all__ = ["FaultFields", "Faults", "Replies", "SentRequest"]


def __getattr__(name: str) -> object:
    home = "llmring.testing.plugin" if name.startswith("llmring_") else _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    return value
