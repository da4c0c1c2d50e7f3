"""The memory of the model that answered each conversation last.

The turns of a conversation stay with one model, so that its cache of the prompt and its signed
reasoning keep their use.
"""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

from llmring.clock import Clock
from llmring.gateway.shared_table import SharedTable

MOST = 10_000
SECONDS = 3600


class _LastAnswer(Struct, frozen=True):
    """The model that answered last, and the time at which that is forgotten, in ns since 1970."""

    target: str
    until: int


class Affinity:
    """A bounded memory of the model that answered each conversation last.

    Args:
        clock: The wall clock.
        most: The conversations that are remembered; the one that was silent longest is forgotten.
        seconds: The seconds after its last answer for which a conversation is remembered.
    """

    def __init__(self, clock: Clock, most: int = MOST, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._most = most
        self._nanoseconds = int(seconds * 10**9)
        # The conversation that answered longest ago comes first.
        self._answers: OrderedDict[str, _LastAnswer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def preferred(self, conversation: str) -> str | None:
        """Return the reference of the model that answered last, if it is remembered."""
        found = self._answers.get(conversation)
        if found is None:
            return None
        if found.until <= self._clock.time_ns():
            self._answers.pop(conversation, None)
            return None
        return found.target

    def answered(self, conversation: str, target: str) -> None:
        """Remember the model that has answered.

        Args:
            conversation: The ID of the conversation, as of `conversation_of`.
            target: The reference of the model, "provider:model".
        """
        now = self._clock.time_ns()
        self._answers[conversation] = _LastAnswer(target, now + self._nanoseconds)
        self._answers.move_to_end(conversation)
        while self._answers and (len(self._answers) > self._most or self._oldest.until <= now):
            self._answers.popitem(last=False)

    @property
    def _oldest(self) -> _LastAnswer:
        return next(iter(self._answers.values()))


class SharedAffinity(Affinity):
    """The same memory, shared by the processes of a gateway.

    Args:
        clock: The wall clock.
        table: The table that the processes share.
        seconds: As for `Affinity`.
    """

    def __init__(self, clock: Clock, table: SharedTable, seconds: float = SECONDS) -> None:
        super().__init__(clock, seconds=seconds)
        self._table = table

    def preferred(self, conversation: str) -> str | None:
        """Return the reference of the model that answered last, if it is remembered."""
        return self._table.get(conversation, self._clock.time_ns())

    def answered(self, conversation: str, target: str) -> None:
        """Remember the model that has answered.

        Args:
            conversation: The ID of the conversation, as of `conversation_of`.
            target: The reference of the model, "provider:model".
        """
        until = self._clock.time_ns() + self._nanoseconds
        self._table.put(conversation, target, until)
