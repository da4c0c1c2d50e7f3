"""The guided mode: the advisor by rules alone, without a model."""

from __future__ import annotations

from msgspec import Struct

from llmring.advisor.changes import Bind, Change, CopyProfile, CreateProfile, SetPolicy, Unbind
from llmring.advisor.editor import Desk
from llmring.advisor.intent import Vocabulary, Wish, read
from llmring.advisor.ranking import across_vendors, mixed_price, ranked
from llmring.advisor.toolset import Tools
from llmring.exceptions import LLMRingError
from llmring.registry.catalog import ModelFacts
from llmring.registry.price import price_tag

GREETING = (
    "This is the guided mode: no model answers; choices are made by rules from the registry. "
    "Write what you need, such as: a cheap model that reads images; bind it to my 'vision' alias; "
    "use openai:gpt-6-luna for summarizer; copy profile default to dev; set timeout of fast to 20."
)
_HELP = (
    "I understand only plain requests: qualities of a model (cheap, best, vision, tools, long "
    "context, local, a provider, under $1), and: bind, use, unbind, copy or create a profile, "
    "set timeout, retries or budget. For example: bind a cheap model with fallbacks to summarizer."
)
_FALLBACKS = 3
_SHOWN = 3


class Reply(Struct, frozen=True):
    """An answer; `done` is False if it does not fulfil the request."""

    text: str
    done: bool = True


