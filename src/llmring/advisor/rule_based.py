"""The guided mode: the advisor by a grammar alone, without a model."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from llmring.advisor.answers import (
    ability_answers,
    comparison,
    cost_answers,
    lockfile_answers,
    recommendation,
    retirement,
)
from llmring.advisor.answers.not_understood import HELP, not_understood
from llmring.advisor.changes import Change, listed, profile_of
from llmring.advisor.editor import LockfileEditor
from llmring.advisor.grammar.intents import (
    AskAbilities,
    AskAliases,
    AskAlternatives,
    AskCheaper,
    AskComparison,
    AskCost,
    AskHelp,
    AskOutage,
    AskProfiles,
    AskProviders,
    AskRetirement,
    AskUsers,
    Edit,
    Intent,
    Recommend,
    SameAgain,
    UndoLast,
)
from llmring.advisor.grammar.sentence import question_in, readings
from llmring.advisor.grammar.spoken_models import ModelNames
from llmring.advisor.grammar.vocabulary import Vocabulary
from llmring.advisor.planning.context import Context, Memory, Place
from llmring.advisor.planning.descriptions import as_wished, decided, described_in
from llmring.advisor.planning.edit_planner import carry_out, placed, require_clear_places
from llmring.advisor.planning.unclear import AlreadySoError, Option, UnclearRequestError
from llmring.advisor.planning.working_copy import WorkingCopy
from llmring.advisor.ranking import ranked
from llmring.advisor.toolset import Tools
from llmring.exceptions import LLMRingError

GREETING = (
    "This is the guided mode: no model answers; choices are made by rules from the registry.\n"
    "Write what you need, such as:\n"
    "  I need a cheap model that reads images, call it vision\n"
    "  limit fast to 60 requests a minute\n"
    "  replace gpt-4o with haiku everywhere"
)

_ANSWERS: dict[type, Callable[[Context, Any], str]] = {
    Recommend: recommendation.recommend,
    AskCost: cost_answers.cost,
    AskAlternatives: cost_answers.alternatives,
    AskCheaper: cost_answers.cheaper,
    AskComparison: comparison.compare,
    AskRetirement: retirement.retirement,
    AskAbilities: ability_answers.able,
    AskAliases: lockfile_answers.aliases,
    AskUsers: lockfile_answers.users,
    AskOutage: lockfile_answers.outage,
    AskProfiles: lambda context, _: lockfile_answers.profiles(context),
    AskProviders: lambda context, _: lockfile_answers.providers(context),
    AskHelp: lambda _, __: HELP,
}
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5"}


class RuleBasedReply(Struct, frozen=True):
    """An answer; `done` is False if it does not fulfil the request."""

    text: str
    done: bool = True


class Understood(Struct, frozen=True):
    """The outcome of a request.

    Attributes:
        intents: Its intents.
        change: The change of the lockfile; None if it asks for none.
        answers: The answers to its questions.
        notes: Remarks on the change.
        places: The aliases that its last clause was about.
        mentioned: The aliases of all its clauses.
        recommended: The models recommended last.
        profile_topic: The profile that it creates or changes as a whole.
    """

    intents: tuple[Intent, ...]
    change: Change | None
    answers: tuple[str, ...]
    notes: tuple[str, ...]
    places: tuple[Place, ...]
    mentioned: tuple[Place, ...]
    recommended: tuple[str, ...]
    profile_topic: str | None = None


class RuleBasedAgent:
    """An advisor that works by a grammar and remembers the conversation.

    Args:
        editor: The lockfile being edited.
        tools: Proposes the changes.
    """

    def __init__(self, editor: LockfileEditor, tools: Tools) -> None:
        self._editor = editor
        self._tools = tools
        self._memory = Memory()
        self._models: ModelNames | None = None

    async def say(self, text: str) -> RuleBasedReply:
        """Answer a message from the user, and propose the change it asks for."""
        try:
            return await self.carry_out(self.understand(text))
        except UnclearRequestError as unclear:
            return self._asked_back(unclear)
        except LLMRingError as error:
            return RuleBasedReply(f"That failed: {error}", done=False)

    def understand(self, text: str) -> Understood:
        """Find what a message comes to.

        Raises:
            UnclearRequestError: It is not understood, or its meaning is unclear.
            LLMRingError: The lockfile can't be read, or can't be changed so.
        """
        option = self._chosen(text)
        if option is not None:
            return self._outcome(option.intents or self._memory.asked, option)
        names = self.vocabulary()
        found = readings(text, names)
        if not found:
            self._memory.options = ()
            raise UnclearRequestError(not_understood(text, names))
        try:
            return self._settled(found)
        except UnclearRequestError as unclear:
            # A question may also be recognized by its words.
            asked = None if unclear.options else question_in(text, names)
            if asked is None or asked in found:
                raise
            return self._outcome(asked)

    def vocabulary(self) -> Vocabulary:
        """Collect the names that a request about this lockfile may use."""
        editor = self._editor
        if self._models is None:
            self._models = ModelNames(editor.models, editor.availability, editor.day)
        profiles = editor.lockfile.profiles.items()
        return Vocabulary(
            {name: tuple(profile.bindings) for name, profile in profiles},
            frozenset(editor.endpoints),
            self._models,
        )

    def choices(self, understood: Understood) -> list[str]:
        """Return the models that meet the only description in a request, best first."""
        needs = {each.need for each in described_in(understood.intents)}
        if len(needs) != 1:
            return []
        editor, [need] = self._editor, needs
        return [str(each) for each in ranked(editor.models, need, editor.availability, editor.day)]

    def decided(self, understood: Understood, model: str) -> Understood:
        """Return a request with a model in the place of its description.

        Raises:
            LLMRingError: The lockfile can't be changed so.
        """
        return self._outcome(decided(understood.intents, model))

    async def carry_out(self, understood: Understood) -> RuleBasedReply:
        """Answer a request that is understood, and propose its change."""
        memory = self._memory
        memory.options = ()
        memory.recommended = understood.recommended
        if understood.places:
            memory.places = understood.places
            memory.mentioned = understood.mentioned
        memory.profile_topic = understood.profile_topic or memory.profile_topic
        if any(isinstance(each, UndoLast) for each in understood.intents):
            return self._undone()
        if understood.change is None:
            return RuleBasedReply("\n".join(understood.answers))
        reply = await self._made(understood.change)
        if reply.done and not all(isinstance(each, SameAgain) for each in understood.intents):
            memory.edits = understood.intents
        notes = understood.notes if reply.done else ()
        text = "\n".join((*understood.answers, reply.text, *notes))
        return RuleBasedReply(text, reply.done)

    def _undone(self) -> RuleBasedReply:
        undone = self._editor.undo()
        return RuleBasedReply(f"Undone:{listed(undone.done)}")

    async def _made(self, change: Change) -> RuleBasedReply:
        before = len(self._tools.proposals)
        result = await self._tools.change(change)
        for proposal, agreed in self._tools.proposals[before:]:
            if not agreed:
                return RuleBasedReply(
                    f"Nothing was written. Proposed:{listed(proposal.done)}.", done=False
                )
            result = result.replace(f" {proposal.done}", listed(proposal.done))
        return RuleBasedReply(result)

    def _settled(self, found: list[tuple[Intent, ...]]) -> Understood:
        """Choose among the readings of a request; those that come to the same count once."""
        outcomes: list[Understood] = []
        unclear: list[tuple[UnclearRequestError, tuple[Intent, ...]]] = []
        errors: list[LLMRingError] = []
        for intents in found:
            try:
                outcome = self._outcome(intents)
            except UnclearRequestError as each:
                unclear.append((each, intents))
            except LLMRingError as error:
                errors.append(error)
            else:
                # Changes may differ in the remarks that they leave in the file.
                if all(self._words(outcome) != self._words(each) for each in outcomes):
                    outcomes.append(outcome)
        questions = [each for each in unclear if _must_be_asked(each[0])]
        self._memory.asked = next((each[1] for each in questions if each[0].options), ())
        if questions and outcomes:
            # One clause that explains all words is meant, rather than two.
            fewest = min(len(intents) for _, intents in questions)
            outcomes = [each for each in outcomes if len(each.intents) < fewest]
        if len(outcomes) == 1:
            return outcomes[0]
        if len(outcomes) > 1:
            raise UnclearRequestError("Which do you mean?", tuple(map(self._option, outcomes)))
        raise next(iter([each for each, _ in (*questions, *unclear)] or errors))

    def _words(self, outcome: Understood) -> str:
        if outcome.change is None:
            return "only an answer; change nothing"
        profile = profile_of(outcome.change, self._editor.profile)
        return outcome.change.done(self._editor.text, profile)

    def _option(self, outcome: Understood) -> Option:
        return Option(self._words(outcome), outcome.intents)

    def _outcome(self, intents: tuple[Intent, ...], option: Option | None = None) -> Understood:
        """Carry out intents on a copy of the lockfile."""
        memory = self._memory
        context = Context(
            WorkingCopy(self._editor),
            memory,
            intents,
            option.meant if option else {},
            memory.recommended,
        )
        intents = context.request = as_wished(intents, context.is_alias)
        answers = []
        for intent in intents:
            answer = _ANSWERS.get(type(intent))
            if answer is not None:
                answers.append(answer(context, placed(context, intent)))
            elif not isinstance(intent, UndoLast):
                carry_out(context, _edit(intent))
            elif len(intents) > 1:
                raise UnclearRequestError("Undo alone, please; nothing was changed.")
        if option is None or option.intents is None:
            require_clear_places(intents)
        return Understood(
            intents,
            context.copy.change(),
            tuple(answers),
            tuple(context.notes),
            context.topic or (),
            context.mentioned,
            context.recommended,
            context.profile_topic,
        )

    def _asked_back(self, unclear: UnclearRequestError) -> RuleBasedReply:
        self._memory.options = unclear.options
        lines = [f"{number}. {each.label}" for number, each in enumerate(unclear.options, 1)]
        if lines:
            lines.append("Answer with a number; nothing was changed.")
        return RuleBasedReply("\n".join([str(unclear), *lines]), done=False)

    def _chosen(self, text: str) -> Option | None:
        """Find the choice that a message makes among the options of the last question."""
        options = self._memory.options
        answer = " ".join(re.findall(r"[\w.:/@+-]+", text.lower()))
        if not options or not answer:
            return None
        if len(options) == 1 and answer in (
            "yes",
            "y",
            "ok",
            "okay",
            "sure",
            "yes please",
            "do it",
        ):
            return options[0]
        words = re.sub(r"^(?:the|number|option|no) | (?:one|option)$", "", answer)
        words = re.sub(r"^the | one$", "", words)
        numbered = {str(number): each for number, each in enumerate(options, 1)}
        numbered["last"] = options[-1]
        number = _ORDINALS.get(words, words.lstrip("0"))
        if number in numbered:
            return numbered[number]
        named = [
            each
            for each in options
            if answer in (each.label.lower(), _model(each.label)) or f"({words}," in each.label
        ]
        return named[0] if len(named) == 1 else None


def _must_be_asked(unclear: UnclearRequestError) -> bool:
    """Return True if another reading must not be preferred to a reading with this outcome."""
    return bool(unclear.options) or isinstance(unclear, AlreadySoError)


def _model(label: str) -> str:
    return label.partition(" (")[0].rpartition(":")[2].lower()


def _edit(intent: Intent) -> Edit:
    return intent  # type: ignore[return-value]  # the answers above take all questions
