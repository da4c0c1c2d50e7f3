"""The text of a new lockfile, with explanatory comments."""

from collections.abc import Iterable

from msgspec import Struct

from llmring.lockfile.toml.quoting import quoted

_HEAD = """\
# The models that may answer, under names of your own.
#
# An alias is bound to a list of models. The first one answers; if it can't (no key, rate limit,
# outage, a retired model), the next one is tried. Code calls chat("fast", ...), so that you change
# models only here. Commit this file: it contains no keys; they stay in the environment
# (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...).
#
#   llmring aliases                                    list the aliases
#   llmring bind summarizer "provider:model"           add an alias, or change it
#   llmring bind summarizer "provider:a,provider:b"    ... with a fallback
#   llmring unbind summarizer                          remove it
#   llmring lock validate                              check this file

version = "1.0"
default_profile = "default"

[profiles.default]
name = "default"
"""

_FOOT = """
# A profile is another set of aliases, for dev, test or prod. Choose it by LLMRING_PROFILE=dev, by
# --profile dev, or in code by profile="dev". With `extends` it inherits the aliases of another
# profile and binds only those that differ.
#
# [profiles.dev]
# extends = "default"
#
# [[profiles.dev.bindings]]
# alias = "deep"
# models = ["ollama:llama3.2"]
"""


class Suggestion(Struct, frozen=True):
    """An alias for a new lockfile.

    Attributes:
        alias: The alias.
        models: References "provider:model", best first.
        comment: The purpose of the alias, on one line.
    """

    alias: str
    models: tuple[str, ...]
    comment: str = ""


def starter(suggestions: Iterable[Suggestion] = ()) -> str:
    """Return the text of a lockfile with these aliases in its default profile."""
    return _HEAD + "".join(map(_binding, suggestions)) + _FOOT


def _binding(suggestion: Suggestion) -> str:
    lines = ["", f"# {suggestion.comment}"] if suggestion.comment else [""]
    lines += ["[[profiles.default.bindings]]", f"alias = {quoted(suggestion.alias)}", "models = ["]
    lines += [f"    {quoted(model)}," for model in suggestion.models]
    return "\n".join([*lines, "]", ""])
