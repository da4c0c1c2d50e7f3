"""Lockfiles with made-up models that no catalog has."""

from cli.terminal import lockfile_of

# Two generations of a family, a preview of the third, and a model of another vendor.
MODELS = """
[registry.models."openai:t-1"]
family = "t"
released = 2024-01-01
retires = 2099-12-31
context_window = 1000
capabilities = ["tools"]
prices = { input = 1, output = 2, cached_input = 0.1 }

[registry.models."openai:t-2"]
family = "t"
released = 2025-01-01
context_window = 2000
capabilities = ["tools", "vision"]
prices = { input = 0.5, output = 3, long_context = { above = 100000, input = 1, output = 6 } }

[registry.models."openai:t-3-preview"]
family = "t"
released = 2025-06-01
context_window = 3000
capabilities = ["tools", "vision"]

[registry.models."anthropic:u-1"]
family = "u"
released = 2025-01-01
prices = { input = 4, output = 8 }
"""


def lockfile(models: str = MODELS, /, **profiles: dict[str, list[str]]) -> str:
    """Build the text of a lockfile with these profiles and the facts about the models."""
    return lockfile_of("default", **profiles) + models
