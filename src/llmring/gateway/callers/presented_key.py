"""The key that a client sends, in the headers and the query of all APIs.

https://platform.openai.com/docs/api-reference/authentication
https://platform.claude.com/docs/en/api/overview#authentication
https://ai.google.dev/api#authentication
"""

from __future__ import annotations

from collections.abc import Mapping

from llmring.gateway.refusals import UnauthenticatedError
from llmring.redaction import MASK

_BEARER = "authorization"
_PLAIN = ("x-api-key", "x-goog-api-key", "api-key")
_QUERY = "key"


def presented_key(
    headers: Mapping[str, str], query: Mapping[str, str], *, reads_query: bool
) -> str | None:
    """Return the key that a client sends; None if it sends none.

    Args:
        headers: The headers, by their names in lower case.
        query: The fields of the query.
        reads_query: True if the API has the key in the query too.

    Raises:
        UnauthenticatedError: It sends two that differ.
    """
    found = [headers[name] for name in _PLAIN if headers.get(name)]
    scheme, _, credentials = headers.get(_BEARER, "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        found.append(credentials.strip())
    if reads_query and query.get(_QUERY):
        found.append(query[_QUERY])
    if not found:
        return None
    if any(each != found[0] for each in found):
        raise UnauthenticatedError("the request has two different keys; send one")
    return found[0]


def without_key(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with a mask in place of the key, so that it is in no log."""
    found = {**headers}
    for name in (_BEARER, *_PLAIN):
        if name in found:
            found[name] = MASK
    return found


def query_without_key(query: Mapping[str, str]) -> Mapping[str, str]:
    """Return the fields of a query with a mask in place of the key."""
    return {**query, _QUERY: MASK} if _QUERY in query else query
