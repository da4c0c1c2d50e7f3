"""A conversation with the advisor: a model with tools, a model without, or rules alone."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from llmring.advisor.agent import Agent, Screen, Turn
from llmring.advisor.editor import LockfileEditor
from llmring.advisor.rule_based import GREETING, RuleBasedAgent
from llmring.advisor.small_model import SmallModelAgent
from llmring.advisor.toolset import Tools
from llmring.advisor.usage_meter import UsageMeter
from llmring.chat.request import LLMRequest, Message
from llmring.client.ring import LLMRing
from llmring.exceptions import LimitExceededError, LLMRingError, ProviderError
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.resolve import is_reference

Mode = Literal["model", "form", "guided"]

ALIAS = "advisor"

_FORM = (
    "{model} does not support tools, so rules parse plain requests, and it only chooses a model "
    "if they name none."
)
# A line break that Markdown keeps.
_HARD_BREAK = "  \n"
_NO_MODEL = "No model of {alias!r} is usable here:\n{why}"


class Advisor(Struct, frozen=True):
    """The model or the rules that answer in a conversation.

    Attributes:
        ring: Calls the models; None in the guided mode.
        alias: The alias of the advisor, or a model.
        profile: The profile that has the alias.
        mode: "model" with tools, "form" without, "guided" for rules alone.
        greeting: The introduction shown to the user.
    """

    ring: LLMRing | None
    alias: str
    profile: str | None
    mode: Mode
    greeting: str


def advisor(alias: str, editor: LockfileEditor, tools: Tools) -> Advisor:
    """Choose the best advisor that can be called here.

    The alias is looked up in the user's lockfile, then in the one shipped with llmring, so the
    advisor works before the user has a lockfile.

    Args:
        alias: The alias, or a model.
        editor: The user's lockfile and profile.
        tools: The tools it may use.

    Raises:
        ModelNotFoundError: Neither lockfile has the alias.
        LockfileError: The user's lockfile can't be read.
    """
    ring, place = _at(alias, editor)
    question = [Message("user", "…")]
    plan = ring.explain(LLMRequest(alias, question, tools=tools.all()), profile=place)
    if plan.tried:
        greeting = f"{plan.tried[0].model} answers; every change is shown before it is made."
        return Advisor(ring, alias, place, "model", greeting)
    form = {"type": "json_schema", "json_schema": {"name": "form", "schema": {"type": "object"}}}
    weak = ring.explain(LLMRequest(alias, question, response_format=form), profile=place)
    if weak.tried:
        greeting = _FORM.format(model=weak.tried[0].model)
        return Advisor(ring, alias, place, "form", greeting)
    why = "\n".join(f"  {step.model}: {step.reason}" for step in plan.skipped)
    return rule_based_advisor(_NO_MODEL.format(alias=alias, why=why))


def rule_based_advisor(why: str = "") -> Advisor:
    """Return the advisor that works by rules.

    Args:
        why: The reason why no model is used, on lines of its own.
    """
    return Advisor(None, ALIAS, None, "guided", "\n".join(filter(None, (why, GREETING))))


def _at(alias: str, editor: LockfileEditor) -> tuple[LLMRing, str | None]:
    """Find the ring and the profile that have an alias."""
    if editor.path.exists():
        ring = LLMRing(editor.path)
        usual = editor.lockfile.default_profile
        for each in dict.fromkeys((editor.profile, usual)):
            if ring.has_alias(alias, each):
                return ring, each
        if is_reference(alias):
            return ring, usual
    return LLMRing(BUNDLED), "default"


class Session:
    """A conversation about a lockfile.

    Args:
        who: The advisor.
        editor: The lockfile being edited.
        tools: The tools of the advisor.

    Attributes:
        who: The advisor; if its models fail, the guided mode takes over.
        editor: The lockfile being edited.
        tools: The tools, with the proposals made so far.
        meter: The cost of the conversation so far.
    """

    def __init__(self, who: Advisor, editor: LockfileEditor, tools: Tools) -> None:
        self.who = who
        self.editor = editor
        self.tools = tools
        self.meter = UsageMeter()
        self._rules = RuleBasedAgent(editor, tools)
        self._mind = _mind(who, editor, tools, self.meter)

    async def say(self, text: str, screen: Screen) -> Turn:
        """Answer a message from the user, and propose the changes it asks for.

        Raises:
            LLMRingError: The model took too many turns, or the lockfile can't be read.
        """
        before = len(self.tools.proposals)
        try:
            return await self._answer(text, screen)
        except (ProviderError, LimitExceededError) as error:
            screen.restart()
            turn = await self._without_models(error, text, before)
        screen.piece(turn.text)
        return turn

    async def _answer(self, text: str, screen: Screen) -> Turn:
        match self._mind:
            case Agent() as talk:
                return await talk.say(text, screen)
            case SmallModelAgent() as form:
                turn = await form.say(text)
            case None:
                reply = await self._rules.say(text)
                turn = Turn(reply.text, done=reply.done)
        screen.piece(_HARD_BREAK.join(turn.text.split("\n")))
        return turn

    async def _without_models(self, error: LLMRingError, text: str, before: int) -> Turn:
        """Switch to the guided mode for the rest of the conversation, and answer with it."""
        self._mind = None
        self.who = replace(self.who, mode="guided", greeting=GREETING)
        why = f"No model answers any longer: {error}\n\n{GREETING}"
        if len(self.tools.proposals) > before:
            return Turn(f"{why}\n\nSee the changes made so far with /diff.")
        reply = await self._rules.say(text)
        return Turn(f"{why}\n\n{reply.text}", done=reply.done)

    async def close(self) -> None:
        """Close the connections."""
        if self.who.ring is not None:
            await self.who.ring.aclose()


def _mind(
    who: Advisor, editor: LockfileEditor, tools: Tools, meter: UsageMeter
) -> Agent | SmallModelAgent | None:
    if who.ring is None:
        return None
    if who.mode == "form":
        return SmallModelAgent(who.ring, who.alias, who.profile, editor, tools, meter)
    return Agent(who.ring, who.alias, who.profile, editor, tools, meter)


def begin(editor: LockfileEditor, tools: Tools, alias: str | None = ALIAS) -> Session:
    """Begin a conversation.

    Args:
        editor: The lockfile being edited.
        tools: The tools of the advisor.
        alias: The alias of the advisor, or a model; None for the guided mode.

    Raises:
        LLMRingError: The alias does not exist, or a lockfile can't be read.
    """
    who = rule_based_advisor() if alias is None else advisor(alias, editor, tools)
    return Session(who, editor, tools)
