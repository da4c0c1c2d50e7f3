"""The guided mode: the advisor by rules alone, without a model."""

from __future__ import annotations

from msgspec import Struct

from llmring.advisor.changes import Bind, Change, CopyProfile, CreateProfile, SetPolicy, Unbind
from llmring.advisor.editor import LockfileEditor
from llmring.advisor.intent import Intent, Vocabulary, read
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


class RuleBasedReply(Struct, frozen=True):
    """An answer; `done` is False if it does not fulfil the request."""

    text: str
    done: bool = True


class RuleBasedAgent:
    """An advisor that works by rules and remembers its recommendations.

    Args:
        editor: The lockfile being edited.
        tools: Proposes the changes.
    """

    def __init__(self, editor: LockfileEditor, tools: Tools) -> None:
        self._editor = editor
        self._tools = tools
        self._recommended: tuple[str, ...] = ()

    async def say(self, text: str) -> RuleBasedReply:
        """Answer a message from the user, and propose the changes it asks for."""
        try:
            intent = read(text, vocabulary(self._editor))
        except LLMRingError as error:
            return RuleBasedReply(f"That failed: {error}", done=False)
        return await self.carry_out(intent)

    async def carry_out(self, intent: Intent) -> RuleBasedReply:
        """Answer an intent, and propose the changes it asks for."""
        try:
            return await self._answer(intent)
        except LLMRingError as error:
            return RuleBasedReply(f"That failed: {error}", done=False)

    async def _answer(self, intent: Intent) -> RuleBasedReply:
        match intent.kind:
            case "recommend":
                return self._recommend(intent)
            case "show":
                return RuleBasedReply(self._show(intent))
            case "unclear":
                return RuleBasedReply(_HELP, done=False)
            case _:
                change = self._change(intent)
                if isinstance(change, str):
                    return RuleBasedReply(change, done=False)
                return await self._made(change)

    async def _made(self, change: Change) -> RuleBasedReply:
        before = len(self._tools.proposals)
        result = await self._tools.change(change)
        for proposal, agreed in self._tools.proposals[before:]:
            if not agreed:
                return RuleBasedReply(
                    f"Nothing was written. Proposed: {proposal.done}.", done=False
                )
        return RuleBasedReply(result)

    def _recommend(self, intent: Intent) -> RuleBasedReply:
        named = [self._editor.facts(model) for model in intent.models]
        found = [*filter(None, named), *self.candidates(intent)]
        if not found:
            lack = (
                "No model in the registry meets these needs; relax them, or name other providers."
            )
            return RuleBasedReply(lack, done=False)
        first, *others = across_vendors(found, _SHOWN)
        self._recommended = tuple(str(each) for each in (first, *others))
        lines = [f"I recommend {first.name} - it's {_price(first, self._editor)} ({_why(first)})."]
        if others:
            others_ = "; ".join(f"{each} at {_price(each, self._editor)}" for each in others)
            lines.append(f"Alternatives: {others_}.")
        if not self._editor.usable(first.provider):
            lines.append(f"No key is set for {first.provider} here.")
        lines.append("Shall I bind it? Name the alias: set that as my 'fast' alias.")
        return RuleBasedReply(" ".join(lines))

    def _change(self, intent: Intent) -> Change | str:
        """Build the change that an intent asks for, or a question about a missing part."""
        change: Change | str = "Which alias? For example: to summarizer."
        match intent:
            case Intent(kind="bind", alias=str(alias)):
                change = self._binding(alias, intent)
            case Intent(kind="unbind", alias=str(alias)):
                change = Unbind(alias, intent.profile)
            case Intent(kind="policy", policy=(str(key), value)):
                change = SetPolicy(key, value, intent.alias, intent.profile)
            case Intent(kind="create profile", profile=str(name)):
                change = CreateProfile(name, intent.source)
            case Intent(kind="copy profile", source=str(source), profile=str(name)):
                change = CopyProfile(source, name)
            case Intent(kind="create profile" | "copy profile"):
                change = "Which profile? For example: copy profile default to dev."
        return change

    def _binding(self, alias: str, intent: Intent) -> Change | str:
        models = self._models(intent)
        if intent.appends and intent.models:
            there = self._editor.aliases(intent.profile).get(alias, [])
            models = [*dict.fromkeys([*there, *intent.models])]
        if not models:
            return "Which model? Name one (provider:model), or describe what it should do."
        return Bind(alias, models, intent.profile, self._reason(intent, models))

    def _models(self, intent: Intent) -> list[str]:
        if intent.models:
            chosen = list(intent.models)
        elif self._recommended and intent.refers_back:
            chosen = [self._recommended[0]]
        elif intent.refers_back and not intent.states_need:
            return []
        else:
            chosen = [str(each) for each in self.candidates(intent)[:1]]
        return self._with_fallbacks(chosen, intent) if intent.fallbacks else chosen

    def _with_fallbacks(self, chosen: list[str], intent: Intent) -> list[str]:
        """Add fallbacks from other vendors to the chosen models."""
        vendors = {model.partition(":")[0] for model in chosen}
        others = [each for each in self.candidates(intent) if each.provider not in vendors]
        chosen = [*chosen, *(str(each) for each in across_vendors(others, _FALLBACKS))]
        return chosen[:_FALLBACKS]

    def candidates(self, intent: Intent) -> list[ModelFacts]:
        """Find the models that meet an intent, best first."""
        editor = self._editor
        return ranked(editor.models, intent.need, editor.availability, editor.day)

    def _reason(self, intent: Intent, models: list[str]) -> str | None:
        facts = self._editor.facts(models[0])
        prices = facts.prices_on(self._editor.day) if facts else None
        if prices is None:
            return None
        what = ", ".join(intent.need.capabilities)
        able = f" with {what}" if what else ""
        return (
            f"{intent.need.order}{able}, {price_tag(prices)}"
            if intent.states_need
            else price_tag(prices)
        )

    def _show(self, intent: Intent) -> str:
        aliases = self._editor.aliases(intent.profile)
        profile = intent.profile or self._editor.profile
        if not aliases:
            return f"Profile {profile} has no aliases yet."
        lines = [f"{alias} → {', '.join(models)}" for alias, models in aliases.items()]
        return "\n".join([f"Profile {profile}:", *lines])


def vocabulary(editor: LockfileEditor) -> Vocabulary:
    """Collect the names that a sentence about this lockfile may use."""
    profiles = editor.lockfile.profiles
    return Vocabulary(
        profiles=[*profiles],
        aliases=[alias for each in profiles.values() for alias in each.bindings],
        models=[
            name
            for facts in editor.models
            for name in (str(facts), *(f"{facts.provider}:{each}" for each in facts.aliases))
        ],
        providers=[*editor.endpoints],
    )


def _price(facts: ModelFacts, editor: LockfileEditor) -> str:
    prices = facts.prices_on(editor.day)
    if prices is None:
        return "an unknown price"
    return "no cost per token" if mixed_price(facts, editor.day) == 0 else price_tag(prices)


def _why(facts: ModelFacts) -> str:
    context = f"context of {facts.context_window:,} tokens" if facts.context_window else ""
    able = ", ".join(sorted(facts.capabilities - {"temperature", "prefill", "reasoning_budget"}))
    return "; ".join(filter(None, (context, able))) or "as far as the registry knows"
