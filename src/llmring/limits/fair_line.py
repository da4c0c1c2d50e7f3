"""A line of waiting calls, which takes turns between those on whose behalf they are made."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class FairLine(Generic[T]):
    """A line of items, by group: each group in turn, and within a group first come, first served.

    So one client with a hundred waiting calls can't keep the others waiting for all of them.
    """

    def __init__(self) -> None:
        self._groups: dict[str, deque[T]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    def __iter__(self) -> Iterator[T]:
        for group in list(self._groups.values()):
            yield from list(group)

    def add(self, group: str, item: T) -> None:
        """Add an item at the end of its group."""
        self._groups.setdefault(group, deque()).append(item)

    def pop(self) -> T | None:
        """Remove and return the item whose turn it is; None for an empty line."""
        for name, group in self._groups.items():
            item = group.popleft()
            del self._groups[name]
            if group:
                self._groups[name] = group
            return item
        return None

    def remove(self, group: str, item: T) -> bool:
        """Remove an item; return False if it is not there."""
        items = self._groups.get(group)
        if items is None or item not in items:
            return False
        items.remove(item)
        if not items:
            del self._groups[group]
        return True
