"""The advisor for models without tool support, which only choose from a list.

Rules parse the sentence. If it names no model, the model chooses one of those that meet the need;
the schema allows no other answer.
"""

from __future__ import annotations

from contextlib import suppress
from typing import cast

from msgspec import UNSET

from llmring.advisor.agent import Turn
from llmring.advisor.editor import LockfileEditor
from llmring.advisor.planning.unclear import UnclearRequestError
from llmring.advisor.rule_based import RuleBasedAgent, Understood
from llmring.advisor.toolset import Tools
from llmring.advisor.usage_meter import UsageMeter
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.client.ring import LLMRing
from llmring.exceptions import ConfigurationError, LockfileError, SchemaValidationError
from llmring.registry.price import price_tag

INSTRUCTIONS = (
    "You choose a language model for a person. Read the request, look at the models with their "
    "prices, and fill in the form."
)
_CHOICES = 5


class SmallModelAgent:
    """An advisor for models that support JSON schemas but not tools.

    Args:
        ring: Calls the model.
        alias: The alias of the advisor, or a model.
        profile: The profile that has the alias.
        editor: The lockfile being edited.
        tools: Proposes the changes.
        meter: Records the cost of the calls.
    """

    def __init__(
        self,
        ring: LLMRing,
        alias: str,
        profile: str | None,
        editor: LockfileEditor,
        tools: Tools,
        meter: UsageMeter,
    ) -> None:
        self._meter = meter
        self._ring = ring
        self._alias = alias
        self._profile = profile
        self._editor = editor
        self._rules = RuleBasedAgent(editor, tools)

    async def say(self, text: str) -> Turn:
        """Answer a message from the user, and propose the changes it asks for.

        Raises:
            ProviderError: The model did not answer.
            LockfileError: The lockfile can't be read.
        """
        model = None
        try:
            understood = self._rules.understand(text)
            # If the answer does not match the schema, keep the choice that the rules made.
            with suppress(SchemaValidationError):
                understood, model = await self._decided(text, understood)
            reply = await self._rules.carry_out(understood)
        except (UnclearRequestError, LockfileError, ConfigurationError):
            reply = await self._rules.say(text)
        return Turn(reply.text, model, done=reply.done)

    async def _decided(self, text: str, understood: Understood) -> tuple[Understood, str | None]:
        """Let the model choose among candidates; return the request and the model's name."""
        models = self._rules.choices(understood)[:_CHOICES]
        if len(models) < 2:
            return understood, None
        answer = await self._filled_in(text, models)
        chosen = cast("dict[str, str]", answer.parsed)
        return self._rules.decided(understood, chosen["model"]), answer.model

    async def _filled_in(self, text: str, models: list[str]) -> LLMResponse:
        lines = "\n".join(f"- {model}: {self._tag(model)}" for model in models)
        schema = {
            "type": "object",
            "properties": {"model": {"type": "string", "enum": models}},
            "required": ["model"],
            "additionalProperties": False,
        }
        request = LLMRequest(
            model=self._alias,
            messages=[
                Message("system", INSTRUCTIONS),
                Message("user", f"Models:\n{lines}\n\nRequest: {text}"),
            ],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "choice", "schema": schema, "strict": True},
            },
            max_tokens=200,
            timeout=UNSET,
        )
        with self._meter.of_call():
            answer = await self._ring.chat(request, profile=self._profile)
        self._meter.of_answer(answer)
        return answer

    def _tag(self, model: str) -> str:
        facts = self._editor.facts(model)
        prices = facts.prices_on(self._editor.day) if facts else None
        return price_tag(prices) if prices else "price unknown"
