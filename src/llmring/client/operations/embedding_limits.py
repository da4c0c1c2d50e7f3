"""The limits of a gateway's embeddings, which count for alias and client as chats do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.routing.estimate import TokenEstimate, estimate_tokens
from llmring.routing.policy import Policy, Rules, limits

if TYPE_CHECKING:
    from llmring.config.lockfile_reading import LockfileReading
    from llmring.routing.call_wishes import CallWishes

RulesOfTexts = Callable[[Sequence[str]], Rules | None]


def rules_of_texts(
    reading: LockfileReading,
    policy: Policy,
    alias: str,
    profile: str | None,
    wishes: CallWishes | None,
) -> RulesOfTexts:
    """Return the function that returns the limits of a request for the vectors of some texts.

    Only those of a gateway's clients are limited.

    Args:
        reading: The lockfile.
        policy: The policy of the alias.
        alias: The alias that is called.
        profile: The profile that the call names, if any.
        wishes: The wishes of the caller, if it has any.
    """
    if wishes is None or not (limits(policy) or wishes.counts):
        return lambda _: None
    added_to = wishes.added_to

    def rules_of(texts: Sequence[str]) -> Rules:
        rules = Rules(
            policy=policy,
            alias=alias,
            profile=reading.profile(profile),
            lockfile=reading.budget_key,
            estimate=estimate_texts(texts),
        )
        return added_to(rules)

    return rules_of


def estimate_texts(texts: Sequence[str]) -> TokenEstimate:
    """Estimate the tokens of texts to embed, which have no answer in tokens."""
    turns = [Message("user", text) for text in texts]
    return estimate_tokens(ParsedRequest(turns=turns, max_tokens=0))
