"""Every error that llmring raises.

LLMRingError
├── ConfigurationError                  a setting, an argument or the set-up is wrong
│   └── InvalidModelReferenceError      (ValueError) not "provider:model"
├── ValidationError                     (ValueError) a request that can't be sent
│   ├── MissingFileError                (FileNotFoundError) a file to be attached is not there
│   └── SchemaValidationError           .response .content .problems: an answer that does not fit
├── LockfileError                       .path .line .column
│   ├── LockfileNotFoundError           (FileNotFoundError)
│   ├── LockfileExistsError             (FileExistsError)
│   ├── LockfileParseError              (ValueError)
│   ├── LockfileVersionError
│   └── FrozenLockfileError             a call or a change that a frozen lockfile does not allow
├── TooManyTurnsError                   .messages: run_tools, and a model that goes on calling
├── LimitExceededError                  .retry_after .attempts .messages: a limit of the lockfile
│   └── BudgetExceededError             .limit .spent .estimate
├── ModelError
│   ├── ModelNotFoundError              no such alias or model, or none that can be used
│   │   └── AliasNotFoundError          (ValueError)
│   │       └── MissingAliasesError     .missing
│   └── ModelCapabilityError            a model that can't do what was asked
└── ProviderError                       .provider .model .status .code .request_id
    │                                   .provider_message .retry_after .attempts
    ├── ProviderNotFoundError           (ModelNotFoundError) no provider of that name
    ├── ProviderAuthenticationError     401, 402, 403, or no key
    ├── ProviderRateLimitError          429
    ├── ProviderTimeoutError            no answer in the time that there was
    ├── ProviderConnectionError         refused, reset, cut, TLS, DNS
    ├── ProviderResponseError           an answer that is an error, or none at all
    │   ├── UnreadableResponseError     not what the API sends: a proxy's page, a cut body
    │   ├── ProviderModelNotFoundError  (ModelNotFoundError) 404, 410: retired or unknown
    │   └── ProviderRequestError        400, 413, 422 …: the request itself
    │       ├── ContextLengthError      too long for this model
    │       ├── UnsupportedFeatureError (ModelCapabilityError)
    │       └── ContentPolicyError
    └── AllModelsFailedError            (ExceptionGroup) every attempt, in order
        └── NoUsableModelError          (ModelNotFoundError) all were skipped before sending
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from llmring.chat.output import Misfit
    from llmring.chat.request import Message
    from llmring.chat.response import Attempt, LLMResponse


class LLMRingError(Exception):
    """Anything that llmring raises on purpose."""

    @property
    def message(self) -> str:
        """What happened, where, and what to do."""
        return str(self.args[0])


class ConfigurationError(LLMRingError):
    """A setting, an argument or the set-up is wrong."""


class InvalidModelReferenceError(ConfigurationError, ValueError):
    """A model reference that is not "provider:model"."""


class ValidationError(LLMRingError, ValueError):
    """A request that can't be sent as it is."""


class MissingFileError(ValidationError, FileNotFoundError):
    """A file that a request is to have does not exist."""


class SchemaValidationError(ValidationError):
    """An answer that does not fit the `response_format`, after all repairs that were allowed.

    It is no `ProviderError`: the model has answered, and no other one is asked in its place.

    Attributes:
        response: The last answer, with the usage, cost and attempts of all rounds.
        problems: The places that do not fit, each with its `place` and `reason`.
    """

    def __init__(
        self, message: str, response: LLMResponse, problems: Sequence[Misfit] = ()
    ) -> None:
        super().__init__(message, response, problems)
        self.response = response
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return self.message

    @property
    def content(self) -> str:
        """The text of the answer."""
        return self.response.content


