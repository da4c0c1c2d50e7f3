"""The intents that a request can state: typed values between the grammar and the plan."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from llmring.advisor.grammar.intent_parts import (
    LEFT_OUT,
    AliasPhrase,
    DescribedModel,
    ModelList,
    ModelPhrase,
    Setting,
)
from llmring.advisor.ranking import Need
from llmring.registry.catalog import Capability

Place = Literal["first", "second", "last"]


class BindAliases(Struct, frozen=True):
    """A request to bind aliases to models."""

    aliases: AliasPhrase
    models: ModelList


class WantedModels(Struct, frozen=True):
    """A wish for models: a binding if the alias exists, a recommendation if not."""

    aliases: AliasPhrase
    models: ModelList


class AddModels(Struct, frozen=True):
    """A request to add models to aliases, as fallbacks or in front; no models: choose them."""

    aliases: AliasPhrase
    models: ModelList
    place: Place = "last"


class SetFallbacks(Struct, frozen=True):
    """A request that models become the only fallbacks of aliases."""

    aliases: AliasPhrase
    models: tuple[ModelPhrase, ...]


class MoveModel(Struct, frozen=True):
    """A request to move a model to the front, behind the first model, or to the end of aliases."""

    aliases: AliasPhrase
    model: ModelPhrase
    place: Place


class OrderModels(Struct, frozen=True):
    """A request to put models of aliases into an order.

    Attributes:
        aliases: The aliases.
        models: The models in their order; none to reverse the order that they have.
        inserts: True if one of two may be new to an alias.
        by_price: True to sort the models that an alias has, the cheapest first.
    """

    aliases: AliasPhrase
    models: tuple[ModelPhrase, ...]
    inserts: bool = False
    by_price: bool = False


class RemoveModels(Struct, frozen=True):
    """A request to remove models from aliases; no models: all fallbacks.

    Attributes:
        aliases: The aliases.
        models: The models.
        every: True if a name means every model that has it, as in "no openai in fast".
    """

    aliases: AliasPhrase
    models: tuple[ModelPhrase, ...]
    every: bool = False


class KeepModels(Struct, frozen=True):
    """A request that aliases have no other models than those of some vendors."""

    aliases: AliasPhrase
    vendors: DescribedModel


class UseInProfile(Struct, frozen=True):
    """A request that every alias of a profile uses models; it creates a missing profile.

    Attributes:
        profile: The profile; None for the one being edited.
        models: The models.
    """

    profile: str | None
    models: ModelList


class ReplaceModels(Struct, frozen=True):
    """A request to replace a model by another, in some aliases or everywhere.

    Attributes:
        old: The model to replace.
        new: The model that takes its place.
        aliases: The aliases.
        every: True if the old one means every model with its name: "all openai models".
    """

    old: ModelPhrase
    new: ModelPhrase
    aliases: AliasPhrase
    every: bool = False


class UpgradeModels(Struct, frozen=True):
    """A request to replace models by the newest of their lines."""

    aliases: AliasPhrase
    retiring: bool = False


class SpreadVendors(Struct, frozen=True):
    """A request that aliases have several models, of several vendors."""

    aliases: AliasPhrase
    vendors: int
    models: int = 2


class RenameAlias(Struct, frozen=True):
    """A request to rename an alias, in a profile or in every one that has it."""

    old: AliasPhrase
    new: str
    everywhere: bool = False


class CopyAlias(Struct, frozen=True):
    """A request to copy an alias under another name, or into another profile."""

    alias: AliasPhrase
    to: str


class RemoveAliases(Struct, frozen=True):
    """A request to remove aliases, from a profile or from every one that has them."""

    aliases: AliasPhrase
    everywhere: bool = False


class SetLimits(Struct, frozen=True):
    """A request to set policies of aliases; left out: of the profile."""

    aliases: AliasPhrase
    settings: tuple[Setting, ...]


class ScaleLimit(Struct, frozen=True):
    """A request to multiply a limit that aliases have."""

    aliases: AliasPhrase
    key: str
    factor: Decimal


class AddNeeds(Struct, frozen=True):
    """A request that the models of aliases have capabilities."""

    aliases: AliasPhrase
    need: Need


class NewProfiles(Struct, frozen=True, kw_only=True):
    """A request to create profiles.

    Attributes:
        names: Their names.
        extends: The profile to inherit from; None for the default one.
        empty: True if they must not inherit.
        models: The kind of models for their aliases, if the request gives one.
    """

    names: tuple[str, ...]
    extends: str | None = None
    empty: bool = False
    models: Need | None = None


class DuplicateProfile(Struct, frozen=True):
    """A request to copy a profile."""

    source: str
    name: str


class DropProfile(Struct, frozen=True):
    """A request to remove a profile."""

    name: str


class SameAgain(Struct, frozen=True):
    """A request to repeat the last changes elsewhere: "the same for prod"."""

    names: tuple[str, ...]


class UndoLast(Struct, frozen=True):
    """A request to undo the last change."""


class Topic(Struct, frozen=True):
    """The aliases that the following clauses are about: "for fast, …"."""

    aliases: AliasPhrase


class CannotDo(Struct, frozen=True):
    """A request that is understood, but that no edit can fulfil."""

    why: str


Edit = (
    BindAliases
    | WantedModels
    | AddModels
    | SetFallbacks
    | MoveModel
    | OrderModels
    | RemoveModels
    | KeepModels
    | UseInProfile
    | ReplaceModels
    | UpgradeModels
    | SpreadVendors
    | RenameAlias
    | CopyAlias
    | RemoveAliases
    | SetLimits
    | ScaleLimit
    | AddNeeds
    | NewProfiles
    | DuplicateProfile
    | DropProfile
    | SameAgain
    | UndoLast
    | Topic
    | CannotDo
)


class Recommend(Struct, frozen=True):
    """A question for a model that meets a need, perhaps for an alias."""

    models: ModelList
    aliases: AliasPhrase = LEFT_OUT


class AskCost(Struct, frozen=True, kw_only=True):
    """A question about the cost of aliases or models.

    Attributes:
        aliases: The aliases.
        models: The models; if there are any, the aliases do not matter.
        calls: The number of calls.
        input_tokens: The tokens of each prompt.
        output_tokens: The tokens of each answer.
        per: The period of the calls, "day" or "month"; empty if the question gives none.
    """

    aliases: AliasPhrase = LEFT_OUT
    models: tuple[ModelPhrase, ...] = ()
    calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    per: str = ""


class AskCheaper(Struct, frozen=True):
    """A question for cheaper models than those of an alias, or than a model."""

    aliases: AliasPhrase
    model: ModelPhrase | None = None


class AskAlternatives(Struct, frozen=True):
    """A question for models that could take the place of another."""

    model: ModelPhrase


class AskComparison(Struct, frozen=True):
    """A question about the differences between models, or between an alias and a model."""

    models: tuple[ModelPhrase, ...]
    aliases: AliasPhrase | None = None


class AskRetirement(Struct, frozen=True):
    """A question about the retirement of models: those named, or those of aliases."""

    aliases: AliasPhrase
    models: tuple[ModelPhrase, ...] = ()


class AskAbilities(Struct, frozen=True):
    """A question about what models or aliases can do.

    Attributes:
        aliases: The aliases.
        models: The models; if there are any, the aliases do not matter.
        capabilities: The capabilities asked for; none for all facts.
        min_context: The context window asked for, in tokens.
    """

    aliases: AliasPhrase
    models: tuple[ModelPhrase, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    min_context: int | None = None


class AskAliases(Struct, frozen=True):
    """A question for the aliases of a profile, and the settings of those named."""

    aliases: AliasPhrase


class AskUsers(Struct, frozen=True):
    """A question for the aliases that use a model or a provider, or have no fallback."""

    model: ModelPhrase | None = None
    provider: str | None = None


class AskOutage(Struct, frozen=True):
    """A question for the aliases that an outage of a provider would stop."""

    provider: str


class AskProfiles(Struct, frozen=True):
    """A question for the profiles."""


class AskProviders(Struct, frozen=True):
    """A question for the providers that can be called here."""


class AskHelp(Struct, frozen=True):
    """A question for what the advisor can do."""


Ask = (
    Recommend
    | AskCost
    | AskCheaper
    | AskAlternatives
    | AskComparison
    | AskRetirement
    | AskAbilities
    | AskAliases
    | AskUsers
    | AskOutage
    | AskProfiles
    | AskProviders
    | AskHelp
)

Intent = Edit | Ask
