"""The parts of intents: the aliases and models that a request means, and limits."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.ranking import Need

Scope = Literal["named", "back", "all", "everywhere", "left out"]
Value = str | int | float | tuple[str, ...] | None


# The profile that an earlier clause is about, in the place of a name.
THERE = "(there)"


class AliasPhrase(Struct, frozen=True, kw_only=True):
    """The aliases that a clause is about.

    Attributes:
        names: Their names, if the clause names them.
        scope: "named", "back" ("it", "that alias"), "all" of a profile, "everywhere" for those of
            every profile, or "left out".
        several: For "back": "both" for two aliases, "them" for some, "all" for all of those named
            before, or of the profile.
        profile: The profile that the clause names, if any.
        new: Whether the clause may create the alias: "no", "implied" by "for", or "explicit".
    """

    names: tuple[str, ...] = ()
    scope: Scope = "named"
    several: Literal["", "both", "them", "all"] = ""
    profile: str | None = None
    new: Literal["no", "implied", "explicit"] = "no"


LEFT_OUT = AliasPhrase(scope="left out")


class DescribedModel(Struct, frozen=True):
    """A model as a request describes it.

    Attributes:
        need: The requirements.
        is_precise: True if they leave a single best model.
    """

    need: Need
    is_precise: bool = True


class RecommendedModel(Struct, frozen=True):
    """A model that was recommended last: "that one", or "the second one" with an index of 1."""

    index: int = 0


class PlacedModel(Struct, frozen=True):
    """The model at a place of an alias: 0 for the first, -1 for the last.

    Attributes:
        index: The place.
        by_price: True to count from the cheapest model.
    """

    index: int
    by_price: bool = False


class ModelsOfAlias(Struct, frozen=True):
    """The models of another alias: "the same as coder"."""

    alias: str


class Successor(Struct, frozen=True):
    """The model that a vendor names to follow another; None for the one that is replaced."""

    model: SpokenModel | None = None


ModelPhrase = (
    Successor | SpokenModel | DescribedModel | RecommendedModel | ModelsOfAlias | PlacedModel
)


class ModelList(Struct, frozen=True, kw_only=True):
    """Models in order, best first.

    Attributes:
        models: The models.
        fallbacks: The number of fallbacks to choose for them; None if none are asked for.
        vendors: The smallest number of vendors.
        backup: The need for the fallbacks to choose; None for models like the first.
        by_rank: True to choose fallbacks by the order of their need, "cheap", and not for being
            like the first model.
        without: Providers that the fallbacks to choose must not be of.
        if_lacking: True if models that an alias has, and that can do this, should stay.
    """

    models: tuple[ModelPhrase, ...]
    fallbacks: int | None = None
    vendors: int = 1
    backup: Need | None = None
    by_rank: bool = False
    without: tuple[str, ...] = ()
    if_lacking: bool = False


# The key of the limit before, in the place of a name: "30 rpm for fast and 60 for coder".
SAME_KEY = "(same)"


class Setting(Struct, frozen=True):
    """A policy key and its value; None removes the key."""

    key: str
    value: Value
