"""Errors of calls that the gateway itself refuses.

RefusedCallError            .status: the HTTP status to answer with
├── UnauthenticatedError    401: no key, or a wrong one
├── ForbiddenError          403: the key may not do this
├── UnknownModelError       404 .nearest: no such name, and the most similar ones
├── NoSuchPathError         404: no such endpoint
├── MethodNotAllowedError   405 .allowed: the endpoint has other methods
├── PayloadTooLargeError    413: the body is too large
├── TooManyWrongKeysError   429 .retry_after: keys are being guessed
├── NotSupportedError       501: the gateway does not offer this
└── NotReadyError           503: the gateway is starting or ending
"""

from __future__ import annotations

from collections.abc import Sequence

from llmring.exceptions import LLMRingError


class RefusedCallError(LLMRingError):
    """A call that the gateway refuses.

    Attributes:
        status: The HTTP status to answer with.
    """

    status: int = 400


class UnauthenticatedError(RefusedCallError):
    """A call without a key, or with one that the gateway does not know."""

    status = 401


class ForbiddenError(RefusedCallError):
    """A call that the client's key does not allow."""

    status = 403


class UnknownModelError(RefusedCallError):
    """A call to a name that is neither an alias nor a model that the client may call.

    Attributes:
        nearest: The most similar names that it may call.
    """

    status = 404

    def __init__(self, message: str, nearest: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.nearest = tuple(nearest)


class NoSuchPathError(RefusedCallError):
    """A call to a path that the gateway does not have."""

    status = 404


class MethodNotAllowedError(RefusedCallError):
    """A call to a path that the gateway has, but not with this method.

    Attributes:
        allowed: The methods that the path has.
    """

    status = 405

    def __init__(self, message: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class PayloadTooLargeError(RefusedCallError):
    """A call whose body is larger than the gateway accepts."""

    status = 413


class TooManyWrongKeysError(RefusedCallError):
    """A call from an address that has sent too many wrong keys.

    Attributes:
        retry_after: Seconds after which keys from there are looked at again.
    """

    status = 429

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotSupportedError(RefusedCallError):
    """A call for something that the gateway does not offer."""

    status = 501


class NotReadyError(RefusedCallError):
    """A call to a gateway that is starting or ending."""

    status = 503
