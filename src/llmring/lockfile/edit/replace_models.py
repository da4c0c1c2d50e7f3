"""Replacement of models in a lockfile's text, which otherwise stays byte for byte."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.toml.layout import KeyPath, Layout, TextSpan, scan
from llmring.lockfile.toml.quoting import quoted
from llmring.lockfile.toml.splice import Tree, at_path, checked, require_utf8, spliced

# Replacements of models, by the key path of a binding's table, as in `Binding.at`.
Changes = Mapping[KeyPath, Mapping[ModelRef, ModelRef]]

# The keys of a binding that may hold weights by model reference.
_WEIGHTS: tuple[KeyPath, ...] = (("weights",), ("policy", "weights"))


def replace_models(text: str, changes: Changes) -> str:
    """Return the lockfile with some models of its bindings replaced.

    Comments, order and layout stay as they are. If a binding has weights by model reference, the
    replacement takes over the weight.

    Args:
        text: The lockfile.
        changes: The replacements, by the key path of a binding's table.

    Raises:
        ConfigurationError: The name of a model can't be encoded as UTF-8.
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    parse(text)
    layout = scan(text)
    tree = tomllib.loads(text)
    edits: list[tuple[TextSpan, str]] = []
    for at, models in changes.items():
        require_utf8(*map(str, models.values()))
        binding = at_path(tree, at)
        edits += _of_models(layout, (*at, "models"), binding["models"], models)
        edits += _of_weights(layout, at, binding, models)
    after = text
    for span, new in sorted(edits, reverse=True):
        after = spliced(after, span, new)
    return checked(text, after, lambda tree: _change(tree, changes))


def _of_models(
    layout: Layout, path: KeyPath, present: list[str] | str, models: Mapping[ModelRef, ModelRef]
) -> Iterator[tuple[TextSpan, str]]:
    places = [path] if isinstance(present, str) else [(*path, i) for i in range(len(present))]
    texts = [present] if isinstance(present, str) else present
    for place, written in zip(places, texts, strict=True):
        new = models.get(ModelRef.parse(written))
        if new is not None:
            span = layout.value(place)
            yield span, _written_as(layout.text[span.begin], str(new))


def _of_weights(
    layout: Layout, at: KeyPath, binding: Tree, models: Mapping[ModelRef, ModelRef]
) -> Iterator[tuple[TextSpan, str]]:
    for path in _WEIGHTS:
        weights = _below(binding, path)
        for old, new in models.items():
            entry = layout.entries.get((*at, *path, str(old)))
            if isinstance(weights, dict) and entry is not None and entry.key is not None:
                yield entry.key, _written_as(layout.text[entry.key.begin], str(new))


def _written_as(quote: str, new: str) -> str:
    """Quote a string with the same kind of quotes as the old one."""
    return f"'{new}'" if quote == "'" and "'" not in new else quoted(new)


def _change(tree: Tree, changes: Changes) -> None:
    for at, models in changes.items():
        binding = at_path(tree, at)
        texts = {str(old): str(new) for old, new in models.items()}
        binding["models"] = (
            _renamed(binding["models"], texts)
            if isinstance(binding["models"], str)
            else [_renamed(each, texts) for each in binding["models"]]
        )
        for path in _WEIGHTS:
            weights = _below(binding, path)
            if isinstance(weights, dict):
                renamed = {texts.get(key, key): value for key, value in weights.items()}
                weights.clear()
                weights.update(renamed)


def _renamed(written: str, texts: Mapping[str, str]) -> str:
    return texts.get(str(ModelRef.parse(written)), written)


def _below(table: Any, path: KeyPath) -> Any:
    for part in path:
        table = table.get(part) if isinstance(table, dict) else None
    return table
