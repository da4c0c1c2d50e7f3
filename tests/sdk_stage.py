"""One gateway for many tests: vendors of each API behind it, and an SDK in front of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from llmring.chat.events import Event
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Loopback
from rings import TODAY
from sdk_talks import TALKS, Talk
from served_gateway import ServedGateway, eventually
from vendors import APIS, FALLBACK, ended

# Models are seldom used twice, so that no circuit opens and no conversation is known.
_COUNT = 200


class Stage:
    """A gateway and its vendors.

    Attributes:
        gateway: The gateway.
        vendors: The vendor of each API.
        fallback: The vendor that goes on where another breaks.
    """

    def __init__(
        self, gateway: ServedGateway, vendors: dict[str, Loopback], fallback: Loopback
    ) -> None:
        self.gateway = gateway
        self.vendors = vendors
        self.fallback = fallback
        self._clients: dict[tuple[Callable[[str, float], Any], float], Any] = {}
        self._numbers = {name: itertools.count() for name in APIS}

    def talk(
        self, sdk: str, api: str, *, alone: bool = False, timeout: float = 30, **more: Any
    ) -> Talk:
        """Begin a conversation by an SDK with a vendor's model, with or without a fallback."""
        kind = "alone" if alone else "pair"
        talk = TALKS[sdk]
        connect = talk.connect
        if (connect, timeout) not in self._clients:
            # An SDK reads certificates for each of its clients, which takes time.
            base = f"http://127.0.0.1:{self.gateway.port}"
            self._clients[connect, timeout] = connect(base, timeout)
        client = self._clients[connect, timeout]
        number = next(self._numbers[api]) % _COUNT
        begun: Talk = talk(client, f"{kind}-{api}-{number}", **more)
        return begun

    def close(self) -> None:
        """Close the SDKs."""
        for client in self._clients.values():
            getattr(client, "_client", client).close()

    def script(self, api: str, *answers: Answer, then: Answer | None = None) -> Loopback:
        """Set the answers of a vendor, and that of the fallback; return the vendor."""
        vendor = self.vendors[api]
        for server in (vendor, self.fallback):
            server.requests.clear()
            server.hung_up.clear()
        vendor.answers = list(answers)
        self.fallback.answers = [] if then is None else [then]
        return vendor


def scripted(api: str, *events: Event, reason: str = "stop") -> Answer:
    """Return the streamed answer of a vendor: the gateway reads whole answers as streams too."""
    return APIS[api].answer(*events, *ended(reason), stream=True)


def open_sockets() -> int:
    """Return the number of sockets of this process; 0 where the system does not list them."""
    found = 0
    for each in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            found += str(each.readlink()).startswith("socket:")
    return found


@contextmanager
def stage(folder: Path, policy: str = "") -> Iterator[Stage]:
    """Start the gateway and all vendors.

    Args:
        folder: A folder for its files.
        policy: Keys of all bindings.
    """
    before = open_sockets()
    with ExitStack() as stack:
        vendors = {name: stack.enter_context(Loopback()) for name in APIS}
        fallback = stack.enter_context(Loopback())
        environ = {
            "LLMRING_RETRIES": "0",
            "LLMRING_TODAY": TODAY,
            "LLMRING_LOCKFILE_PATH": str(folder / "llmring.lock"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        for api, server in [*((APIS[name], vendors[name]) for name in APIS), (FALLBACK, fallback)]:
            environ |= {api.url: server.url + api.path, api.key: "sk-0123456789abcdef"}
        rows = [APIS["openai_responses"].lockfile]
        for name, number in itertools.product(APIS, range(_COUNT)):
            own, other = (f'"{each.provider}:m{number}"' for each in (APIS[name], FALLBACK))
            for alias, models in (("alone", own), ("pair", f"{own}, {other}")):
                rows += [
                    "[[profiles.default.bindings]]",
                    f'alias = "{alias}-{name}-{number}"',
                    f"models = [{models}]",
                    policy,
                ]
        (folder / "llmring.lock").write_text("\n".join(rows) + "\n")
        ring = ServedRing(environ=environ)
        with ServedGateway(ring=ring) as gateway:
            scene = Stage(gateway, vendors, fallback)
            yield scene
            scene.close()
        assert all(server.left_alone() for server in (*vendors.values(), fallback))
    assert eventually(lambda: open_sockets() <= before)