class LockfileError(LLMRingError):
    """Something about a lockfile; the message starts with the place.

    Attributes:
        path: The file, where there is one.
        line: Line in it, from 1.
        column: Column in the line, from 1.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)
        self.path = path
        self.line = line
        self.column = column


class LockfileNotFoundError(LockfileError, FileNotFoundError):
    """A lockfile that was named does not exist."""


class LockfileExistsError(LockfileError, FileExistsError):
    """A lockfile that would be overwritten."""


class LockfileParseError(LockfileError, ValueError):
    """A lockfile that is not TOML, or not a lockfile."""


class LockfileVersionError(LockfileError):
    """A lockfile of a version that this llmring does not read."""


class FrozenLockfileError(LockfileError):
    """A model that a frozen lockfile does not name, or such a lockfile that was changed."""


class TooManyTurnsError(LLMRingError):
    """A model that still asks for tools after as many turns as it was allowed.

    Attributes:
        messages: The conversation so far, with the results of all calls, to go on with.
    """

    def __init__(self, message: str, messages: Sequence[Message] = ()) -> None:
        super().__init__(message)
        self.messages = list(messages)


class ToolServerError(LLMRingError):
    """An MCP server that can't be reached, or does not speak MCP."""


class LimitExceededError(LLMRingError):
    """A limit of the lockfile's own: `max_concurrency`, `rpm` or `tpm`.

    It is no `ProviderError`: no model has failed, and no other one would be within the limit.

    Attributes:
        retry_after: Seconds after which the call would be within it, where that can be told.
        attempts: Every attempt of the call up to then, in order.
        messages: In `run_tools`, the conversation up to then, to go on with.
    """

    def __init__(self, message: str, *facts: Any, retry_after: float | None = None) -> None:
        super().__init__(message, *facts)
        self.retry_after = retry_after
        self.attempts: tuple[Attempt, ...] = ()
        self.messages: tuple[Message, ...] = ()

    def __str__(self) -> str:
        return self.message


class BudgetExceededError(LimitExceededError):
    """The day's budget does not allow for the call, which was not sent.

    Attributes:
        limit: The lockfile's `daily_budget`, in USD.
        spent: USD that are spent today, or set aside for calls under way.
        estimate: USD that the call may cost.
        retry_after: Seconds until the next day begins, in UTC.
    """

    def __init__(
        self,
        message: str,
        limit: Decimal,
        spent: Decimal,
        estimate: Decimal,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, limit, spent, estimate, retry_after=retry_after)
        self.limit = limit
        self.spent = spent
        self.estimate = estimate


class ModelError(LLMRingError):
    """Something about a model or an alias."""


class ModelNotFoundError(ModelError):
    """No such alias or model, or none that can be used."""


class AliasNotFoundError(ModelNotFoundError, ValueError):
    """An alias that the profile does not bind."""


class MissingAliasesError(AliasNotFoundError):
    """Aliases that a library requires and the lockfile lacks.

    Attributes:
        missing: Their names, in the order they were asked for.
    """

    def __init__(self, message: str, missing: Sequence[str]) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


class ModelCapabilityError(ModelError):
    """A model that can't do what the request needs."""


