"""An alias as a model of llm, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import llm
from llm.models import Prompt
from llm.parts import StreamEvent

from llm_llmring.alias_options import AliasOptions
from llm_llmring.answer_events import AnswerEvents
from llm_llmring.prompt_request import profile_of, request_of
from llm_llmring.users_lockfile import require_trust
from llmring import LLMRing

# Whether a model takes them is known for each model of the alias, and skips those that don't.
ATTACHMENTS = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/bmp",
        "image/tiff",
        "image/heic",
        "image/heif",
        "image/avif",
        "audio/wav",
        "audio/x-wav",
        "audio/wave",
        "audio/mpeg",
        "audio/mp3",
        "audio/mp4",
        "audio/aac",
        "audio/ogg",
        "audio/flac",
        "audio/aiff",
        "application/pdf",
        "application/json",
        "text/plain",
        "text/markdown",
        "text/csv",
        "text/html",
        "text/xml",
    }
)


class _Alias:
    """The parts that both kinds of models share.

    Args:
        model_id: The name of the model in llm.
        alias: The alias.
        ring: The ring that calls it.
    """

    can_stream = True
    supports_schema = True
    supports_tools = True
    attachment_types: set[str] | frozenset[str] = ATTACHMENTS

    def __init__(self, model_id: str, alias: str, ring: LLMRing) -> None:
        self.model_id = model_id
        self.alias = alias
        self.ring = ring

    @property
    def supported_server_side_tools(self) -> tuple[type[llm.ServerSideTool], ...]:
        """Tools in a provider's own form, which go to its API unchanged."""
        return (llm.ServerSideTool,)


class AliasModel(_Alias, llm.Model):
    """An alias as a synchronous model."""

    Options = AliasOptions

    def execute(
        self,
        prompt: Prompt,
        stream: bool,
        response: llm.Response,
        conversation: llm.Conversation | None = None,  # noqa: ARG002 -- in `prompt.messages`
    ) -> Iterator[StreamEvent]:
        """Call the alias, and yield the events of the answer.

        Structured data is never streamed: an answer that does not fit the schema goes back to the
        model.

        Raises:
            LLMRingError: No model could answer.
            llm.ModelError: The answer starts over after a part of it was shown.
        """
        require_trust(self.ring)
        request = request_of(self.alias, self, prompt)
        events = AnswerEvents(response, hide_reasoning=prompt.hide_reasoning)
        profile = profile_of(prompt)
        if not stream or request.output() is not None:
            yield from events.of_answer(self.ring.chat(request, profile=profile).result())
            return
        with self.ring.chat_stream(request, profile=profile) as chunks:
            for chunk in chunks:
                yield from events.of_chunk(chunk)


class AsyncAliasModel(_Alias, llm.AsyncModel):
    """An alias as an asynchronous model."""

    Options = AliasOptions

    async def execute(
        self,
        prompt: Prompt,
        stream: bool,
        response: llm.AsyncResponse,
        conversation: llm.AsyncConversation | None = None,  # noqa: ARG002 -- as above
    ) -> AsyncGenerator[StreamEvent, None]:
        """Call the alias, and yield the events of the answer; see `AliasModel.execute`."""
        require_trust(self.ring)
        request = request_of(self.alias, self, prompt)
        events = AnswerEvents(response, hide_reasoning=prompt.hide_reasoning)
        profile = profile_of(prompt)
        if not stream or request.output() is not None:
            for event in events.of_answer(await self.ring.chat(request, profile=profile)):
                yield event
            return
        async with self.ring.chat_stream(request, profile=profile) as chunks:
            async for chunk in chunks:
                for event in events.of_chunk(chunk):
                    yield event
