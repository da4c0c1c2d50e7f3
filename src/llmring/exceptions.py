"""All errors that llmring raises.

LLMRingError
├── ConfigurationError                  a setting, an argument or the set-up is wrong
│   └── InvalidModelReferenceError      (ValueError) not "provider:model"
├── ValidationError                     (ValueError) a request that can't be sent
│   ├── MissingFileError                (FileNotFoundError) a file to be attached does not exist
│   └── SchemaValidationError           .response .content .problems: an answer that does not fit
├── LockfileError                       .path .line .column
│   ├── LockfileNotFoundError           (FileNotFoundError)
│   ├── LockfileExistsError             (FileExistsError)
│   ├── LockfileParseError              (ValueError)
│   ├── LockfileVersionError
│   └── FrozenLockfileError             a call or a change that a frozen lockfile does not allow
├── TooManyTurnsError                   .messages: run_tools, if the model keeps calling tools
├── LimitExceededError                  .retry_after .attempts .messages: a limit of the lockfile
│   └── BudgetExceededError             .limit .spent .estimate
├── ModelError
│   ├── ModelNotFoundError              no such alias or model, or none that can be used
│   │   └── AliasNotFoundError          (ValueError)
│   │       └── MissingAliasesError     .missing
│   └── ModelCapabilityError            a model that can't do what the request needs
└── ProviderError                       .provider .model .status .code .request_id
    │                                   .provider_message .retry_after .should_retry .attempts
    ├── ProviderNotFoundError           (ModelNotFoundError) no provider of that name
    ├── ProviderAuthenticationError     401, 402, 403, or no key; the account's balance, country …
    ├── ProviderRateLimitError          429
    ├── ProviderTimeoutError            .stalled_for: no answer within the timeout
    ├── ProviderConnectionError         refused, reset, cut, TLS, DNS
    ├── ProviderResponseError           an error response, or a response without an answer
    │   ├── UnreadableResponseError     not what the API sends: a proxy's page, a cut body
    │   ├── ProviderModelNotFoundError  (ModelNotFoundError) 404, 410: retired or unknown
    │   └── ProviderRequestError        400, 413, 415, 422, 431: the request itself
    │       ├── ContextLengthError      too long for this model
    │       ├── UnsupportedFeatureError (ModelCapabilityError)
    │       └── ContentPolicyError
    └── AllModelsFailedError            (ExceptionGroup) every attempt, in order
        └── NoUsableModelError          (ModelNotFoundError) all were skipped before sending
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from llmring.error_data import ErrorData

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from llmring.chat.output_format import SchemaProblem
    from llmring.chat.request import Message
    from llmring.chat.response import Attempt, LLMResponse


class LLMRingError(ErrorData, Exception):
    """The base class of all errors that llmring raises."""

    @property
    def message(self) -> str:
        """The message: what happened, where, and how to fix it."""
        return str(self.args[0])


class ConfigurationError(LLMRingError):
    """A wrong setting, argument or set-up."""


class InvalidModelReferenceError(ConfigurationError, ValueError):
    """A model reference that is not "provider:model"."""


class ValidationError(LLMRingError, ValueError):
    """A request that can't be sent as it is."""


class MissingFileError(ValidationError, FileNotFoundError):
    """A file to be attached to a request does not exist."""