class ProviderError(LLMRingError):
    """A provider did not give an answer.

    Attributes:
        provider: Name of the provider.
        model: Name of the model, as the provider knows it.
        status: HTTP status, where there was a response.
        code: The provider's own code or type of the error.
        request_id: The provider's ID of the request.
        provider_message: The provider's own words, keys masked.
        retry_after: Seconds that the provider asks to wait.
        attempts: Every attempt of the call that ended in this error, in order.
        messages: In `run_tools`, the conversation up to this error, to go on with.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        provider_message: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.model = model
        self.status = status
        self.code = code
        self.request_id = request_id
        self.provider_message = provider_message
        self.retry_after = retry_after
        self.attempts: tuple[Attempt, ...] = ()
        self.messages: tuple[Message, ...] = ()

    def __str__(self) -> str:
        who = ":".join(part for part in (self.provider, self.model) if part)
        tail = f" (request {self.request_id})" if self.request_id else ""
        return f"{who}: {self.message}{tail}" if who else f"{self.message}{tail}"


class ProviderNotFoundError(ProviderError, ModelNotFoundError):
    """No provider of that name."""


class ProviderAuthenticationError(ProviderError):
    """The provider refuses the key, or there is none."""


class ProviderRateLimitError(ProviderError):
    """Too many requests, or a quota used up; see `retry_after` (seconds)."""


class ProviderTimeoutError(ProviderError):
    """No answer in the time that the call had."""


class ProviderConnectionError(ProviderError):
    """The connection failed: refused, reset, cut short, DNS or TLS.

    Attributes:
        reached: Whether the request may have reached the provider.
    """

    reached: bool = True


class ProviderResponseError(ProviderError):
    """The provider answered with an error, or with something that is no answer."""


class UnreadableResponseError(ProviderResponseError):
    """The provider's answer is not what its API sends: a proxy's page, a cut body."""


class ProviderModelNotFoundError(ProviderResponseError, ModelNotFoundError):
    """The provider does not know the model, or has retired it."""


class ProviderRequestError(ProviderResponseError):
    """The provider refuses the request itself; another model would be asked the same.

    Attributes:
        lacking: What the model lacks for the request, where that was known before anything was
            sent: by capability, in words.
    """

    lacking: Mapping[str, str] = {}


class ContextLengthError(ProviderRequestError):
    """The request is too long for this model."""


class UnsupportedFeatureError(ProviderRequestError, ModelCapabilityError):
    """The request uses something that this model does not support."""


class ContentPolicyError(ProviderRequestError):
    """The provider's content policy refuses the request."""


class AllModelsFailedError(ProviderError, ExceptionGroup[ProviderError]):
    """Every model of the alias failed or was skipped.

    Its class is also that of the last failure, so that adding a fallback to the lockfile does
    not change which `except` clause of the application catches the error.

    Attributes:
        attempts: Every attempt in order, the skipped ones with their reasons.
        exceptions: The errors of those that failed.
    """

    def __new__(cls, message: str, exceptions: Sequence[ProviderError]) -> Self:
        """The group of these errors."""
        return ExceptionGroup.__new__(cls, message, exceptions)

    def __init__(self, message: str, exceptions: Sequence[ProviderError]) -> None:
        last = exceptions[-1]
        waits = [error.retry_after for error in exceptions if error.retry_after is not None]
        ProviderError.__init__(
            self,
            message,
            status=last.status,
            code=last.code,
            request_id=last.request_id,
            provider_message=last.provider_message,
            retry_after=min(waits, default=None),
        )

    def __str__(self) -> str:
        return self.message

    def derive(self, excs: Sequence[Any]) -> Any:
        """The same for some of the errors, as `except*` needs it."""
        return AllModelsFailedError.of(self.message, excs)

    def __reduce__(self) -> tuple[Any, ...]:
        return (AllModelsFailedError.of, (self.message, self.exceptions), self.__dict__)

    @staticmethod
    def of(message: str, exceptions: Sequence[ProviderError]) -> AllModelsFailedError:
        """The error for these failures, of which there is at least one."""
        return _all_failed_as(type(exceptions[-1]))(message, exceptions)


class NoUsableModelError(AllModelsFailedError, ModelNotFoundError):
    """Every model of the alias was skipped before anything was sent."""


_joint_classes: dict[type[ProviderError], type[AllModelsFailedError]] = {}


def _all_failed_as(last: type[ProviderError]) -> type[AllModelsFailedError]:
    if issubclass(AllModelsFailedError, last):
        return AllModelsFailedError
    if last not in _joint_classes:
        names = {"__module__": __name__, "__doc__": AllModelsFailedError.__doc__}
        _joint_classes[last] = type("AllModelsFailedError", (AllModelsFailedError, last), names)
    return _joint_classes[last]
