"""Fetching a catalog from a real server or file, checking it, and using it."""

import asyncio
import gzip
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import answers
from catalogs import NEW, NEWER, OLD, TODAY, document, model
from llmring.exceptions import LLMRingError
from llmring.registry import cache, update
from llmring.registry.bundled import bundled
from llmring.registry.fetch import RefreshResult, refresh
from llmring.registry.update import sha256_of
from loopback import Answer, Loopback, Pause
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]

NONE = Answer([b"none"], 404)


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LOOK_AGAIN_SECONDS", -1.0)


def catalog(day: date = NEW, **headers: str) -> Answer:
    return Answer([document(day)], 200, {"content-type": "application/json", **headers})


def fetch(folder: Path, url: str, **options: Any) -> RefreshResult:
    return asyncio.run(refresh(folder, url, **{"today": NEWER, **options}))


def at(server: Loopback) -> str:
    return f"{server.url}/models.json"


def test_a_newer_catalog_is_used_from_now_on(serve: Serve, tmp_path: Path) -> None:
    server = serve(catalog(), NONE)

    came = fetch(tmp_path, at(server))

    assert (came.outcome, came.day, came.was, came.models) == ("updated", NEW, TODAY, 1)
    assert (came.check, came.sha256) == ("none", sha256_of(document(NEW)))
    assert cache.newest(tmp_path).date == NEW
    assert [request.path for request in server.requests] == [
        *("/models.json", "/models.json.sha256"),
    ]


def test_an_unchanged_catalog_is_not_sent_again(serve: Serve, tmp_path: Path) -> None:
    server = serve(catalog(etag='"v1"'), NONE, Answer([], 304))
    fetch(tmp_path, at(server))

    came = fetch(tmp_path, at(server))

    assert server.requests[2].headers["if-none-match"] == '"v1"'
    assert (came.outcome, came.day, came.sha256) == ("unchanged", NEW, None)


@pytest.mark.parametrize("options", [{"force": True}, {"sha256": sha256_of(document(NEW))}])
def test_with_force_or_a_digest_the_catalog_is_sent_again(
    serve: Serve, tmp_path: Path, options: dict[str, Any]
) -> None:
    server = serve(catalog(etag='"v1"'), NONE, catalog(etag='"v1"'), NONE)
    fetch(tmp_path, at(server))

    came = fetch(tmp_path, at(server), **options)

    assert "if-none-match" not in server.requests[2].headers
    assert came.outcome == "unchanged"


def test_the_etag_of_another_address_is_not_sent(serve: Serve, tmp_path: Path) -> None:
    server = serve(catalog(etag='"v1"'), NONE, catalog(NEWER), NONE)
    fetch(tmp_path, at(server))

    fetch(tmp_path, f"{server.url}/other.json")

    assert "if-none-match" not in server.requests[2].headers


