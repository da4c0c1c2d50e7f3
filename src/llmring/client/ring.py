"""LLMRing, the public object through which applications call models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from msgspec import UNSET, UnsetType

from llmring.bridge.pending import loop_is_running
from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Messages
from llmring.client.batches.ring_batches import RingBatches
from llmring.client.pending_calls import PendingChat, PendingClose, PendingStream
from llmring.client.request_args import RequestFields, UnformedFields, request_of
from llmring.client.ring_aliases import RingAliases
from llmring.client.ring_explain import RingExplain
from llmring.client.ring_files import RingFiles
from llmring.client.ring_status import RingStatus
from llmring.client.ring_tools import RingTools
from llmring.config.active_lockfile import lockfile_of_caller
from llmring.routing.observers import OnAttempt, OnFailover
from llmring.telemetry.tracing import TelemetryWish

if TYPE_CHECKING:
    from llmring.client.pending_calls import PendingParsedChat
    from llmring.client.vendor_sdk import RawProvider

T = TypeVar("T")


class LLMRing(RingAliases, RingBatches, RingExplain, RingStatus, RingTools, RingFiles):
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

    def get_provider(self, name: str) -> RawProvider:
        """Return a provider, for use with its official SDK: `ring.get_provider("openai").client`.

        Args:
            name: A provider that llmring knows or that the lockfile defines.

        Raises:
            ProviderNotFoundError: The provider is unknown, or its key is not set.
        """
        from llmring.client.vendor_sdk import raw_provider

        return raw_provider(name, self._active_lockfile.endpoints)

    def close(self) -> PendingClose:
        """Close the connections: `await ring.close()`, or `ring.close()` in synchronous code.

        Calls in progress on them raise `RingClosedError` and send nothing more. The ring can be
        used again afterwards; it then opens new connections.
        """
        closing = PendingClose(self._executor_, self._active_lockfile.readers)
        if not loop_is_running():
            closing.finish()
        return closing

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await PendingClose(self._executor_, self._active_lockfile.readers)

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
