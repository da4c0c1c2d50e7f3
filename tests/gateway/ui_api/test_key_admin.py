"""The management of keys over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from access_keys import OPS, WEB, MemoryKeyStore, access_key, stored
from cli.terminal import lockfile_of, write
from llmring.access.key_form import is_well_formed
from llmring.access.live_access import LiveAccess
from served_gateway import Reply, ServedGateway

KEYS = "/ui/api/keys"


class Managed:
    """A gateway with a key `web`, and a key `ops` that may manage keys."""

    def __init__(self) -> None:
        write(lockfile_of(default={"fast": ["mock:echo"]}))
        self.store = MemoryKeyStore(stored(access_key(), access_key("ops", OPS, role="admin")))
        access = LiveAccess(self.store, [access_key("code", "lr_code", rpm=7)])
        self.gateway = ServedGateway(access=access)

    def ask(self, method: str, path: str, body: Any = None, key: str = OPS) -> Reply:
        return self.gateway.ask(method, path, body, x_api_key=key)

    def names(self) -> set[str]:
        return {each["name"] for each in self.ask("GET", KEYS).json["keys"]}


@pytest.fixture
def managed() -> Iterator[Managed]:
    found = Managed()
    yield found
    found.gateway.close()


def test_g119_keys_are_listed_without_their_hashes(managed: Managed) -> None:
    reply = managed.ask("GET", KEYS)

    assert reply.status == 200
    places = {each["name"]: each["place"] for each in reply.json["keys"]}
    assert places == {"web": "store", "ops": "store", "code": "lockfile"}
    assert b"sha256" not in reply.body


def test_g119_a_key_that_is_created_is_shown_once_and_valid_at_once(managed: Managed) -> None:
    made = managed.ask("POST", KEYS, {"name": "new", "aliases": ["fast"], "rpm": 5}).json

    assert is_well_formed(made["key"])
    assert (made["name"], made["rpm"]) == ("new", 5)
    assert managed.ask("GET", "/v1/models", key=made["key"]).status == 200
    assert made["key"].encode() not in managed.ask("GET", KEYS).body


def test_g119_a_key_is_changed_and_revoked(managed: Managed) -> None:
    changed = managed.ask("POST", f"{KEYS}/set", {"name": "web", "aliases": ["none"]})
    models = managed.ask("GET", "/v1/models", key=WEB).json["data"]
    revoked = managed.ask("POST", f"{KEYS}/revoke", {"name": "web"})

    assert (changed.status, models, revoked.status) == (200, [], 200)
    assert managed.ask("GET", "/v1/models", key=WEB).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", KEYS), ("POST", KEYS), ("POST", f"{KEYS}/set"), ("POST", f"{KEYS}/revoke")],
)
def test_g119_no_other_key_manages_keys(managed: Managed, method: str, path: str) -> None:
    body = {"name": "web"} if method == "POST" else None
    before = managed.store.content

    assert managed.ask(method, path, body, key=WEB).status == 403
    assert managed.gateway.ask(method, path, body).status == 401
    assert managed.store.content == before


def test_g119_a_gateway_without_keys_manages_none_over_http() -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}))
    with ServedGateway() as gateway:
        assert gateway.ask("GET", KEYS).status == 403
        assert gateway.ask("POST", KEYS, {"name": "new"}).status == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": 1},
        {"name": "a/b"},
        {"name": "web"},
        {"name": "new", "rpm": "many"},
        {"name": "new", "hash": "sha256:0"},
        {"name": "new", "id": "id-web"},
        {"name": "new", "team": "unknown"},
    ],
)
def test_g119_a_key_that_can_t_be_is_refused(managed: Managed, body: dict[str, Any]) -> None:
    before = managed.store.content

    assert managed.ask("POST", KEYS, body).status == 400
    assert managed.store.content == before


def test_g119_without_the_store_a_change_is_a_503(managed: Managed) -> None:
    managed.store.is_gone = True

    assert managed.ask("POST", KEYS, {"name": "new"}).status == 503


def test_g024_a_key_of_the_role_admin_sees_what_a_call_would_do(managed: Managed) -> None:
    path = "/ui/api/explain?model=fast"

    assert managed.ask("GET", path).status == 200
    assert managed.ask("GET", path, key=WEB).status == 403