@pytest.mark.parametrize(
    "options", [{}, {"sha256": sha256_of(document(NEW))}], ids=["published", "demanded"]
)
def test_a_digest_is_checked_and_reported(
    serve: Serve, tmp_path: Path, options: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    server = serve(catalog(), Answer([sha256_of(document(NEW)).encode()]))

    came = fetch(tmp_path, at(server), **options)

    assert came.check == request.node.callspec.id


WRONG = sha256_of(b"another")


@pytest.mark.parametrize(
    ("replies", "options", "why"),
    [
        ([catalog(), Answer([WRONG.encode()])], {}, "as in the .sha256 file"),
        ([catalog()], {"sha256": WRONG}, "as in --sha256"),
        ([catalog(), Answer([b"<html>"])], {}, "does not contain a SHA-256"),
        ([catalog(), Answer([], 500)], {}, "status 500"),
        ([catalog(OLD), NONE], {}, "older than the current one"),
        ([Answer([b"<html>"]), NONE], {}, "not a catalog"),
        ([NONE], {}, "status 404"),
        ([Answer([], 304)], {}, "status 304"),
        ([Answer([], 302, {"location": "https://127.0.0.1:1/m"})], {}, "another scheme"),
        ([Answer([], 302, {"location": "/again"})], {}, "too many redirects"),
        ([Answer([bytes(update.MOST_BYTES + 1)])], {}, "larger than 8 MiB"),
        ([Answer([Pause(5)])], {"seconds": 0.05}, "no answer in time"),
        ([Answer([b"{", Pause(5)], framing="chunked")], {"seconds": 0.1}, "took too long"),
    ],
)
def test_an_unusable_catalog_changes_nothing_and_is_an_error_with_the_reason(
    serve: Serve, tmp_path: Path, replies: list[Answer], options: dict[str, Any], why: str
) -> None:
    server = serve(*replies)

    with pytest.raises(LLMRingError) as caught:
        fetch(tmp_path, at(server), **options)

    assert why in str(caught.value)
    assert str(caught.value).startswith(f"can't fetch newer facts from {server.url}/models.json: ")
    assert str(caught.value).endswith(f"; the catalog of {TODAY} stays in use")
    assert cache.newest(tmp_path) is bundled()


def test_a_catalog_that_unpacks_to_too_much_is_refused(serve: Serve, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(64 * 2**20))
    server = serve(Answer([bomb], 200, {"content-encoding": "gzip"}))

    with pytest.raises(LLMRingError, match="more than 100 times its size"):
        fetch(tmp_path, at(server))


def test_a_packed_catalog_is_unpacked(serve: Serve, tmp_path: Path) -> None:
    packed = gzip.compress(document(NEW))
    server = serve(Answer([packed], 200, {"content-encoding": "gzip"}), NONE)

    assert fetch(tmp_path, at(server)).day == NEW


def test_a_redirection_on_the_same_scheme_is_followed(serve: Serve, tmp_path: Path) -> None:
    server = serve(Answer([], 302, {"location": "/there.json"}), catalog(), NONE)

    assert fetch(tmp_path, at(server)).day == NEW
    assert [request.path for request in server.requests] == [
        *("/models.json", "/there.json", "/models.json.sha256"),
    ]


def test_without_a_server_the_catalog_stays(serve: Serve, tmp_path: Path) -> None:
    server = serve(catalog())
    url = at(server)
    server.close()

    with pytest.raises(LLMRingError, match=r"can't connect to .* stays in use$"):
        fetch(tmp_path, url)


def test_an_older_one_can_be_forced_and_a_newer_one_takes_its_place(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(catalog(OLD), NONE, catalog(NEW), NONE)

    assert fetch(tmp_path, at(server), force=True).day == OLD
    assert fetch(tmp_path, at(server)).was == OLD
    assert cache.newest(tmp_path).date == NEW


def test_a_catalog_in_a_file_is_checked_against_the_digest_next_to_it(tmp_path: Path) -> None:
    path = tmp_path / "my models.json"
    path.write_bytes(document(NEW))
    assert fetch(tmp_path, path.as_uri()).check == "none"

    Path(f"{path}.sha256").write_text(f"{sha256_of(document(NEW))}  {path.name}\n")
    came = fetch(tmp_path, path.as_uri())

    assert (came.outcome, came.check) == ("unchanged", "published")


@pytest.mark.parametrize("name", ["nowhere.json", "folder"])
def test_anything_but_a_regular_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(LLMRingError, match="the file does not exist"):
        fetch(tmp_path, (tmp_path / name).as_uri())


def test_secrets_in_an_address_are_neither_kept_nor_shown(serve: Serve, tmp_path: Path) -> None:
    server = serve(catalog(), NONE)
    url = at(server).replace("//", "//me:geheim@") + "?token=geheim"

    came = fetch(tmp_path, url)

    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "geheim" not in repr(came)
    assert b"geheim" not in (tmp_path / "registry" / "catalog").read_bytes()


def test_W04_closing_a_ring_leaves_the_fetched_catalog_alone(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fetch(tmp_path / "llmring", at(serve(catalog(), NONE)))

    with ring_at(serve(answers.openai("Hi"))) as ring:
        ring.chat(MODEL, "Hello").result()

    assert cache.newest(tmp_path / "llmring").date == NEW


def test_W05_no_call_asks_a_registry_even_where_one_is_named(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = serve(Answer([Pause(30)]))
    monkeypatch.setenv("LLMRING_REGISTRY_URL", at(silent))
    path = tmp_path / "llmring.lock"
    path.write_text(f'[registry]\nurl = "{at(silent)}"\n')

    with ring_at(serve(answers.openai("Hi")), lockfile_path=path) as ring:
        assert ring.chat(MODEL, "Hello").content == "Hi"

    assert silent.connections == 0


def test_a_newer_catalog_from_another_process_stays(serve: Serve, tmp_path: Path) -> None:
    server = serve(catalog(), Answer([Pause(0.3)], 404))
    body = document(NEWER, [model(dollars="9")])
    note = cache.Note(url="https://example.com/m", sha256=sha256_of(body))

    def bring() -> None:
        assert server.received(2)
        cache.keep(tmp_path, note, body, NEWER)

    other = threading.Thread(target=bring)
    other.start()
    came = fetch(tmp_path, at(server))
    other.join()

    assert (came.outcome, came.day, came.was) == ("overtaken", NEWER, TODAY)
