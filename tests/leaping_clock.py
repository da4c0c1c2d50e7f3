"""An event loop whose clock leaps over the time in which all tasks would wait."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _LeapingSelector(selectors.DefaultSelector):
    """A selector that counts the seconds that it should wait, and does not wait."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if timeout is None and not events:
            raise RuntimeError("all tasks wait, and no timer would wake one")
        if not events:
            self.passed += max(0.0, timeout or 0.0)
        return events


class LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.passed


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, and check that it leaves no task behind."""

    async def checked() -> T:
        result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(checked())
