"""The advisor's tools: functions through which a model looks up facts and proposes changes.

Free text from a catalog never reaches the model: names that could contain prose are left out, so
that a catalog can't inject instructions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta

from llmring.advisor.changes import (
    Bind,
    Change,
    CopyProfile,
    CreateProfile,
    RemoveProfile,
    RenameBinding,
    ReplaceModel,
    SetPolicy,
    Unbind,
    singles,
)
from llmring.advisor.editor import LockfileEditor, Proposal
from llmring.advisor.model_rows import Plain, details_of, row_of, usd
from llmring.advisor.ranking import Need, Order, ranked
from llmring.chat.function import FunctionTool, tool
from llmring.exceptions import ConfigurationError
from llmring.lockfile.document import ModelRef
from llmring.lockfile.problem import nearest
from llmring.registry.catalog import Capability

Agree = Callable[[Proposal], Awaitable[bool]]

_MOST = 25

Models = Annotated[list[str], Meta(min_length=1, description='Such as ["openai:gpt-6-luna"].')]
Tokens = Annotated[int, Meta(ge=0)]
Dollars = Annotated[float, Meta(gt=0)]

DECLINED = "The user declined this change; nothing was written. Ask what they want instead."


class Tools:
    """The tools of a conversation; each tool has the name of its method.

    Args:
        editor: The lockfile being edited.
        agree: Asks for consent to a proposed change.
        declined: The tool's result if the user declines.

    Attributes:
        proposals: The changes proposed so far, each with True if the user agreed.
    """

    def __init__(self, editor: LockfileEditor, agree: Agree, declined: str = DECLINED) -> None:
        self._editor = editor
        self._declined = declined
        self._agree = agree
        self.proposals: list[tuple[Proposal, bool]] = []
        # A model may call several tools at once; ask the user one question at a time.
        self._turn = asyncio.Lock()

    def all(self) -> list[FunctionTool[..., Any]]:
        """Return every tool, the reading ones first."""
        return [*self.looking_up(), *self.editing()]

    def looking_up(self) -> list[FunctionTool[..., Any]]:
        """Return the tools that change nothing."""
        return [
            tool(each)
            for each in (
                self.find_models,
                self.model_details,
                self.estimate_cost,
                self.list_aliases,
                self.list_profiles,
                self.list_providers,
            )
        ]

    def editing(self) -> list[FunctionTool[..., Any]]:
        """Return the tools that propose changes to the lockfile; each waits for consent."""
        return [
            tool(each)
            for each in (
                self.bind,
                self.unbind,
                self.rename_alias,
                self.replace_model,
                self.create_profile,
                self.copy_profile,
                self.remove_profile,
                self.set_policy,
            )
        ]

    def find_models(
        self,
        capabilities: list[Capability] | None = None,
        min_context: Tokens | None = None,
        max_input_price: Dollars | None = None,
        max_output_price: Dollars | None = None,
        providers: list[str] | None = None,
        with_key_only: bool = False,
        order: Order = "cheapest",
        count: Annotated[int, Meta(ge=1, le=_MOST)] = 8,
    ) -> Plain:
        """Find models in the registry that meet a need, best first, with prices.

        Args:
            capabilities: The capabilities that the model must have.
            min_context: The smallest context window, in tokens.
            max_input_price: The highest input price, in USD per million tokens.
            max_output_price: The highest output price, in USD per million tokens.
            providers: The accepted providers (default: all).
            with_key_only: True to include only providers whose key is set here.
            order: The order of the results; "best" ranks dearer models higher.
            count: The maximum number of models.
        """
        need = Need(
            capabilities=tuple(capabilities or ()),
            min_context=min_context,
            max_input_price=_decimal(max_input_price),
            max_output_price=_decimal(max_output_price),
            providers=tuple(providers or ()),
            usable_only=with_key_only,
            order=order,
        )
        editor = self._editor
        found = ranked(editor.models, need, editor.availability, editor.day)
        return {
            "models": [row_of(editor, facts) for facts in found[:count]],
            "more": max(0, len(found) - count),
            "catalog_of": editor.known.catalog.date.isoformat(),
        }

    def model_details(self, models: Models) -> Plain:
        """Return everything the registry knows about some models.

        Args:
            models: References "provider:model".
        """
        return {model: details_of(self._editor, model) for model in models}

    def estimate_cost(self, models: Models, input_tokens: Tokens, output_tokens: Tokens) -> Plain:
        """Estimate the cost of a number of tokens with some models, in USD.

        Args:
            models: References "provider:model".
            input_tokens: The tokens of all prompts together.
            output_tokens: The tokens of all answers together.
        """
        costs: Plain = {}
        for model in models:
            facts = self._editor.facts(model)
            rates = facts.prices_on(self._editor.day) if facts else None
            costs[model] = (
                "unknown: the registry has no price"
                if rates is None
                else usd((rates.input * input_tokens + rates.output * output_tokens) / 1_000_000)
            )
        return {"usd": costs, "input_tokens": input_tokens, "output_tokens": output_tokens}

    def list_aliases(self, profile: str | None = None) -> Plain:
        """List the aliases of a profile, with their models and policies.

        Args:
            profile: The profile (default: the one being edited).
        """
        name = profile or self._editor.profile
        lockfile = self._editor.lockfile
        bound = lockfile.profiles[name].bindings if name in lockfile.profiles else {}
        return {
            "profile": name,
            "aliases": {
                alias: {"models": [str(ref) for ref in each.models], **each.policy}
                for alias, each in bound.items()
            },
            "policy": lockfile.profiles[name].policy if name in lockfile.profiles else {},
        }

    def list_profiles(self) -> Plain:
        """List the profiles of the lockfile, with the names of their aliases."""
        lockfile = self._editor.lockfile
        return {
            "edited": self._editor.profile,
            "default": lockfile.default_profile,
            "profiles": {
                name: {"aliases": [*each.bindings], "extends": each.extends}
                for name, each in lockfile.profiles.items()
            },
        }

    def list_providers(self) -> Plain:
        """List the providers, by whether they can be called here: a key is set or not needed."""
        usable = [name for name in self._editor.endpoints if self._editor.usable(name)]
        return {
            "usable_here": usable,
            "key_missing": [name for name in self._editor.endpoints if name not in usable],
        }

    async def bind(
        self,
        alias: str,
        models: Models,
        profile: str | None = None,
        reason: str | None = None,
    ) -> str:
        """Bind an alias to models: the first answers, the others are its fallbacks, in order.

        An alias is the name applications ask for ("summarizer", "fast", "dev"), not a profile.

        Args:
            alias: The alias.
            models: References "provider:model", best first.
            profile: The profile (default: the one being edited).
            reason: The reason for the choice, in one line; kept as a comment.
        """
        return await self.change(Bind(alias, models, profile, reason))

    async def unbind(self, alias: str, profile: str | None = None) -> str:
        """Remove an alias.

        Args:
            alias: The alias.
            profile: The profile (default: the one being edited).
        """
        return await self.change(Unbind(alias, profile))

    async def rename_alias(self, alias: str, new: str, profile: str | None = None) -> str:
        """Rename an alias; its models and policies stay.

        Args:
            alias: The alias.
            new: Its new name.
            profile: The profile (default: the one being edited).
        """
        return await self.change(RenameBinding(alias, new, profile))

    async def replace_model(self, old: str, new: str, profile: str | None = None) -> str:
        """Put a model in the place of another, wherever aliases have it.

        Args:
            old: The model to replace, as "provider:model".
            new: The model that takes its place, as "provider:model".
            profile: The profile (default: every profile).
        """
        return await self.change(ReplaceModel(old, new, profile))

    async def create_profile(self, name: str, extends: str | None = None) -> str:
        """Create a profile: a set of aliases for an environment such as dev or prod.

        Args:
            name: The new profile.
            extends: The profile whose aliases it inherits.
        """
        return await self.change(CreateProfile(name, extends))

    async def copy_profile(self, source: str, name: str) -> str:
        """Create a profile with all aliases of another; later changes do not affect the other.

        Args:
            source: The profile to copy.
            name: The new profile.
        """
        return await self.change(CopyProfile(source, name))

    async def remove_profile(self, name: str) -> str:
        """Remove a profile with its aliases; the default one can't be removed.

        Args:
            name: The profile.
        """
        return await self.change(RemoveProfile(name))

    async def set_policy(
        self,
        key: str,
        value: str | int | float | list[str] | None = None,
        alias: str | None = None,
        profile: str | None = None,
    ) -> str:
        """Set how models are called: timeout, retries, strategy, daily_budget, needs and others.

        Args:
            key: timeout (seconds), retries, strategy (ordered, weighted, cheapest, fastest),
                daily_budget, max_cost_per_request (USD), needs, min_context, rpm, tpm,
                max_concurrency, hedge_after, stall_timeout, on_stream_failure,
                on_refusal (fallback, answer), first_content_timeout.
            value: Its value; omit it to remove the key.
            alias: The alias (default: the whole profile).
            profile: The profile (default: the one being edited).
        """
        return await self.change(SetPolicy(key, value, alias, profile))

    async def change(self, change: Change) -> str:
        """Propose a change, make it if the user agrees, and describe the outcome.

        Raises:
            LLMRingError: The change can't be made.
        """
        async with self._turn:
            return await self._made(change)

    async def _made(self, change: Change) -> str:
        for each in singles(change):
            for model in _named_models(each):
                self._require_known(model)
        proposal = self._editor.propose(change)
        if not proposal.diff:
            return f"Nothing to do: the lockfile already has this change ({proposal.done})"
        agreed = await self._agree(proposal)
        if agreed:
            self._editor.apply(proposal)
        # Recorded only now, since `apply` may fail.
        self.proposals.append((proposal, agreed))
        return f"Done! {proposal.done}" if agreed else self._declined

    def _require_known(self, model: str) -> None:
        """Reject a model that neither the registry nor the lockfile knows.

        Any model is accepted for the user's own servers, and for providers missing in the registry.
        """
        ref, editor = ModelRef.parse(model), self._editor
        if editor.known.facts(ref) is not None:
            return
        names = [each.name for each in editor.models if each.provider == ref.provider]
        bound = {each for models in editor.aliases().values() for each in models}
        endpoint = editor.endpoints.get(ref.provider)
        if not names or model in bound or endpoint is None or not endpoint.provider.key_env:
            return
        meant = nearest(ref.model, names)
        hint = f"did you mean {ref.provider}:{meant}? " if meant else ""
        raise ConfigurationError(
            f"{model} is not in the registry; {hint}if the name is correct, bind it with: "
            "llmring bind"
        )


def _named_models(change: Change) -> list[str]:
    match change:
        case Bind(models=models):
            return models
        case ReplaceModel(new=new):
            return [new]
        case _:
            return []


def _decimal(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))