class Guided:
    """An advisor that works by rules and remembers its recommendations.

    Args:
        desk: The lockfile being edited.
        tools: Proposes the changes.
    """

    def __init__(self, desk: Desk, tools: Tools) -> None:
        self._desk = desk
        self._tools = tools
        self._recommended: tuple[str, ...] = ()

    async def say(self, text: str) -> Reply:
        """Answer a message from the user, and propose the changes it asks for."""
        try:
            wish = read(text, vocabulary(self._desk))
        except LLMRingError as error:
            return Reply(f"That failed: {error}", done=False)
        return await self.carry_out(wish)

    async def carry_out(self, wish: Wish) -> Reply:
        """Answer a wish, and propose the changes it asks for."""
        try:
            return await self._answer(wish)
        except LLMRingError as error:
            return Reply(f"That failed: {error}", done=False)

    async def _answer(self, wish: Wish) -> Reply:
        match wish.kind:
            case "recommend":
                return self._recommend(wish)
            case "show":
                return Reply(self._show(wish))
            case "unclear":
                return Reply(_HELP, done=False)
            case _:
                change = self._change(wish)
                if isinstance(change, str):
                    return Reply(change, done=False)
                return await self._made(change)

    async def _made(self, change: Change) -> Reply:
        before = len(self._tools.proposals)
        said = await self._tools.change(change)
        for proposal, agreed in self._tools.proposals[before:]:
            if not agreed:
                return Reply(f"Nothing was written. Proposed: {proposal.done}.", done=False)
        return Reply(said)

    def _recommend(self, wish: Wish) -> Reply:
        named = [self._desk.facts(model) for model in wish.models]
        found = [*filter(None, named), *self.candidates(wish)]
        if not found:
            lack = (
                "No model in the registry meets these needs; relax them, or name other providers."
            )
            return Reply(lack, done=False)
        first, *others = across_vendors(found, _SHOWN)
        self._recommended = tuple(str(each) for each in (first, *others))
        lines = [f"I recommend {first.name} - it's {_price(first, self._desk)} ({_why(first)})."]
        if others:
            others_ = "; ".join(f"{each} at {_price(each, self._desk)}" for each in others)
            lines.append(f"Alternatives: {others_}.")
        if not self._desk.usable(first.provider):
            lines.append(f"No key is set for {first.provider} here.")
        lines.append("Shall I bind it? Name the alias: set that as my 'fast' alias.")
        return Reply(" ".join(lines))

    def _change(self, wish: Wish) -> Change | str:
        """Build the change that a wish asks for, or a question about a missing part."""
        change: Change | str = "Which alias? For example: to summarizer."
        match wish:
            case Wish(kind="bind", alias=str(alias)):
                change = self._binding(alias, wish)
            case Wish(kind="unbind", alias=str(alias)):
                change = Unbind(alias, wish.profile)
            case Wish(kind="policy", policy=(str(key), value)):
                change = SetPolicy(key, value, wish.alias, wish.profile)
            case Wish(kind="create profile", profile=str(name)):
                change = CreateProfile(name, wish.source)
            case Wish(kind="copy profile", source=str(source), profile=str(name)):
                change = CopyProfile(source, name)
            case Wish(kind="create profile" | "copy profile"):
                change = "Which profile? For example: copy profile default to dev."
        return change

    def _binding(self, alias: str, wish: Wish) -> Change | str:
        models = self._models(wish)
        if wish.appends and wish.models:
            there = self._desk.aliases(wish.profile).get(alias, [])
            models = [*dict.fromkeys([*there, *wish.models])]
        if not models:
            return "Which model? Name one (provider:model), or describe what it should do."
        return Bind(alias, models, wish.profile, self._reason(wish, models))

    def _models(self, wish: Wish) -> list[str]:
        if wish.models:
            chosen = list(wish.models)
        elif self._recommended and wish.refers_back:
            chosen = [self._recommended[0]]
        elif wish.refers_back and not wish.says_need:
            return []
        else:
            chosen = [str(each) for each in self.candidates(wish)[:1]]
        return self._with_fallbacks(chosen, wish) if wish.fallbacks else chosen

    def _with_fallbacks(self, chosen: list[str], wish: Wish) -> list[str]:
        """Add fallbacks from other vendors to the chosen models."""
        vendors = {model.partition(":")[0] for model in chosen}
        others = [each for each in self.candidates(wish) if each.provider not in vendors]
        chosen = [*chosen, *(str(each) for each in across_vendors(others, _FALLBACKS))]
        return chosen[:_FALLBACKS]

    def candidates(self, wish: Wish) -> list[ModelFacts]:
        """Find the models that meet a wish, best first."""
        desk = self._desk
        return ranked(desk.models, wish.need, desk.standing, desk.day)

    def _reason(self, wish: Wish, models: list[str]) -> str | None:
        facts = self._desk.facts(models[0])
        prices = facts.prices_on(self._desk.day) if facts else None
        if prices is None:
            return None
        what = ", ".join(wish.need.capabilities)
        able = f" with {what}" if what else ""
        return (
            f"{wish.need.order}{able}, {price_tag(prices)}" if wish.says_need else price_tag(prices)
        )

    def _show(self, wish: Wish) -> str:
        aliases = self._desk.aliases(wish.profile)
        profile = wish.profile or self._desk.profile
        if not aliases:
            return f"Profile {profile} has no aliases yet."
        lines = [f"{alias} → {', '.join(models)}" for alias, models in aliases.items()]
        return "\n".join([f"Profile {profile}:", *lines])


def vocabulary(desk: Desk) -> Vocabulary:
    """Collect the names that a sentence about this lockfile may use."""
    profiles = desk.lockfile.profiles
    return Vocabulary(
        profiles=[*profiles],
        aliases=[alias for each in profiles.values() for alias in each.bindings],
        models=[
            name
            for facts in desk.models
            for name in (str(facts), *(f"{facts.provider}:{each}" for each in facts.aliases))
        ],
        providers=[*desk.endpoints],
    )


def _price(facts: ModelFacts, desk: Desk) -> str:
    prices = facts.prices_on(desk.day)
    if prices is None:
        return "an unknown price"
    return "no cost per token" if mixed_price(facts, desk.day) == 0 else price_tag(prices)


def _why(facts: ModelFacts) -> str:
    context = f"context of {facts.context_window:,} tokens" if facts.context_window else ""
    able = ", ".join(sorted(facts.capabilities - {"temperature", "prefill", "reasoning_budget"}))
    return "; ".join(filter(None, (context, able))) or "as far as the registry knows"
