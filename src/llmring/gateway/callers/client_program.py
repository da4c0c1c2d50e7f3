"""The name of a client program, from the header in which it introduces itself.

https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
"""

from __future__ import annotations

import functools
import re

# Some SDKs write their language where others have the version: "OpenAI/Python 3.54.0".
_PRODUCT = re.compile(
    r"([A-Za-z][\w.-]{0,39})(?:/([A-Za-z]{1,20})(?= \d))?(?:[/ ](\d{1,9}(?:\.\d{1,9})?))?", re.ASCII
)


@functools.lru_cache(maxsize=1024)
def client_program(user_agent: str) -> str | None:
    """Return the name and the short version of a program, such as "claude-cli/2.1".

    Args:
        user_agent: The header; one that begins otherwise has no name.
    """
    found = _PRODUCT.match(user_agent)
    if found is None:
        return None
    name = found[1] if found[2] is None else f"{found[1]}-{found[2]}"
    return name if found[3] is None else f"{name}/{found[3]}"
