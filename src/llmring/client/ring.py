"""LLMRing: the public object, from an alias to an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, overload

import msgspec
from msgspec import UNSET, UnsetType

from llmring.bridge.pending import loop_is_running
from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.request import LLMRequest, Messages
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.tool_conversation import ToolsResponse
from llmring.chat.tools import AnyTool
from llmring.client.call_record import Asked
from llmring.client.pending_calls import PendingChat, PendingClose, PendingStream, PendingTools
from llmring.client.reply_reader import whole_reply
from llmring.client.request_args import RequestFields, request_of
from llmring.client.ring_aliases import LockfileOfRing
from llmring.client.ring_explain import PlanOfRing
from llmring.client.ring_models import ModelsOfRing
from llmring.client.ring_status import StatusOfRing
from llmring.config.active_lockfile import lockfile_of_caller
from llmring.config.settings import timeout_of
from llmring.exceptions import LLMRingError
from llmring.routing.observers import OnAttempt, OnFailover
from llmring.telemetry.tracing import TelemetryWish

if TYPE_CHECKING:
    from llmring.client.vendor_sdk import RawProvider
    from llmring.files.registered import Deregistration, RegisteredFile
    from llmring.routing.failover import Walk


class LLMRing(LockfileOfRing, ModelsOfRing, PlanOfRing, StatusOfRing):
    """Calls models through the aliases of a lockfile, with failover.

    Args:
        lockfile_path: The lockfile; it must exist. Left out: LLMRING_LOCKFILE_PATH, then
            `./llmring.lock`, then the one in the calling package, then llmring's own.
        timeout: Seconds that a call may take, fallbacks included; None for no limit. Left out:
            LLMRING_PROVIDER_TIMEOUT_S, then 60.
        on_attempt: Told of each attempt of each call as soon as its outcome is known. What it
            raises is logged, and the call continues.
        on_failover: Told when another model takes over from one that has failed, within a
            stream too: the references of both, and the failure; otherwise like `on_attempt`.
        telemetry: Whether calls are traced and measured with OpenTelemetry: "auto", where the
            application has set that up; "content", with the texts too; "off".
        package: The package whose lockfile is meant, where it is not the calling one.
        environ: The variables to take keys, addresses and settings from; left out, those of the
            process.

    Raises:
        LockfileError: The lockfile is missing or can't be read.
        ConfigurationError: A variable of the environment holds what can't be used.
    """

    __module__ = "llmring"

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None = None,
        *,
        timeout: float | UnsetType | None = UNSET,
        on_attempt: OnAttempt | None = None,
        on_failover: OnFailover | None = None,
        telemetry: TelemetryWish = "auto",
        package: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            lockfile_path,
            lockfile_of_caller(package, depth=1),
            timeout=timeout,
            on_attempt=on_attempt,
            on_failover=on_failover,
            telemetry=telemetry,
            environ=environ,
        )

    @overload
    def chat(self, request: LLMRequest, *, profile: str | None = None) -> PendingChat: ...
    @overload
    def chat(
        self,
        request: str,
        messages: Messages,
        *,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> PendingChat: ...

    def chat(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        profile: str | None = None,
        **fields: Any,
    ) -> PendingChat:
        """Ask the first model of an alias that can answer.

        `await` the call; or, where no event loop runs, read its answer:
        `ring.chat("summarizer", messages="...").content`. An alias in synchronous code is called
        at once, a request when it is first awaited or read.

        Args:
            request: A request, or an alias (or "provider:model") with `messages`.
            messages: `Message`s, OpenAI-style dictionaries, or a single text from the user.
            profile: The profile of the lockfile; left out: LLMRING_PROFILE, then the lockfile's
                own default, then "default".
            fields: Further fields of `LLMRequest`.

        Raises:
            ModelNotFoundError: No such alias, or none of its models can be used.
            AllModelsFailedError: Every model failed; it is also of the last failure's class.
            ProviderError: The one model that the call names failed.
            ValidationError: The request is not one that can be sent.
        """
        question = parse_request(request_of(request, messages, fields))
        pending = PendingChat(partial(self._send, question, profile))
        if isinstance(request, str) and not loop_is_running():
            pending.result()
        return pending

    @overload
    def chat_stream(self, request: LLMRequest, *, profile: str | None = None) -> PendingStream: ...
    @overload
    def chat_stream(
        self,
        request: str,
        messages: Messages,
        *,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> PendingStream: ...

    def chat_stream(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        profile: str | None = None,
        **fields: Any,
    ) -> PendingStream:
        """Ask as `chat` does, and get the answer in pieces: `async for`, or `for`.

        Another model takes over as long as nothing of the answer has been shown. Arguments and
        errors are those of `chat`; the errors come from the iterator.
        """
        question = parse_request(request_of(request, messages, fields))
        return PendingStream(lambda: self._stream(question, profile))

    @overload
    def run_tools(
        self,
        request: LLMRequest,
        *,
        tools: Sequence[AnyTool] = ...,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
    ) -> PendingTools: ...
    @overload
    def run_tools(
        self,
        request: str,
        messages: Messages,
        *,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> PendingTools: ...

    def run_tools(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        tools: Sequence[AnyTool] | None = None,
        mcp: Sequence[Any] = (),
        max_turns: int = 10,
        profile: str | None = None,
        **fields: Any,
    ) -> PendingTools:
        """Ask as `chat` does, call the functions that the model asks for, and ask again.

        This goes on until the model asks for none, or for a tool that has no function here:
        `tool_calls` of the answer then holds what is left to the caller. Calls of one turn run
        at the same time; functions that are not asynchronous run in threads. Wrong arguments
        and a function's own exceptions are told to the model, which may mend its call.

        Args:
            request: As for `chat`. Each turn goes to the alias anew, with a timeout of its own.
            messages: As for `chat`.
            tools: Functions, decorated with `llmring.tool` or not, beside those of the request;
                other tools may be among them.
            mcp: MCP servers whose tools the model may call too: addresses ("https://…"),
                command lines ("python server.py"), or whatever `mcp.Client` takes. They are
                connected for this call. Takes the extra `llmring[mcp]`.
            max_turns: How often to ask at most.
            profile: As for `chat`.
            fields: As for `chat`; a forced `tool_choice` is for the first turn only.

        Raises:
            TooManyTurnsError: The model still asks for functions after its last turn.
            ProviderError: As for `chat`; its `messages` hold the conversation so far.
            ValidationError: The request is not one that can be sent, or a function can't be a
                tool.
            ToolServerError: An MCP server can't be used.
        """
        question = request_of(request, messages, fields)
        question = msgspec.structs.replace(question, tools=[*question.toolset(), *(tools or ())])
        pending = PendingTools(lambda: self._run_tools(question, profile, max_turns, mcp))
        if isinstance(request, str) and not loop_is_running():
            pending.result()
        return pending

    def get_provider(self, name: str) -> RawProvider:
        """A provider itself, with its vendor's own SDK: `ring.get_provider("openai").client`.

        Args:
            name: One that llmring knows, or one of the lockfile's own.

        Raises:
            ProviderNotFoundError: There is none of that name, or its key is not set.
        """
        from llmring.client.vendor_sdk import raw_provider

        return raw_provider(name, self._aliases.endpoints)

    def register_file(self, path: str | PathLike[str], file_id: str | None = None) -> str:
        """Make a file known, for the `files` of requests, and give its ID.

        Nothing is sent yet. A provider that keeps files gets its copy with the first request
        that goes there, and again when the content has changed or the provider has forgotten it;
        other providers get the content within each request. Reads the whole file, for its hash.

        Args:
            path: Where it is; it has to stay there.
            file_id: Its ID; left out, one is made.

        Raises:
            MissingFileError: There is no such file.
            ValidationError: It is a folder, or empty, or of a kind that can't be told; or the ID
                is taken.
        """
        return self._files.register(path, file_id)

    def list_registered_files(self) -> list[RegisteredFile]:
        """All registered files, in the order in which they were registered."""
        return self._files.all()

    def deregister_file(self, file_id: str) -> Deregistration:
        """Forget a registered file, and have the providers remove their copies.

        `await ring.deregister_file(id)`, or `ring.deregister_file(id)` where no loop runs. The
        answer is whether there was such a file. A copy that can't be removed is told in the log.
        """
        from llmring.files.registered import Deregistration

        ending = Deregistration(lambda: self._files.deregister(file_id, lambda: self._shell.fetch))
        if not loop_is_running():
            ending.result()
        return ending

    def close(self) -> PendingClose:
        """Close the connections: `await ring.close()`, or `ring.close()` where no loop runs.

        A ring goes on to work after that; it opens new ones.
        """
        closing = PendingClose(self._shell_.aclose if self._shell_ else None)
        if not loop_is_running():
            closing.finish()
        return closing

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        if self._shell_ is not None:
            await self._shell_.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close().finish()

    async def _send(self, request: ParsedRequest, profile: str | None) -> LLMResponse:
        walk = self._walk(request, profile, stream=False)
        try:
            response = await self._answered(request, walk)
        except BaseException as error:
            walk.report_result(error)
            raise
        walk.report_result(response)
        return response

    def _walk(self, request: ParsedRequest, profile: str | None, *, stream: bool) -> Walk:
        record = self._books.record(Asked("chat", request.model, profile, request, stream))
        try:
            walk = self._guide.walk(request, profile, record, stream=stream)
        except LLMRingError as error:
            if record is not None:
                record.on_failure(error)
            raise
        if record is not None:
            # Of the list alone, as the walk has the record among its observers.
            record.found(walk.alias, walk.attempts.copy, walk.terms.stamp)
        return walk

    async def _answered(self, request: ParsedRequest, walk: Walk) -> LLMResponse:
        output = request.output
        if output is None:
            return await (self._shell_ or self._shell).send(walk, whole_reply)
        from llmring.client.answer_schema import form_of
        from llmring.client.structured import chat_in_form

        form = form_of(output)
        again = partial(self._guide.again, walk)
        return await chat_in_form(form, request, walk, self._shell.send, again)

    async def _run_tools(
        self, request: LLMRequest, profile: str | None, max_turns: int, mcp: Sequence[Any]
    ) -> ToolsResponse:
        from llmring.client.tool_loop import run_tools

        secrets = [each for row in self._aliases.endpoints.values() for each in row.secrets]

        async def run(asked: LLMRequest) -> ToolsResponse:
            return await run_tools(
                lambda turn: self._send(parse_request(turn), profile),
                asked,
                max_turns=max_turns,
                secrets=secrets,
            )

        if not mcp:
            return await run(request)
        from llmring.client.mcp_tools import with_servers

        return await with_servers(mcp, timeout_of(request.timeout, self._timeout), request, run)

    def _stream(
        self, request: ParsedRequest, profile: str | None
    ) -> AsyncGenerator[StreamChunk, None]:
        walk = self._walk(request, profile, stream=True)
        output = request.output
        if output is None:
            return self._shell.stream(walk)
        from llmring.client.answer_schema import form_of
        from llmring.client.structured import stream_in_form

        form = form_of(output)
        return stream_in_form(form, request, self._shell.stream(walk))
