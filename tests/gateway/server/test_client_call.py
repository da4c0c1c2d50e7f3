"""The head of a call, and a client that leaves."""

import asyncio
import re
from typing import Any

import pytest

from llmring.gateway.server.client_call import ClientCall, new_id, read_head


def scope(*headers: tuple[bytes, bytes], path: str = "/v1/messages") -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": path, "headers": headers}


def test_g104_ids_of_version_7_sort_by_their_time() -> None:
    first = new_id()
    ids = [new_id() for _ in range(1000)]

    assert len({first, *ids}) == 1001
    assert all(re.fullmatch(r"[0-9a-f-]{14}7[0-9a-f-]{4}[89ab][0-9a-f-]{16}", each) for each in ids)
    assert [each[:13] for each in ids] == sorted(each[:13] for each in ids)


def test_g001_header_names_are_in_lower_case_and_doubles_are_joined() -> None:
    head = read_head(scope((b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"\xe9")))

    assert head.headers["x-a"] == "1, 2"
    assert head.headers["x-b"] == "é"


@pytest.mark.parametrize("raw", [b"/v1/models/a%2Fb", None])
def test_g007_the_raw_path_counts_where_the_server_gives_one(raw: bytes | None) -> None:
    given = scope(path="/v1/models/a/b")
    if raw is not None:
        given["raw_path"] = raw

    assert read_head(given).path.path == "/v1/models/a/b"


def test_g104_a_request_has_its_id_among_its_headers() -> None:
    head = read_head(scope((b"x-request-id", b"mine"), (b"host", b"localhost")))

    assert (head.request_id, head.headers["x-request-id"]) == ("mine", "mine")


def call_ended_by(messages: list[dict[str, Any]], *, is_over: bool) -> tuple[bool, bool]:
    """Return whether a watched call was cancelled, and whether its client is gone."""

    async def run() -> tuple[bool, bool]:
        iterator = iter(messages)

        async def receive() -> dict[str, Any]:
            for message in iterator:
                return message
            await asyncio.sleep(60)
            return {}

        async def send(_: Any) -> None: ...

        async def work() -> bool:
            task = asyncio.current_task()
            assert task is not None
            calls.append(call := ClientCall(task, scope(), receive, send))
            call.is_over = is_over
            call.watch()
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                return True
            finally:
                await call.end()
            return False

        calls: list[ClientCall] = []
        cancelled = await asyncio.create_task(work())
        assert len(asyncio.all_tasks()) == 1
        return cancelled, calls[0].is_gone

    return asyncio.run(run())


def test_g085_a_watched_call_is_cancelled_when_its_client_leaves() -> None:
    late = {"type": "http.request", "body": b"", "more_body": False}
    gone = {"type": "http.disconnect"}

    assert call_ended_by([gone], is_over=False) == (True, True)
    assert call_ended_by([late, gone], is_over=False) == (True, True)
    assert call_ended_by([late], is_over=False) == (False, False)


def test_g085_a_call_that_is_over_is_not_cancelled() -> None:
    assert call_ended_by([{"type": "http.disconnect"}], is_over=True) == (False, False)
