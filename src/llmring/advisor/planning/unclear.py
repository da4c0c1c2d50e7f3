"""The reasons why a request is not carried out, with the choices that would settle it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from llmring.advisor.grammar.intents import Intent


class Option(Struct, frozen=True):
    """A choice that settles an unclear request.

    Attributes:
        label: The choice in words.
        intents: The intents to carry out instead; None for those of the request.
        meant: The models that words of the request mean, by these words.
    """

    label: str
    intents: tuple[Intent, ...] | None = None
    meant: Mapping[str, str] = {}


class UnclearRequestError(Exception):
    """A request that is not carried out; its message is the answer.

    Attributes:
        options: The choices, if there are any.
    """

    def __init__(self, answer: str, options: tuple[Option, ...] = ()) -> None:
        super().__init__(answer)
        self.options = options


class AlreadySoError(UnclearRequestError):
    """A request for what the lockfile has already."""
