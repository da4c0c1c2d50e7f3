"""What clients of gateways see when a model fails: each fault, through each API, in each gateway.

    make gateway-faults

Every call has an alias of its own, of two models: the first has the fault, the second is healthy.
The calls are made by the vendors' own SDKs, through a relay that counts their requests.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path

from gateways.outcomes import Measured, Outcome, Seen, table, table_of_faults
from gateways.relay import Relay
from gateways.running import APIS, Alias, Config, Model, Running
from gateways.sdks import ASK, PACKAGES
from gateways.vendor import FAULTS, GOOD, TEXT, Vendor, vendor
from section import replace

from gateways import installed, litellm, llmring, portkey, tensorzero

MARK = "gateways"
STARTS: dict[str, Callable[[Config, Path, Path], Running]] = {
    "llmring": llmring.start,
    "litellm": litellm.start,
    "litellm-continuing": partial(litellm.start, continuing=True),
    "portkey": portkey.start,
    "tensorzero": tensorzero.start,
}
ENVIRONMENTS = {
    "litellm": litellm.ENVIRONMENT,
    "litellm-continuing": litellm.ENVIRONMENT,
    "portkey": portkey.ENVIRONMENT,
    "tensorzero": tensorzero.ENVIRONMENT,
}
AT_ONCE = 4
STALL_SECONDS = 2.0
DEADLINE_SECONDS = 30.0
# That a client waits for the head of an answer, or for the next piece of it.
CLIENT_SECONDS = 10.0


def aliases_of(
    place: Vendor, apis: Sequence[str], faults: Sequence[str], rounds: int
) -> dict[tuple[str, str, int], Alias]:
    """Return an alias for each call, by its API, fault and number."""
    found: dict[tuple[str, str, int], Alias] = {}
    for fault in faults:
        for api in apis:
            for number in range(rounds):
                name = f"{fault}-{api}-{number}"
                broken = Model(api, place.url, f"{fault}.{api}-{number}")
                healthy = Model(api, place.url, f"{GOOD}.{name}")
                found[api, fault, number] = Alias(name, (broken, healthy))
    return found


def called(gateway: Running, api: str, alias: Alias) -> Seen:
    """Make one call, and return what the client has seen."""
    began = time.monotonic()
    with Relay(gateway.urls[api]) as relay:
        try:
            answer = ASK[api](relay.base, gateway.called(alias), CLIENT_SECONDS)
        except Exception as error:  # noqa: BLE001  # any error is shown to the client
            kind, note = "error", f"{type(error).__name__}: {error}"
        else:
            right = answer.text == TEXT
            kind = "short" if not answer.complete else "well" if right else "wrong"
            note = "" if right else answer.text
        return Seen(kind, relay.requests, time.monotonic() - began, note)


def measured(
    name: str, peers: Path, faults: Sequence[str], apis: Sequence[str], rounds: int
) -> Measured:
    """Start a gateway, make all calls, and stop it."""
    with vendor() as place, tempfile.TemporaryDirectory() as folder:
        wanted = aliases_of(place, apis, faults, rounds)
        config = Config(tuple(wanted.values()), STALL_SECONDS, DEADLINE_SECONDS)
        with (
            STARTS[name](config, peers, Path(folder)) as gateway,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            running = {
                which: pool.submit(called, gateway, which[0], alias)
                for which, alias in wanted.items()
                if which[0] in gateway.urls
            }
            seen = {which: each.result() for which, each in running.items()}
        # Only now: a model may go on after its client is gone.
        outcomes = []
        for (api, fault, number), each in seen.items():
            first, second = (model.name for model in wanted[api, fault, number].models)
            asked = (place.requests[first], place.requests[second])
            tokens = place.tokens[first] + place.tokens[second]
            outcomes.append(Outcome(api, fault, each, *asked, tokens))
    for outcome in outcomes:
        sys.stderr.write(json.dumps({"gateway": name, **outcome.told()}) + "\n")
    return Measured(f"{gateway.name} {gateway.version}", outcomes)


def page(
    results: Sequence[Measured], failed: dict[str, str], rounds: int, apis: Sequence[str]
) -> str:
    """Write the section."""
    sdks = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    system = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"
    system += f" on {os.cpu_count()} cores"
    lines = [
        f"`make gateway-faults ROUNDS={rounds}`, {date.today()}: {system},",
        f"{AT_ONCE} calls at once; {sdks}.",
        "",
        *table(results, apis),
        "",
        "Answered well, by fault:",
        "",
        *table_of_faults(results),
    ]
    for name, why in failed.items():
        lines += ["", f"{name} could not be run: {why}"]
    return "\n".join(lines)


def main() -> int:
    """Measure the gateways and print the tables; save them with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="calls of a fault through an API")
    parser.add_argument("--fault", action="append", choices=FAULTS, help="only this; repeatable")
    parser.add_argument("--api", action="append", choices=APIS, help="only this; repeatable")
    parser.add_argument("--gateway", action="append", choices=STARTS, help="only this; repeatable")
    parser.add_argument("--peers", type=Path, required=True, help="folder of their environments")
    parser.add_argument("--save", type=Path, help="the file to save the tables in")
    arguments = parser.parse_args()
    peers = arguments.peers.absolute()
    chosen = arguments.gateway or [*STARTS]
    needed = {ENVIRONMENTS[name] for name in chosen if name in ENVIRONMENTS}
    missing = installed.install(peers, needed) if needed else {}
    results: list[Measured] = []
    failed: dict[str, str] = {}
    apis, faults = arguments.api or APIS, arguments.fault or [*FAULTS]
    for name in chosen:
        environment = ENVIRONMENTS.get(name)
        if environment in missing:
            failed[name] = missing[environment]
            continue
        try:
            results.append(measured(name, peers, faults, apis, arguments.rounds))
        except RuntimeError as error:
            failed[name] = str(error)
    text = page(results, failed, arguments.rounds, apis)
    sys.stdout.write(text + "\n")
    if arguments.save:
        replace(arguments.save, MARK, text)
    return int(any(each.missed for each in results))


if __name__ == "__main__":
    sys.exit(main())
