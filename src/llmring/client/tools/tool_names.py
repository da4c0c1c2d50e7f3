"""Names of foreign tools, made fit for every provider, one to one.

A name that fits is kept. The strictest rules together: letters, digits, `_` and `-`, at most 64
characters, a letter or `_` first.

https://platform.openai.com/docs/api-reference/chat/create
https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
https://ai.google.dev/api/caching#FunctionDeclaration
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LONGEST_NAME = 64

_FIT = re.compile(rf"[a-zA-Z_][a-zA-Z0-9_-]{{0,{LONGEST_NAME - 1}}}")
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")


def fit_names(names: Sequence[str], taken: Iterable[str]) -> list[str]:
    """Return a name for each tool that every provider accepts, all different.

    Args:
        names: The tools' own names, of which several may be the same.
        taken: Names of other tools of the request.
    """
    used = set(taken)
    fitted: dict[int, str] = {}
    # A name that fits comes before those that would become the same.
    for at, name in enumerate(names):
        if _FIT.fullmatch(name) and name not in used:
            used.add(name)
            fitted[at] = name
    for at, name in enumerate(names):
        if at not in fitted:
            fitted[at] = _free(_cleaned(name), used)
            used.add(fitted[at])
    return [fitted[at] for at in range(len(names))]


def _cleaned(name: str) -> str:
    clean = _NOT_IN_NAME.sub("_", name) or "tool"
    return clean if _FIT.match(clean) else f"_{clean}"


def _free(name: str, used: set[str]) -> str:
    """Return the name, or the first numbered one that is not used."""
    free, number = name[:LONGEST_NAME], 1
    while free in used:
        number += 1
        end = f"_{number}"
        free = name[: LONGEST_NAME - len(end)] + end
    return free