class SchemaValidationError(ValidationError):
    """An answer that still does not fit the `response_format` after all allowed repairs.

    Not a `ProviderError`, and no fallback is tried: the model did answer.

    Attributes:
        response: The last answer, with the usage, cost and attempts of all rounds.
        problems: The parts that do not fit, each with its `place` and `reason`.
    """

    def __init__(
        self, message: str, response: "LLMResponse", problems: "Sequence[SchemaProblem]" = ()
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
    """An error in a lockfile; the message starts with the place.

    Attributes:
        path: The file, if known.
        line: Line in it, from 1.
        column: Column in the line, from 1.
    """

    def __init__(
        self,
        message: str,
        *,
        path: "Path | None" = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)
        self.path = path
        self.line = line
        self.column = column


class LockfileNotFoundError(LockfileError, FileNotFoundError):
    """A lockfile that was asked for by path does not exist."""


class LockfileExistsError(LockfileError, FileExistsError):
    """A lockfile already exists and would be overwritten."""


class LockfileParseError(LockfileError, ValueError):
    """A file that is not valid TOML, or not a valid lockfile."""


class LockfileVersionError(LockfileError):
    """A lockfile whose version this llmring cannot read."""


class FrozenLockfileError(LockfileError):
    """A call to a model that a frozen lockfile does not name, or a change to a frozen lockfile."""


class TooManyTurnsError(LLMRingError):
    """The model still calls tools after the allowed number of turns.

    Attributes:
        messages: The conversation so far, including all tool results; pass it on to continue.
    """

    def __init__(self, message: str, messages: "Sequence[Message]" = ()) -> None:
        super().__init__(message)
        self.messages = list(messages)


class ToolServerError(LLMRingError):
    """An MCP server cannot be reached, does not speak MCP, or fails."""


class RingClosedError(LLMRingError):
    """The ring was closed while the call was in progress.

    Not a `ProviderError`: no model failed, and nothing is sent again.
    """


class LimitExceededError(LLMRingError):
    """A limit (`max_concurrency`, `rpm` or `tpm`) was reached: of an alias, or of a gateway's key.

    Not a `ProviderError`, and no fallback is tried: no model failed, and no other one would be
    within the limit.

    Attributes:
        retry_after: Seconds until the limit allows the call, if known.
        attempts: Every attempt made before the limit was reached, in order.
        messages: In `run_tools`, the conversation so far; pass it on to continue.
    """

    def __init__(self, message: str, *facts: Any, retry_after: float | None = None) -> None:
        super().__init__(message, *facts)
        self.retry_after = retry_after
        self.attempts: tuple[Attempt, ...] = ()
        self.messages: tuple[Message, ...] = ()

    def __str__(self) -> str:
        return self.message


class BudgetExceededError(LimitExceededError):
    """The call might exceed a budget, so it was not sent.

    Attributes:
        limit: The lockfile's `daily_budget`, or the budget of a gateway's key, in USD.
        spent: USD spent in its period, or reserved for running calls.
        estimate: Estimated cost of the call, in USD.
        retry_after: Seconds until the next period begins, in UTC; None for a budget without an end.
    """

    def __init__(
        self,
        message: str,
        limit: "Decimal",
        spent: "Decimal",
        estimate: "Decimal",
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, limit, spent, estimate, retry_after=retry_after)
        self.limit = limit
        self.spent = spent
        self.estimate = estimate

    def __repr__(self) -> str:
        amounts = f"limit={self.limit:f}, spent={self.spent:f}, estimate={self.estimate:f}"
        return f"{type(self).__name__}({self.message!r}, {amounts})"


class ModelError(LLMRingError):
    """An error that concerns a model or an alias."""


class ModelNotFoundError(ModelError):
    """The alias or model does not exist, or no model of the alias can be used."""


class AliasNotFoundError(ModelNotFoundError, ValueError):
    """An alias that the profile does not bind."""


class MissingAliasesError(AliasNotFoundError):
    """Aliases that a library requires and the lockfile lacks.

    Attributes:
        missing: Their names, in the order in which they were required.
    """

    def __init__(self, message: str, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


class ModelCapabilityError(ModelError):
    """The model cannot do what the request needs."""


class ProviderError(LLMRingError):
    """A provider failed to answer.

    Attributes:
        provider: Name of the provider.
        model: Name of the model, as the provider knows it.
        status: HTTP status, if there was a response.
        code: The provider's own code or type of the error.
        request_id: The provider's ID of the request.
        provider_message: The provider's own message, with keys masked.
        retry_after: Seconds that the provider asks to wait.
        should_retry: Whether the provider advises to send the same request again; None if it gives
            no advice.
        overloaded: True if the model has too much to do at the moment.
        fix: What to do about it, if known.
        attempts: Every attempt of the call that ended in this error, in order.
        messages: In `run_tools`, the conversation so far; pass it on to continue.
    """

    should_retry: bool | None = None
    overloaded: bool = False
    fix: str | None = None

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
    """The provider name is unknown."""


class ProviderAuthenticationError(ProviderError):
    """The key is missing, or the provider rejects it, its account or the account's country."""


class ProviderRateLimitError(ProviderError):
    """Too many requests, or a quota used up; see `retry_after` (seconds)."""


class ProviderTimeoutError(ProviderError):
    """The provider did not answer within the timeout.

    Attributes:
        stalled_for: Seconds for which nothing came of an answer that had begun; None for any
            other timeout.
    """

    stalled_for: float | None = None


class ProviderConnectionError(ProviderError):
    """The connection failed: refused, reset, cut short, DNS or TLS.

    Attributes:
        reached: True if the request may have reached the provider.
    """

    reached: bool = True


class ProviderResponseError(ProviderError):
    """The provider returned an error, or a response without an answer."""


class UnreadableResponseError(ProviderResponseError):
    """A response that is not in the API's format, such as a proxy's error page or a cut body."""


class ProviderModelNotFoundError(ProviderResponseError, ModelNotFoundError):
    """The provider does not know the model, or has retired it."""


class ProviderRequestError(ProviderResponseError):
    """The provider rejects the request itself, so another model may reject it too.

    Attributes:
        lacking: What the model does not support, if this was known before sending: a
            description for each capability.
    """

    lacking: Mapping[str, str] = {}


class ContextLengthError(ProviderRequestError):
    """The request is too long for this model."""


class UnsupportedFeatureError(ProviderRequestError, ModelCapabilityError):
    """The request uses something that this model does not support.

    Attributes:
        changes: The changes with which the same model may take the request, each a
            `RequestChange` of `dialects.request_changes`.
    """

    changes: Sequence[Any] = ()


class ContentPolicyError(ProviderRequestError):
    """The provider rejects the request, or has emptied its answer, by its content policy."""


class AllModelsFailedError(ProviderError, ExceptionGroup[ProviderError]):
    """Every model of the alias failed or was skipped.

    It is also an instance of the last failure's class, so an application's `except` clauses
    catch the same errors after a fallback is added to the lockfile.

    Attributes:
        attempts: Every attempt in order, including skipped models and why they were skipped.
        exceptions: The errors of the attempts that failed.
    """

    def __new__(cls, message: str, exceptions: Sequence[ProviderError]) -> Self:
        """Create the exception group."""
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
        # Some releases of Python crash at the `repr` of a group with fewer arguments.
        ExceptionGroup.__init__(self, message, self.exceptions)

    def __str__(self) -> str:
        return self.message

    def derive(self, excs: Sequence[Any]) -> Any:
        """Return the same error for a subset of the failures, as `except*` requires."""
        return self._maker()(self.message, excs)

    def __reduce__(self) -> tuple[Any, ...]:
        return (self._maker(), (self.message, self.exceptions), self.__dict__)

    def _maker(self) -> Any:
        kind = type(self)
        return AllModelsFailedError.of if kind in _joint_classes.values() else kind

    @staticmethod
    def of(message: str, exceptions: Sequence[ProviderError]) -> "AllModelsFailedError":
        """Build the error for these failures (at least one)."""
        return _all_failed_as(type(exceptions[-1]))(message, exceptions)


class NoUsableModelError(AllModelsFailedError, ModelNotFoundError):
    """Every model of the alias was skipped before anything was sent."""


_joint_classes: dict[type[ProviderError], type[AllModelsFailedError]] = {}


def _all_failed_as(last: type[ProviderError]) -> type[AllModelsFailedError]:
    if issubclass(AllModelsFailedError, last):
        return AllModelsFailedError
    if last not in _joint_classes:
        names = {"__module__": "llmring", "__doc__": AllModelsFailedError.__doc__}
        _joint_classes[last] = type("AllModelsFailedError", (AllModelsFailedError, last), names)
    return _joint_classes[last]


# Where users import them from; it is also what a traceback shows.
for _kind in [each for each in vars().values() if isinstance(each, type)]:
    if issubclass(_kind, LLMRingError):
        _kind.__module__ = "llmring"
