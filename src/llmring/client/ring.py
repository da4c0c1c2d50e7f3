"""LLMRing, the public object through which applications call models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

import msgspec
from msgspec import UNSET, UnsetType

from llmring.bridge.pending import loop_is_running
from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.request import LLMRequest, Messages
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.tool_conversation import ToolRun, ToolsResponse, ToolStart
from llmring.chat.tools import AnyTool
from llmring.client.call_record import CallStart
from llmring.client.pending_calls import (
    PendingChat,
    PendingClose,
    PendingStream,
    PendingTools,
    PendingToolsStream,
)
from llmring.client.refused_answers import refused_answer
from llmring.client.reply_reader import whole_reply
from llmring.client.request_args import RequestFields, UnformedFields, request_of
from llmring.client.ring_aliases import RingAliases
from llmring.client.ring_explain import RingExplain
from llmring.client.ring_models import RingModels
from llmring.client.ring_status import RingStatus
from llmring.config.active_lockfile import lockfile_of_caller
from llmring.config.settings import timeout_of
from llmring.exceptions import LLMRingError
from llmring.routing.observers import OnAttempt, OnFailover
from llmring.telemetry.tracing import TelemetryWish

if TYPE_CHECKING:
    from llmring.client.pending_calls import PendingParsedChat, PendingParsedTools
    from llmring.client.vendor_sdk import RawProvider
    from llmring.files.registered import Deregistration, RegisteredFile
    from llmring.routing.failover import Failover

T = TypeVar("T")


class LLMRing(RingAliases, RingModels, RingExplain, RingStatus):
    """A client that calls models through the aliases of a lockfile, with failover.

    Args:
        lockfile_path: Path of the lockfile, which must exist. Default: LLMRING_LOCKFILE_PATH,
            then `./llmring.lock`, then the calling package's lockfile, then llmring's own.
        timeout: Seconds that a call may take, including fallbacks; None for no limit. Default:
            LLMRING_PROVIDER_TIMEOUT_S, then 60.
        on_attempt: Called with each attempt of each call as soon as its outcome is known. An
            exception that it raises is logged and does not stop the call.
        on_failover: Called when another model takes over from one that failed, also within a
            stream, with the references of both and the failure. Exceptions as for `on_attempt`.
        telemetry: OpenTelemetry traces and metrics: "auto" records them if the application has
            set up OpenTelemetry, "content" also records prompts and answers, "off" disables both.
        package: Name of the package whose lockfile to use; by default the calling package.
        environ: Variables that hold keys, addresses and settings; by default those of the
            process.

    A ring pickles as its arguments, so that process pools can send one to their workers, which read
    keys from their own environment; a ring with `environ` does not, as it may hold keys.

    Raises:
        LockfileError: The lockfile is missing or can't be read.
        ConfigurationError: An environment variable holds a value that can't be used.
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
        response_format: type[T],
        profile: str | None = None,
        **fields: Unpack[UnformedFields],
    ) -> PendingParsedChat[T]: ...
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
        """Send a request to the first available model of an alias.

        `await` the call. In synchronous code, read the answer from it:
        `ring.chat("summarizer", messages="...").content`. There, a call with an alias is sent at
        once, and a call with an `LLMRequest` when its answer is first read.

        Args:
            request: An `LLMRequest`, or an alias or "provider:model" together with `messages`.
            messages: `Message`s, OpenAI-style dictionaries, or the user's text as one string.
            profile: Profile of the lockfile. Default: LLMRING_PROFILE, then the lockfile's own
                default, then "default".
            fields: Other fields of `LLMRequest`, such as `temperature` or `max_tokens`.

        Raises:
            ModelNotFoundError: The alias does not exist, or none of its models can be used.
            AllModelsFailedError: Every model failed. The error is also an instance of the last
                failure's class.
            ProviderError: The call names a single model, and that model failed.
            LimitExceededError: The call exceeds a limit that the lockfile sets.
            SchemaValidationError: The answer does not fit `response_format`.
            ValidationError: The request is invalid.
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
        """Stream an answer: iterate over its chunks with `async for`, or with `for`.

        Arguments and errors are those of `chat`; the errors are raised while iterating. If a
        model fails before its first chunk, the next one takes over. If a model breaks off later,
        another may continue the answer or start again (`chunk.restart`), as the lockfile allows.
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
        response_format: type[T],
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
        **fields: Unpack[UnformedFields],
    ) -> PendingParsedTools[T]: ...
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
        """Send a request, run the functions that the model calls, and send their results back.

        This repeats until the model calls no function, or calls a tool that has no function; the
        answer's `tool_calls` then holds the calls left to the caller. Calls of one turn run
        concurrently; functions that are not asynchronous run in threads. Invalid arguments and
        exceptions of a function are reported to the model, which may correct its call.

        Args:
            request: As for `chat`. Each turn is a call of its own, with its own timeout.
            messages: As for `chat`.
            tools: Functions (decorated with `llmring.tool` or not) and other tools, in addition
                to those of the request.
            mcp: MCP servers whose tools the model may call as well: addresses ("https://…"),
                command lines ("python server.py"), or anything that `mcp.Client` accepts. They
                stay connected during this call. Requires the extra `llmring[mcp]`.
            max_turns: Maximum number of requests.
            profile: As for `chat`.
            fields: As for `chat`; a forced `tool_choice` applies to the first turn only.

        Raises:
            TooManyTurnsError: The model still calls functions after the last turn.
            ProviderError: As for `chat`; its `messages` hold the conversation so far.
            ValidationError: The request is invalid, or a function can't be used as a tool.
            ToolServerError: An MCP server can't be used.
            ConfigurationError: `max_turns` is below 1, or the package `mcp` is not installed.
        """
        question = request_of(request, messages, fields)
        question = msgspec.structs.replace(question, tools=[*question.toolset(), *(tools or ())])
        pending = PendingTools(lambda: self._run_tools(question, profile, max_turns, mcp))
        if isinstance(request, str) and not loop_is_running():
            pending.result()
        return pending

    @overload
    def stream_tools(
        self,
        request: LLMRequest,
        *,
        tools: Sequence[AnyTool] = ...,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
    ) -> PendingToolsStream: ...
    @overload
    def stream_tools(
        self,
        request: str,
        messages: Messages,
        *,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> PendingToolsStream: ...

    def stream_tools(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        tools: Sequence[AnyTool] | None = None,
        mcp: Sequence[Any] = (),
        max_turns: int = 10,
        profile: str | None = None,
        **fields: Any,
    ) -> PendingToolsStream:
        """Run the loop of `run_tools` as a stream: iterate with `async for`, or with `for`.

        The items are the chunks of all turns, a `ToolStart` before and a `ToolRun` after each
        function call. After the last item, the stream's `response` has the whole conversation.
        Arguments and errors are those of `run_tools`; the errors are raised while iterating. A
        `restart` discards the chunks of its own turn. Answers are not repaired to fit
        `response_format`.
        """
        question = request_of(request, messages, fields)
        question = msgspec.structs.replace(question, tools=[*question.toolset(), *(tools or ())])
        return PendingToolsStream(
            lambda keep: self._stream_tools(question, profile, max_turns, mcp, keep)
        )

    def get_provider(self, name: str) -> RawProvider:
        """Return a provider, for use with its official SDK: `ring.get_provider("openai").client`.

        Args:
            name: A provider that llmring knows or that the lockfile defines.

        Raises:
            ProviderNotFoundError: The provider is unknown, or its key is not set.
        """
        from llmring.client.vendor_sdk import raw_provider

        return raw_provider(name, self._active_lockfile.endpoints)

    def register_file(self, path: str | PathLike[str], file_id: str | None = None) -> str:
        """Register a file, and return the ID for the `files` of requests.

        The whole file is read, for its hash; nothing is sent yet. A provider that stores files
        gets a copy with the first request sent to it, and again when the content has changed or
        the provider has deleted the copy. Other providers get the content with each request.

        Args:
            path: Path of the file, which must stay there.
            file_id: The ID; by default a new one.

        Raises:
            MissingFileError: The file does not exist.
            ValidationError: The path is a folder, the file is empty, its type can't be detected,
                or the ID is taken.
        """
        return self._files.register(path, file_id)

    def list_registered_files(self) -> list[RegisteredFile]:
        """Return all registered files, in the order of their registration."""
        return self._files.all()

    def deregister_file(self, file_id: str) -> Deregistration:
        """Remove a registered file, and delete the providers' copies of it.

        `await ring.deregister_file(id)`; in synchronous code the file is removed at once. The
        result is True if the file was registered. A copy that can't be deleted is logged.

        Args:
            file_id: The ID that `register_file` returned.
        """
        from llmring.files.registered import Deregistration

        ending = Deregistration(
            lambda: self._files.deregister(file_id, lambda: self._executor.fetch)
        )
        if not loop_is_running():
            ending.result()
        return ending

    def close(self) -> PendingClose:
        """Close the connections: `await ring.close()`, or `ring.close()` in synchronous code.

        Calls in progress on them raise `RingClosedError` and send nothing more. The ring can be
        used again afterwards; it then opens new connections.
        """
        closing = PendingClose(self._executor_.aclose if self._executor_ else None)
        if not loop_is_running():
            closing.finish()
        return closing

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        if self._executor_ is not None:
            await self._executor_.aclose()

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
        failover = self._plan(request, profile, stream=False)
        try:
            response = await self._answered(request, failover)
        except BaseException as error:
            failover.report_result(error)
            raise
        if response.tool_calls:
            from llmring.client.tools.call_arguments import restore_calls

            restore_calls(response, request.tools)
        failover.report_result(response)
        return response

    def _plan(self, request: ParsedRequest, profile: str | None, *, stream: bool) -> Failover:
        record = self._recorder.record(CallStart("chat", request.model, profile, request, stream))
        try:
            failover = self._planner.plan(request, profile, record, stream=stream)
        except LLMRingError as error:
            if record is not None:
                record.on_failure(error)
            raise
        if record is not None:
            # The method of the list, not the failover, which holds the record: no reference cycle.
            stamp, later = failover.context.stamp, failover.later
            record.found(failover.alias, failover.attempts.copy, stamp, later)
        return failover

    async def _answered(self, request: ParsedRequest, failover: Failover) -> LLMResponse:
        output = request.output
        if output is None:
            return await (self._executor_ or self._executor).send(
                failover, whole_reply, refused_answer
            )
        from llmring.client.answer_schema import answer_form
        from llmring.client.structured import chat_in_form

        form = answer_form(output)
        again = partial(self._planner.plan_followup, failover)
        send = partial(self._executor.send, refused=refused_answer)
        return await chat_in_form(form, request, failover, send, again)

    def _stream_tools(
        self,
        request: LLMRequest,
        profile: str | None,
        max_turns: int,
        mcp: Sequence[Any],
        keep: Callable[[ToolsResponse], None],
    ) -> AsyncGenerator[StreamChunk | ToolStart | ToolRun, None]:
        from llmring.client.tools.tool_stream import stream_of_tools

        return stream_of_tools(
            lambda ask, watch: self._run_tools(request, profile, max_turns, mcp, ask, watch),
            lambda turn: self._stream(parse_request(turn), profile),
            keep,
        )

    async def _run_tools(
        self,
        request: LLMRequest,
        profile: str | None,
        max_turns: int,
        mcp: Sequence[Any],
        ask: Callable[[LLMRequest], Awaitable[LLMResponse]] | None = None,
        watch: Callable[[ToolStart | ToolRun], None] | None = None,
    ) -> ToolsResponse:
        from llmring.client.tools.tool_loop import run_tools

        secrets = [each for row in self._active_lockfile.endpoints.values() for each in row.secrets]

        async def run(turn_request: LLMRequest) -> ToolsResponse:
            return await run_tools(
                ask or (lambda turn: self._send(parse_request(turn), profile)),
                turn_request,
                max_turns=max_turns,
                secrets=secrets,
                telemetry=self._telemetry,
                watch=watch,
            )

        if not mcp:
            return await run(request)
        from llmring.client.tools.mcp_tools import with_servers

        return await with_servers(mcp, timeout_of(request.timeout, self._timeout), request, run)

    def _stream(
        self, request: ParsedRequest, profile: str | None
    ) -> AsyncGenerator[StreamChunk, None]:
        failover = self._plan(request, profile, stream=True)
        output = request.output
        chunks = self._executor.stream(failover)
        if request.tools:
            from llmring.client.tools.call_arguments import restored_stream

            chunks = restored_stream(chunks, request.tools)
        if output is None:
            return chunks
        from llmring.client.answer_schema import answer_form
        from llmring.client.structured import stream_in_form

        form = answer_form(output)
        return stream_in_form(form, request, chunks)
