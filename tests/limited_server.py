"""A loopback server of OpenAI's API that admits a number of requests a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from loopback import Answer, Loopback, Request, as_json

OK = as_json(
    {
        "id": "x",
        "model": "any",
        "choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }
)
LIMITED = as_json({"error": {"message": "Rate limit reached"}}, 429, retry_after="1")
OVERLOADED = as_json({"error": {"message": "The engine is overloaded"}}, 503)
DOWN = as_json({"error": {"message": "Internal error"}}, 500)
USED_UP = as_json({"error": {"message": "No credit", "code": "insufficient_quota"}}, 429)


class LimitedServer(Loopback):
    """A server that admits a number of requests a second, as a token bucket does.

    Args:
        rate: The number.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._level = rate
        self._at = time.monotonic()
        self._lock = threading.Lock()
        self.admitted = 0
        self.refused = 0
        super().__init__(OK)

    def _answer(self, request: Request) -> Answer:
        del request
        with self._lock:
            now = time.monotonic()
            self._level = min(self._rate, self._level + (now - self._at) * self._rate)
            self._at = now
            if self._level < 1:
                self.refused += 1
                return LIMITED
            self._level -= 1
            self.admitted += 1
            return OK


class ChosenServer(Loopback):
    """A server whose answers a function chooses by the number of the request, from 0."""

    def __init__(self, choose: Callable[[int], Answer]) -> None:
        self._choose = choose
        self._count = 0
        self._lock = threading.Lock()
        super().__init__(OK)

    def _answer(self, request: Request) -> Answer:
        del request
        with self._lock:
            self._count += 1
            return self._choose(self._count - 1)
