"""Recorded exchanges: their form, their files, and how a request finds its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.exceptions import ConfigurationError
from llmring.replay.recording import (
    Recording,
    differences,
    nearest,
    query_of,
    read,
    recorded_response,
    write,
)
from llmring.wire import HttpHead, HttpRequest
from rings import KEY


@given(st.lists(st.binary(min_size=1)))
def test_a_recorded_answer_restores_its_bytes(pieces: list[bytes]) -> None:
    answer = recorded_response(HttpHead(200, {}), pieces, "complete", ())

    assert list(answer.chunks()) == pieces


def request(url: str = "http://h/v1/chat", body: bytes = b"{}") -> HttpRequest:
    return HttpRequest("POST", url, {"authorization": f"Bearer {KEY}"}, body)


def digest(url: str = "http://h/v1/chat", body: bytes = b"{}", model: str | None = "a:b") -> str:
    return query_of(request(url, body), model).digest


def test_the_order_and_the_spacing_of_json_do_not_count() -> None:
    assert digest(body=b'{"a": 1, "b": {"c": 2, "d": 3}}') == digest(
        body=b'{"b":{"d":3,"c":2},"a":1}'
    )


def test_body_model_and_path_choose_the_recording() -> None:
    same = {
        digest(),
        digest(body=b'{"a": 1}'),
        digest(model="a:c"),
        digest(model=None),
        digest("http://h/v1/other"),
        digest("http://h/v1/chat?after=1"),
        digest(body=b"--boundary"),
    }

    assert len(same) == 7


def test_a_key_in_an_address_does_not_count_and_is_not_kept() -> None:
    sent = query_of(request("http://h/v1/chat?key=secret&alt=sse"), "a:b")

    assert sent.request.path == "/v1/chat?alt=sse&key=%2A%2A%2A"
    assert sent.digest == digest("http://h/v1/chat?alt=sse&key=another")


def test_of_an_attachment_only_its_beginning_and_its_hash_are_kept() -> None:
    image = "data:image/png;base64," + "A" * 5000

    sent = query_of(request(body=json.dumps({"url": image}).encode()), "a:b")

    assert sent.request.body["url"].startswith("data:image/png;base64,AAA")
    assert "5022 characters, SHA-256" in sent.request.body["url"]


def test_of_bytes_that_are_no_json_only_their_hash_is_kept() -> None:
    assert query_of(request(body=b"\xff\xfe"), None).request.body.startswith("(2 bytes, SHA-256 ")


@pytest.mark.parametrize(
    ("one", "other", "places"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2, "b": None}, ["a"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a[0].b"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ("x", "y", ["the body"]),
    ],
)
def test_differences_between_two_bodies_are_named_by_place(
    one: Any, other: Any, places: list[str]
) -> None:
    assert [*differences(one, other)] == places


def recording(body: Any, model: str = "a:b", url: str = "http://h/v1/chat") -> Recording:
    query = query_of(request(url, json.dumps(body).encode()), model)
    answer = recorded_response(
        HttpHead(200, {"content-type": "application/json"}), [b"{}"], "complete", ()
    )
    return Recording(model, query.request, answer)


def test_a_written_recording_is_read_as_it_was(tmp_path: Path) -> None:
    answer = recorded_response(
        HttpHead(200, {"retry-after": "1"}), [b"\xff", "ü".encode()], "cut", ()
    )
    kept = Recording("a:b", query_of(request(), "a:b").request, answer, 12.5)
    path = tmp_path / "new folder" / "one.json"

    write(path, kept)

    assert read(path) == kept
    assert [each.name for each in path.parent.iterdir()] == ["one.json"]


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no answer": lambda kept: kept.pop("response"),
    "an unknown end": lambda kept: kept["response"].update(end="perhaps"),
    "invalid base64": lambda kept: kept["response"].update(pieces=[{"base64": "%%%"}]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_recording_is_refused_with_its_path_and_the_fix(
    tmp_path: Path, damage: Callable[[dict[str, Any]], object]
) -> None:
    path = tmp_path / "one.json"
    write(path, recording({"a": 1}))
    kept = json.loads(path.read_text())
    damage(kept)
    path.write_text(json.dumps(kept))

    with pytest.raises(ConfigurationError, match="remove it, and record it again") as caught:
        read(path)
    assert str(path) in caught.value.message


def test_the_nearest_recording_is_the_one_that_differs_in_the_fewest_places(
    tmp_path: Path,
) -> None:
    sent = query_of(request(body=b'{"a": 1, "b": 2}'), "a:b")
    for number, body in enumerate([{"a": 5, "b": 5}, {"a": 1, "b": 3}, {"c": 1}], 1):
        write(tmp_path / sent.file(number), recording(body))

    found = nearest(tmp_path, sent)

    assert found is not None
    path, places = found
    assert (path.name, places) == (sent.file(2), ["b"])


@pytest.mark.parametrize(
    "other",
    [recording({"a": 1}, model="a:c"), recording({"a": 1}, url="http://h/v1/other")],
    ids=["model", "path"],
)
def test_a_recording_of_another_model_or_address_is_never_the_nearest(
    tmp_path: Path, other: Recording
) -> None:
    sent = query_of(request(body=b'{"a": 1}'), "a:b")
    write(tmp_path / sent.file(1), other)

    assert nearest(tmp_path, sent) is None


def test_the_folder_of_a_base_url_is_no_part_of_the_recorded_address() -> None:
    far = query_of(request("https://far.example/proxy/v1/chat"), "a:b", "https://far.example/proxy")
    near = query_of(request("http://127.0.0.1:8000/v1/chat"), "a:b", "http://127.0.0.1:8000")

    assert far.request.path == near.request.path == "/v1/chat"
    assert far.digest == near.digest


def test_a_key_that_is_cut_in_two_by_the_pieces_of_an_answer_is_masked() -> None:
    kept = recorded_response(
        HttpHead(200, {}), [KEY[:9].encode(), KEY[9:].encode() + b"\nend"], "complete", [KEY]
    )

    assert b"".join(kept.chunks()) == b"***\nend"
    assert KEY[:9] not in msgspec.json.encode(kept).decode()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai:gpt-4o-mini", "openai_gpt-4o-mini_"),
        ("ollama:llama3.2:1b", "ollama_llama3.2_1b_"),
        ("a:../../b c", "a_.._.._b_c_"),
        (None, "v1_chat_"),
    ],
)
def test_the_name_of_a_file_begins_with_its_model_and_never_leaves_its_folder(
    model: str | None, name: str
) -> None:
    found = query_of(request(), model).file(1)

    assert found.startswith(name)
    assert Path(found).name == found
