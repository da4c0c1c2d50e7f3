"""LLMRing: the public object, from an alias to an answer."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import date
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, overload

import msgspec
from msgspec import UNSET, UnsetType

from llmring.chat.request import LLMRequest, Messages
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.client.aliases import Aliases, lockfile_of_caller
from llmring.client.call import whole_reply
from llmring.client.lockfile_of_ring import LockfileOfRing
from llmring.client.pending import Closing, PendingChat, PendingStream, loop_is_running
from llmring.client.settings import read_settings, timeout_of
from llmring.exceptions import ValidationError
from llmring.registry import bundled
from llmring.routing.failover import Walk, chat
from llmring.routing.targets import targets

if TYPE_CHECKING:
    from llmring.client.aio import Shell


class RequestFields(TypedDict, total=False):
    """The fields of `LLMRequest` that `chat` and `chat_stream` take beside the messages."""

    temperature: float | None
    max_tokens: int | None
    reasoning_tokens: int | None
    response_format: Any
    tools: Sequence[Tool | ProviderTool | Mapping[str, Any]] | None
    tool_choice: str | NamedTool | Mapping[str, Any] | None
    cache: Any
    metadata: dict[str, Any] | None
    json_response: bool | None
    timeout: float | None
    extra_params: dict[str, Any]
    files: Sequence[str] | None
    top_p: float | None
    stop: str | Sequence[str] | None
    seed: int | None
    reasoning_effort: str | None
    max_repairs: int


class LLMRing(LockfileOfRing):
    """Calls models through the aliases of a lockfile, with failover.

    Args:
        lockfile_path: The lockfile; it must exist. Left out: LLMRING_LOCKFILE_PATH, then
            `./llmring.lock`, then the one in the calling package, then llmring's own.
        timeout: Seconds that a call may take, fallbacks included; None for no limit. Left out:
            LLMRING_PROVIDER_TIMEOUT_S, then 60.
        on_attempt: Told of each attempt of each call as soon as its outcome is known.
        package: The package whose lockfile is meant, where it is not the calling one.
        environ: The variables to take keys, addresses and settings from; left out, those of the
            process.

    Raises:
        LockfileError: The lockfile is missing or can't be read.
        ConfigurationError: A variable of the environment holds what can't be used.
    """

    _shell_: Shell | None = None

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None = None,
        *,
        timeout: float | UnsetType | None = UNSET,
        on_attempt: Callable[[Attempt], None] | None = None,
        package: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = read_settings(environ)
        self._timeout = timeout_of(timeout, self._settings.timeout)
        self._on_attempt = on_attempt
        brought = lockfile_of_caller(package, depth=1)
        self._aliases = Aliases(lockfile_path, brought, self._settings, environ)

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
        question = _request(request, messages, fields)
        pending = PendingChat(lambda: self._send(question, profile))
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
        question = _request(request, messages, fields)
        return PendingStream(lambda: self._stream(question, profile))

    def close(self) -> Closing:
        """Close the connections: `await ring.close()`, or `ring.close()` where no loop runs.

        A ring goes on to work after that; it opens new ones.
        """
        closing = Closing(self._shell_.aclose if self._shell_ else None)
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

    @property
    def _shell(self) -> Shell:
        if self._shell_ is not None:
            return self._shell_
        from llmring.client.aio import Shell

        # Where threads make their first calls at once, one shell becomes that of all.
        shell: Shell = self.__dict__.setdefault("_shell_", Shell(self._settings))
        return shell

    async def _send(self, request: LLMRequest, profile: str | None) -> LLMResponse:
        return await self._shell.send(self._walk(request, profile, stream=False), whole_reply)

    def _stream(
        self, request: LLMRequest, profile: str | None
    ) -> AsyncGenerator[StreamChunk, None]:
        return self._shell.stream(self._walk(request, profile, stream=True))

    def _walk(self, request: LLMRequest, profile: str | None, *, stream: bool) -> Walk:
        model = request.model
        if not model:
            raise ValidationError("the request names no model; give an alias of the lockfile")
        if not request.messages:
            raise ValidationError("the request has no messages")
        found = self._aliases.look_up(model, profile)
        candidates = targets(found.models, self._settings.endpoints, bundled.facts)
        return Walk(
            chat(request, stream=stream),
            candidates,
            alias=found.alias,
            timeout=timeout_of(request.timeout, self._timeout),
            clock=time.monotonic,
            day=date.today(),
            on_attempt=self._on_attempt,
        )


def _request(
    request: LLMRequest | str, messages: Messages | None, fields: dict[str, Any]
) -> LLMRequest:
    if isinstance(request, LLMRequest):
        if messages is not None or fields:
            raise ValidationError(
                "messages and fields belong into the LLMRequest, or beside an alias"
            )
        # What was appended since the request was made is checked as the rest was.
        return msgspec.structs.replace(request)
    unknown = [name for name in fields if name not in RequestFields.__annotations__]
    if unknown:
        import difflib

        near = difflib.get_close_matches(unknown[0], RequestFields.__annotations__, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValidationError(f"a request has no field {unknown[0]!r}{hint}")
    return LLMRequest(model=request, messages=messages or (), **fields)
