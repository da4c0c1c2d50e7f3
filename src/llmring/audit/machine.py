"""Checks of what calls need on this machine, made without network access.

To add a check, write a function and add a row to `CHECKS`.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from llmring.address import without_login
from llmring.config.fallback_lockfile import require_lockfile
from llmring.config.owner_key import owner_key
from llmring.config.profile_choice import active_profile
from llmring.config.settings import (
    effective_facts_here,
    endpoints_for,
    find_active_lockfile,
    read_settings,
    variables,
)
from llmring.exceptions import ConfigurationError, LLMRingError
from llmring.local import llama
from llmring.lockfile import check, file, pins, resolve, signature
from llmring.lockfile.compose import Packages, package_profile
from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.file import shown
from llmring.providers.table import PROVIDERS
from llmring.registry.cache import catalog_folder, is_damaged, newest
from llmring.routing.policy import policy_of
from llmring.transport.proxy import proxy_for

if TYPE_CHECKING:
    from llmring.config.settings import Settings
    from llmring.lockfile.document import Lockfile
    from llmring.lockfile.file import LockfileSource
    from llmring.providers.endpoint import Endpoint

State = Literal["ok", "warn", "fail"]

OLD_DAYS = 60

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_TRACES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME")


class CheckResult(Struct, frozen=True):
    """The result of a check.

    Attributes:
        check: The name of the check.
        state: "ok"; "warn" if calls work with limitations; "fail" if some calls can't work.
        message: The state in words.
        fix: The fix, as a command or an imperative; None if none is needed.
    """

    check: str
    state: State
    message: str
    fix: str | None = None


class CheckOutcome(NamedTuple):
    """A finding without the name of its check, which `checked` adds."""

    state: State
    message: str
    fix: str | None = None


class Setup(Struct, frozen=True):
    """The configuration under check.

    Attributes:
        settings: The settings from the environment.
        source: The active lockfile, and the rule that selected it.
        text: The text of the lockfile.
        lockfile: The parsed lockfile.
        profile: The active profile.
        endpoints: Every provider by name.
    """

    settings: Settings
    source: LockfileSource
    text: str
    lockfile: Lockfile
    profile: str
    endpoints: Mapping[str, Endpoint]

    def bound(self, profile: str | None = None) -> dict[str, tuple[ModelRef, ...]]:
        """Return the models of each alias of a profile (default: the active one)."""
        bindings = resolve.bindings(self.lockfile, profile or self.profile)
        return {alias: binding.models for alias, binding in bindings.items()}

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """The models of the active profile, each once, including those of packages."""
        from_packages = (models for lockfile in self._packages() for models in lockfile)
        own = self.bound().values()
        return tuple(dict.fromkeys(ref for models in (*own, *from_packages) for ref in models))

    def _packages(self) -> Iterator[list[tuple[ModelRef, ...]]]:
        packages = Packages()
        for name in self.lockfile.packages:
            theirs = packages.lockfile(name)
            if theirs is not None:
                there = resolve.bindings(theirs, package_profile(theirs, self.profile))
                yield [binding.models for binding in there.values()]

    @property
    def used(self) -> dict[str, Endpoint]:
        """The known providers that the active profile uses."""
        names = dict.fromkeys(ref.provider for ref in self.models)
        return {name: self.endpoints[name] for name in names if name in self.endpoints}

    @property
    def replays(self) -> bool:
        """True if the profile replays recordings and calls no provider."""
        found = self.lockfile.profiles.get(self.profile)
        return policy_of(found.policy if found else {}).mode == "replay"


Check = Callable[[Setup], Iterable[CheckOutcome]]


def look(path: str | None, profile: str | None) -> Setup | CheckResult:
    """Load the configuration to check; return a failed finding if that is impossible.

    Args:
        path: The lockfile given by the user, if any.
        profile: The profile given by the user, if any.
    """
    step = "settings"
    try:
        settings = read_settings()
        step = "lockfile"
        source = find_active_lockfile(path)
        require_lockfile(source)
        text = file.read(source.path)
        lockfile = parse(text, source.path)
        step = "profile"
        name = active_profile(profile, lockfile, source)
        resolve.bindings(lockfile, name)
        endpoints = endpoints_for(lockfile, settings)
    except (LLMRingError, OSError) as error:
        return CheckResult(step, "fail", str(error), "fix this, then run the remaining checks")
    return Setup(settings, source, text, lockfile, name, endpoints)


def checked(setup: Setup, checks: Iterable[tuple[str, Check]]) -> Iterator[CheckResult]:
    """Run the checks in order and yield their findings."""
    for name, each in checks:
        try:
            yield from (CheckResult(name, *found) for found in each(setup))
        except (LLMRingError, OSError) as error:
            yield CheckResult(name, "fail", str(error))


def versions() -> CheckResult:
    """Report the versions of llmring and Python."""
    from llmring import __version__

    return CheckResult(
        "versions", "ok", f"llmring {__version__}, Python {platform.python_version()}"
    )


def _lockfile(setup: Setup) -> Iterator[CheckOutcome]:
    if setup.settings.frozen:
        yield _frozen(setup)
    path = shown(setup.source.path)
    if setup.source.rule == "bundled":
        yield CheckOutcome("warn", "none here, so llmring's own is used", "llmring lock init")
        return
    problems = check.problems(
        setup.text, PROVIDERS, effective_facts_here, setup.settings.clock.today()
    )
    count = sum(problem.severity != "hint" for problem in problems)
    why = {
        "argument": "named by --file",
        "environment": "named by LLMRING_LOCKFILE_PATH",
        "folder": "in this folder",
    }.get(setup.source.rule, "")
    if count:
        yield CheckOutcome(
            "warn", f"{path} ({why}) has {_count(count, 'problem')}", "llmring lock validate"
        )
    else:
        yield CheckOutcome("ok", f"{path} ({why}), no problems")


def _frozen(setup: Setup) -> CheckOutcome:
    fault = pins.mismatch(setup.lockfile)
    if fault is not None:
        return CheckOutcome("fail", f"frozen by LLMRING_FROZEN, but {fault.message}", fault.fix)
    try:
        key = owner_key(setup.settings.public_key, setup.source.path)
        unsigned = None if key is None else signature.fault(setup.lockfile, key)
    except LLMRingError as error:
        return CheckOutcome("fail", str(error))
    if unsigned is not None:
        return CheckOutcome("fail", f"frozen by LLMRING_FROZEN, but {unsigned}", signature.FIX)
    signed = "" if key is None else " and its signature"
    return CheckOutcome("ok", f"frozen by LLMRING_FROZEN, and matches its pins{signed}")


def _profiles(setup: Setup) -> Iterator[CheckOutcome]:
    for name in dict.fromkeys([setup.profile, *setup.lockfile.profiles]):
        in_force = name == setup.profile
        aliases = setup.bound(name)
        bad = [alias for alias in aliases if not any(map(_usable(setup), aliases[alias]))]
        title = f"profile {name}{' (active)' if in_force else ''}"
        if not aliases:
            fix = f"llmring bind fast provider:model --profile {name}"
            yield CheckOutcome("warn", f"{title} binds no alias", fix)
        elif in_force and setup.replays:
            yield CheckOutcome("ok", f"{title} replays recordings and needs no provider")
        elif bad:
            yield CheckOutcome(
                "fail" if in_force else "warn",
                f"{title}: no usable model for {', '.join(bad)}",
                f"set a key for one of its models, or see: llmring explain {bad[0]} "
                f"--profile {name}",
            )
        else:
            yield CheckOutcome("ok", f"{title}: {_count(len(aliases), 'alias', 'es')}, all usable")


def _usable(setup: Setup) -> Callable[[ModelRef], bool]:
    here = {model.name for model in _local_models(setup)}

    def usable(ref: ModelRef) -> bool:
        endpoint = setup.endpoints.get(ref.provider)
        if endpoint is None or not endpoint.usable:
            return False
        return not _is_local(endpoint) or (ref.model in here and _installed("xllamacpp"))

    return usable


def _providers(setup: Setup) -> Iterator[CheckOutcome]:
    if setup.replays:
        yield CheckOutcome("ok", "none needed to replay recordings")
        return
    for name, endpoint in setup.used.items():
        yield _provider(name, endpoint)
    if not setup.used:
        yield CheckOutcome("ok", "none used by this profile")


def _provider(name: str, endpoint: Endpoint) -> CheckOutcome:
    """Report the key and the address of a provider on one line."""
    if endpoint.fault is not None:
        message, _, fix = endpoint.fault.partition("; ")
        return CheckOutcome("fail", f"{name}: {message}", fix or None)
    names = " or ".join(endpoint.provider.key_env)
    keyed = endpoint.key_in_use is not None or endpoint.login is not None
    if names and not keyed:
        return CheckOutcome("warn", f"{name}: no key, so its models are skipped", f"set {names}")
    if "{" in endpoint.base_url:
        return CheckOutcome("warn", f"{name}: no address", str(endpoint.objection() or ""))
    source = names or "the login in its URL"
    if endpoint.key is None and endpoint.login is None:
        source = "llmring auth"
    key = f"key from {source}, " if keyed else ""
    is_remote = urlsplit(endpoint.base_url).scheme in ("http", "https")
    address = without_login(endpoint.base_url) if is_remote else "on this machine"
    return CheckOutcome("ok", f"{name}: {key}{address}")


def _extras(setup: Setup) -> Iterator[CheckOutcome]:
    wanted: list[tuple[str, str, str | None]] = [
        ("local", "xllamacpp", _if(any(map(_is_local, setup.used.values())), "the profile")),
        ("redis", "redis", _if(setup.settings.redis_url, "LLMRING_REDIS_URL")),
        ("postgres", "psycopg", _if(isinstance(setup.settings.ledger, str), "LLMRING_LEDGER_URL")),
        ("otel", "opentelemetry", _if(variables(_TRACES), " and ".join(variables(_TRACES)))),
        ("chat", "prompt_toolkit", None),
        ("mcp", "mcp", None),
    ]
    lacking = [row for row in wanted if row[2] is not None and not _installed(row[1])]
    for extra, _, why in lacking:
        yield CheckOutcome(
            "warn", f"{extra} is required by {why}", f'pip install "llmring[{extra}]"'
        )
    there = [extra for extra, module, _ in wanted if _installed(module)]
    if not lacking:
        yield CheckOutcome("ok", f"installed: {', '.join(there) or 'none'}; no others needed")


def _if(condition: object, text: str) -> str | None:
    return text if condition else None


def _installed(module: str) -> bool:
    return find_spec(module) is not None


def _clock(setup: Setup) -> Iterator[CheckOutcome]:
    today, known = setup.settings.clock.today(), newest(setup.settings.cache_dir).date
    # A catalog may be dated a day ahead, in another time zone.
    if (known - today).days > 1:
        yield CheckOutcome(
            "fail",
            f"this machine's date is {today}, before that of its model catalog, {known}",
            "set the clock: certificates and budgets depend on it",
        )
    else:
        yield CheckOutcome("ok", f"{today}")


def _proxy(setup: Setup) -> Iterator[CheckOutcome]:
    names_by_proxy: dict[str, list[str]] = {}
    for name, endpoint in setup.used.items():
        parts = urlsplit(endpoint.base_url)
        if parts.scheme in ("http", "https") and parts.hostname and "{" not in endpoint.base_url:
            try:
                proxy = proxy_for(parts.scheme, parts.hostname, parts.port)
            except ConfigurationError as error:
                message, _, fix = error.message.partition("; ")
                yield CheckOutcome("fail", message, fix)
                return
            names_by_proxy.setdefault("none" if proxy is None else without_login(proxy), []).append(
                name
            )
    in_force = [*variables([*_PROXIES, *map(str.lower, _PROXIES)])]
    if not in_force:
        yield CheckOutcome("ok", "none set")
        return
    ways = "; ".join(f"{proxy} for {', '.join(names)}" for proxy, names in names_by_proxy.items())
    yield CheckOutcome("ok", f"{', '.join(in_force)} set: {ways or 'no provider in use'}")


def _registry(setup: Setup) -> Iterator[CheckOutcome]:
    folder = catalog_folder(setup.settings.cache_dir, setup.lockfile.registry.get("url"))
    day = newest(folder).date
    if is_damaged(folder):
        yield CheckOutcome(
            "warn",
            f"the fetched catalog is damaged; llmring's own of {day} is used",
            "llmring registry update",
        )
        return
    days = (setup.settings.clock.today() - day).days
    age = f"model catalog of {day}"
    if days > OLD_DAYS:
        yield CheckOutcome("warn", f"{age}, {days} days ago", "llmring registry update")
    else:
        yield CheckOutcome("ok", age)


def _local_model(setup: Setup) -> Iterator[CheckOutcome]:
    names = [model.name for model in _local_models(setup)]
    wanted = [ref.model for ref in setup.models if _of_local(setup, ref)]
    lacking = [name for name in wanted if name not in names]
    if lacking:
        yield CheckOutcome("warn", f"{', '.join(lacking)} not downloaded", "llmring local pull")
    else:
        why = "" if names else "none, and the profile uses none; get one with: llmring local pull"
        yield CheckOutcome("ok", ", ".join(names) or why)


def _local_models(setup: Setup) -> Sequence[llama.LocalModel]:
    return llama.models(setup.settings.local_model, setup.settings.cache_dir)


def _of_local(setup: Setup, ref: ModelRef) -> bool:
    endpoint = setup.endpoints.get(ref.provider)
    return endpoint is not None and _is_local(endpoint)


def _is_local(endpoint: Endpoint) -> bool:
    return urlsplit(endpoint.base_url).scheme == "local"


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"


CHECKS: tuple[tuple[str, Check], ...] = (
    ("lockfile", _lockfile),
    ("profiles", _profiles),
    ("providers", _providers),
    ("extras", _extras),
    ("clock", _clock),
    ("proxy", _proxy),
    ("registry", _registry),
    ("local model", _local_model),
)
