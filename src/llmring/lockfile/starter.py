"""The text of a new lockfile, with comments that teach."""

from collections.abc import Iterable

from msgspec import Struct

from llmring.lockfile.problem import quoted

_HEAD = """\
# Which models may answer, under names of your own.
#
# An alias stands for a list of models. The first one answers; where it can't (no key, rate limit,
# outage, a retired model), the next one is tried. Code says chat("fast", ...), so that another
# model is a change here and nowhere else. Commit this file: it holds no keys, those stay in the
# environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...).
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
# A profile is another set of aliases, for another place: dev, test, prod. It is chosen by
# LLMRING_PROFILE=dev, by --profile dev, or in code by profile="dev". With `extends` it begins with
# the aliases of another profile and binds only what differs.
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
        alias: Its name.
        models: References "provider:model", best first.
        comment: What it is for, on one line.
    """

    alias: str
    models: tuple[str, ...]
    comment: str = ""


def starter(suggestions: Iterable[Suggestion] = ()) -> str:
    """The text of a lockfile with these aliases in its default profile."""
    return _HEAD + "".join(map(_binding, suggestions)) + _FOOT


def _binding(suggestion: Suggestion) -> str:
    lines = ["", f"# {suggestion.comment}"] if suggestion.comment else [""]
    lines += ["[[profiles.default.bindings]]", f"alias = {quoted(suggestion.alias)}", "models = ["]
    lines += [f"    {quoted(model)}," for model in suggestion.models]
    return "\n".join([*lines, "]", ""])
