"""The kinds of models, which an alias must not mix: models that answer, and those that embed."""

from __future__ import annotations

from collections.abc import Sequence

from llmring.advisor.editor import LockfileEditor
from llmring.advisor.planning.unclear import UnclearRequestError

_PURPOSES = {"chat": "for answers", "embedding": "for embeddings"}


def embeds(editor: LockfileEditor, models: Sequence[str]) -> bool:
    """Return True if models make embeddings; False if they answer, or are unknown."""
    return "embedding" in _kinds(editor, models)


def require_kind(
    editor: LockfileEditor, alias: str, before: Sequence[str], after: Sequence[str]
) -> None:
    """Check that the models of an alias are of one kind, and of the kind that it had.

    Raises:
        UnclearRequestError: They are not.
    """
    kinds = _kinds(editor, before) or _kinds(editor, after[:1])
    for model in after:
        for other in _kinds(editor, [model]):
            if kinds and other not in kinds:
                raise UnclearRequestError(
                    f"{alias} is {_PURPOSES[min(kinds)]}, but {model} is {_PURPOSES[other]}. If "
                    f"you mean it: llmring bind {alias} {','.join(after)}. Nothing was changed."
                )


def _kinds(editor: LockfileEditor, models: Sequence[str]) -> set[str]:
    """Return the kinds of the models that are known."""
    return {facts.kind for each in models if (facts := editor.facts(each)) is not None}
