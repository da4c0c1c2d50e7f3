"""Planning of calls: from a request to the failover over the models that may answer it."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from msgspec import UNSET

from llmring.chat.parsed_request import ParsedRequest
from llmring.client import warn_once
from llmring.client.route_cache import Route, Routes, route_of
from llmring.config.active_lockfile import ActiveLockfile
from llmring.config.settings import Settings, timeout_of
from llmring.exceptions import ValidationError
from llmring.lockfile.compose import Resolved
from llmring.replay import overrides as test_overrides
from llmring.routing.backoff import MOST_SERVED_SECONDS
from llmring.routing.call_context import CallContext
from llmring.routing.failover import Failover
from llmring.routing.latency import Latencies
from llmring.routing.observers import CallObserver
from llmring.routing.policy import Policy, Rules, policy_of
from llmring.routing.refused_parameters import RefusedParameters
from llmring.routing.selection.filters import retired_last
from llmring.routing.selection.prepare import Prepared, chat
from llmring.routing.side_effects import may_act
from llmring.routing.stream_resume import NO_PROGRESS, Delivery, StreamProgress
from llmring.routing.targets import Skip, Target, targets
from llmring.telemetry.tracing import Telemetry

if TYPE_CHECKING:
    from llmring.config.lockfile_reading import LockfileReading
    from llmring.files.registered import Files
    from llmring.lockfile.document import ModelRef
    from llmring.registry.catalog import ModelFacts
    from llmring.replay.overrides import Overrides
    from llmring.routing.call_wishes import CallPatience, CallWishes


class CallPlanner:
    """Plans a ring's calls.

    Args:
        active_lockfile: The active lockfile.
        settings: The settings of the environment.
        timeout: Seconds that a call may take unless it sets its own; None for no limit.
        hooks: The application's callbacks, as observers of every call.
        telemetry: Traces and measures calls.
        overrides: The overrides of tests; None outside of tests.
        files: Returns the ring's registered files.

    Attributes:
        latencies: How fast models have answered.
    """

    def __init__(
        self,
        active_lockfile: ActiveLockfile,
        settings: Settings,
        *,
        timeout: float | None,
        hooks: Sequence[CallObserver],
        telemetry: Telemetry,
        overrides: Overrides | None,
        files: Callable[[], Files],
    ) -> None:
        self._active_lockfile = active_lockfile
        self._usual = {} if settings.retries is None else {"retries": settings.retries}
        self._timeout = timeout
        self._hooks = hooks
        self._telemetry = telemetry
        self._overrides = overrides
        self._files = files
        self._clock = settings.clock
        self._shares = settings.redis_url is not None
        self._routes = Routes(None)
        self._refused = RefusedParameters()
        self.latencies = Latencies(time.monotonic)

    def facts(self, ref: ModelRef) -> ModelFacts | None:
        """Return the facts of a model; None if no catalog lists it."""
        return self._active_lockfile.facts(ref)

    def today(self) -> date:
        """Return the date for prices and retirements."""
        return self._clock.today()

    def policy(self, found: Resolved) -> Policy:
        """Return the policy of an alias."""
        return policy_of(self._usual, *found.policy)

    def targets(
        self, found: Resolved, policy: Policy, reading: LockfileReading | None = None
    ) -> list[Target | Skip]:
        """Return the models of an alias, in the order of the lockfile.

        Args:
            found: The models.
            policy: How they are called.
            reading: The lockfile that they were found in; None for the lockfile as it is now.
        """
        reading = reading or self._active_lockfile.now()
        endpoints = reading.endpoints
        if test_overrides.needs_no_keys(policy, self._overrides):
            from llmring.replay.interceptor import keyless

            endpoints = keyless(endpoints)
        return targets(found.models, endpoints, reading.facts)

    def plan(
        self,
        request: ParsedRequest,
        profile: str | None,
        record: CallObserver | None = None,
        *,
        stream: bool,
        delivery: Delivery = Delivery.REVOCABLE,
        wishes: CallWishes | None = None,
    ) -> Failover:
        """Plan a call: build the failover over its models.

        Args:
            request: The request.
            profile: The profile of the lockfile, if the call names one.
            record: The call's record for the ledger, if one is kept.
            stream: True for a streamed answer.
            delivery: How the caller is given a streamed answer.
            wishes: The wishes of the caller, if it has any.

        Raises:
            ModelNotFoundError: The alias does not exist.
            ValidationError: The request names no model, or has no messages.
        """
        model = request.model
        if not model:
            raise ValidationError("the request names no model; give an alias of the lockfile")
        if not request.turns:
            raise ValidationError("the request has no messages")
        route = self.route(model, profile)
        found, policy = route.found, route.policy
        if wishes is not None:
            policy = wishes.within(policy)
        models = route.models.fit_for(request)
        candidates, rules = models.candidates, None
        counts = wishes is not None and wishes.counts
        if route.is_weighed or counts or policy is not route.policy:
            candidates, rules = self._weighed(request, route, policy, candidates, wishes)
        patience = None
        if wishes is not None:
            candidates, patience = _as_wished(candidates, wishes, policy, stream=stream)
            policy = policy if patience is None else wishes.at_leisure(policy)
        if candidates is not models.candidates:
            candidates = retired_last(candidates, route.day)
        progress = NO_PROGRESS
        if stream:
            progress = StreamProgress(
                structured=request.output is not None,
                # Another model can't go on with several answers.
                on_failure="raise" if request.answers > 1 else policy.on_stream_failure,
                delivery=delivery,
            )
        context = CallContext(
            policy=policy,
            progress=progress,
            effects=bool(request.tools) and may_act(request),
            rules=rules,
            observers=self._observers(request, profile, record, route, stream=stream),
            request=request.given,
            question=request,
            stamp=route.stamp,
            refused=self._refused,
            remark_on=route.remark,
            until_content=delivery is not Delivery.REVOCABLE,
            checks_form=delivery is Delivery.WHOLE and request.output is not None,
            most_pauses=None if delivery is Delivery.REVOCABLE else MOST_SERVED_SECONDS,
            patience=patience,
            tokens=0 if patience is None else _tokens(request, rules),
        )
        timeout = self._timeout
        if request.timeout is not UNSET or policy.timeout is not None:
            own = UNSET if policy.timeout is None else policy.timeout
            timeout = timeout_of(request.timeout, own, timeout)
        if request.files:
            prepare = self.prepare(request, progress, stream=stream)
        else:
            prepare = partial(models.prepared, request, progress, stream=stream)
        return _failover(prepare, candidates, found, timeout, route.day, context)

    def _observers(
        self,
        request: ParsedRequest,
        profile: str | None,
        record: CallObserver | None,
        route: Route,
        *,
        stream: bool,
    ) -> Sequence[CallObserver]:
        """Return the observers of a call: its record and its trace, then the application's."""
        observers = self._hooks
        # An application that has not imported OpenTelemetry has not set it up.
        if "opentelemetry" in sys.modules:
            trace = self._telemetry.call(
                request.model or "",
                profile,
                request,
                stream=stream,
                digest=lambda: route.stamp.digest,
            )
            if trace is not None:
                observers = [trace, *observers]
        return observers if record is None else [record, *observers]

    def plan_followup(
        self, failover: Failover, request: ParsedRequest, target: Target, timeout: float | None
    ) -> Failover:
        """Plan a further request of a call to the model that answered.

        Args:
            failover: The failover of the call.
            request: The further request.
            target: The model.
            timeout: Seconds left; None for no limit.
        """
        context = CallContext(
            policy=failover.context.policy,
            effects=failover.context.effects,
            rules=failover.context.rules,
            observers=failover.context.observers,
            question=request,
            refused=failover.context.refused,
            remark_on=failover.context.remark_on,
            most_pauses=failover.context.most_pauses,
            patience=failover.context.patience,
            tokens=failover.context.tokens,
        )
        prepare = self.prepare(request, context.progress, stream=False)
        followup = _failover(
            prepare, [target], Resolved((target.ref,), None), timeout, failover.day, context
        )
        failover.later.append(followup.attempts)
        return followup

    def prepare(
        self, request: ParsedRequest, progress: StreamProgress, *, stream: bool
    ) -> Callable[[Target], Prepared]:
        """Build the function that prepares a request and its files; see `Failover`."""
        if not request.files:
            return chat(request, stream=stream, progress=progress)
        return self._files().enclosing(
            request, lambda whole: chat(whole, stream=stream, progress=progress)
        )

    def is_alone(self, request: ParsedRequest, profile: str | None, dialect: str) -> bool:
        """Return True if one model alone can answer a request, and is asked in this API.

        Args:
            request: The request.
            profile: The profile of the lockfile, if the call names one.
            dialect: The name of the API.

        Raises:
            ModelNotFoundError: The alias does not exist.
        """
        from llmring.routing.selection.api import by_api

        models = self.route(request.model or "", profile).models.fit_for(request)
        targets = [each for each in models.candidates if isinstance(each, Target)]
        return len(targets) == 1 and by_api(request, targets[0]).dialect.name == dialect

    def route(self, model: str, profile: str | None) -> Route:
        """Return the route of an alias, built once for each reading of the lockfile.

        Args:
            model: The alias, or "provider:model".
            profile: The profile of the lockfile, if the call names one.

        Raises:
            ModelNotFoundError: The alias does not exist.
        """
        pair = self._active_lockfile.reading()
        routes = self._routes
        if routes.reading is not pair:
            self._routes = routes = Routes(pair)
        key = (model, *self._active_lockfile.profile_choice(profile))
        today = self._clock.today()
        route = routes.get(key)
        if route is None or route.day != today:
            reading = pair[0]
            found = self._active_lockfile.look_up(model, profile, reading)
            policy = self.policy(found)
            candidates = self.targets(found, policy, reading)
            stamp = reading.stamp(profile)
            warn_once.warn_of_fallback(reading.source, found.alias)
            self._require_name(reading)
            route = route_of(found, policy, candidates, stamp, reading, today)
            # The overrides of tests and the lockfiles of packages may change at any time.
            if not (self._overrides or policy.mode) and (":" not in model or found.alias is None):
                routes.keep(key, route)
        return route

    def _require_name(self, reading: LockfileReading) -> None:
        """Warn once if budgets are counted in Redis, but each machine counts its own."""
        source = reading.source
        if self._shares and reading.identity.name is None and source.rule != "bundled":
            warn_once.warn(
                "no name for Redis",
                lambda: (
                    f"{source.path} has no name, so each machine counts its budgets for "
                    'itself, though LLMRING_REDIS_URL is set; add name = "…" at the top of the '
                    "lockfile to count them together"
                ),
            )

    def _weighed(
        self,
        request: ParsedRequest,
        route: Route,
        policy: Policy,
        candidates: Sequence[Target | Skip],
        wishes: CallWishes | None,
    ) -> tuple[Sequence[Target | Skip], Rules]:
        """Return the candidates in the order of the strategy, and the limits of the call."""
        from llmring.registry.cost_extras import asked_extras
        from llmring.routing.estimate import estimate_tokens
        from llmring.routing.order import OrderInputs, ordered, user_of
        from llmring.routing.selection.filters import within

        reading = route.reading
        estimate, day, alias = estimate_tokens(request), self._clock.today(), request.model or ""
        first = reading.facts(route.found.models[0])
        candidates = within(candidates, first, policy, estimate, day)
        circumstances = OrderInputs(
            alias=alias,
            user=user_of(request),
            estimate=estimate,
            day=day,
            speed=self.latencies.typical,
            chance=random.random,
        )
        rules = Rules(
            policy=policy,
            alias=alias,
            profile=route.stamp.profile,
            lockfile=reading.budget_key,
            estimate=estimate,
            extras=asked_extras(request),
        )
        if wishes is not None:
            rules = wishes.added_to(rules)
        return ordered(candidates, policy, circumstances), rules


def _as_wished(
    candidates: Sequence[Target | Skip], wishes: CallWishes, policy: Policy, *, stream: bool
) -> tuple[Sequence[Target | Skip], CallPatience | None]:
    """Return the models of a call with the preferred one first, and the call's patience."""
    if wishes.prefer is not None and policy.affinity:
        from llmring.routing.order import preferred_first

        candidates = preferred_first(candidates, wishes.prefer)
    patience = None if stream else wishes.patience
    return candidates if patience is None else patience.ordered(candidates), patience


def _tokens(request: ParsedRequest, rules: Rules | None) -> int:
    """Return the tokens that a request may take."""
    if rules is not None:
        return rules.estimate.tokens
    from llmring.routing.estimate import estimate_tokens

    return estimate_tokens(request).tokens


def _failover(
    prepare: Callable[[Target], Prepared],
    candidates: Sequence[Target | Skip],
    found: Resolved,
    timeout: float | None,
    day: date,
    context: CallContext,
) -> Failover:
    return Failover(
        prepare,
        candidates,
        alias=found.alias,
        timeout=timeout,
        clock=time.monotonic,
        day=day,
        context=context,
    )
