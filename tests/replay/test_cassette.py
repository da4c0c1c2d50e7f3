"""Recording exchanges to files, and playing them back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from answers import openai, openai_error, openai_stream
from llmring.exceptions import (
    ConfigurationError,
    ProviderConnectionError,
    UnsupportedFeatureError,
)
from llmring.replay.interceptor import Interceptor
from llmring.routing.fault_script import ScriptedFault
from llmring.routing.policy import Policy
from llmring.wire import HttpRequest
from loopback import Close, Loopback, Pause, as_json, as_stream
from replay.interceptor_calls import asking, interceptor_in, played, target_at, until_broken
from rings import KEY

Serve = Callable[..., Loopback]

RECORD = Policy(mode="record")
REPLAY = Policy(mode="replay")


def body(answer: Any) -> bytes:
    return b"".join(step for step in answer.steps if isinstance(step, bytes))


def files(folder: Path) -> list[Path]:
    return sorted((folder / "recordings").iterdir())


def kept(folder: Path) -> Any:
    [path] = files(folder)
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_recorded_answer_is_played_back_byte_for_byte(serve: Serve, tmp_path: Path) -> None:
    server = serve(openai("Zürich", note="naïve"))
    target = target_at(server)

    real = played(interceptor_in(tmp_path), RECORD, target, asking(target))
    again = played(interceptor_in(tmp_path), REPLAY, target, asking(target))

    assert again[1] == real[1] == [body(server.answers[0])]
    assert again[0].status == 200
    assert len(server.requests) == 1


def test_a_stream_is_played_back_in_the_pieces_in_which_it_came(
    serve: Serve, tmp_path: Path
) -> None:
    whole = 'data: {"place": "Zürich"}\n\n'.encode()
    cut = whole.index("ü".encode()) + 1
    target = target_at(serve(as_stream(whole[:cut], Pause(0.05), whole[cut:])))
    request = asking(target, stream=True)

    real = played(interceptor_in(tmp_path), RECORD, target, request)
    again = played(interceptor_in(tmp_path), REPLAY, target, request)

    assert len(real[1]) == 2
    assert again[1] == real[1]


def test_the_file_can_be_read_by_a_person(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(openai("Zürich")))
    played(interceptor_in(tmp_path), RECORD, target, asking(target, "Where?"))

    [path] = files(tmp_path)
    found = kept(tmp_path)

    assert path.name.startswith("openai_gpt-4o-mini_")
    assert path.name.endswith("_1.json")
    assert "\n  " in path.read_text()
    assert found["model"] == "openai:gpt-4o-mini"
    assert (found["request"]["method"], found["request"]["path"]) == ("POST", "/chat/completions")
    assert found["request"]["body"]["messages"] == [{"role": "user", "content": "Where?"}]
    assert found["response"]["end"] == "complete"
    assert found["response"]["headers"] == {"content-type": "application/json"}


def test_recordings_hold_no_keys(serve: Serve, tmp_path: Path) -> None:
    other = "gsk_0123456789abcdefghij"
    answer = as_stream(
        f"data: {KEY[:9]}".encode(), Pause(0.05), f"{KEY[9:]}\n\ndata: {other}\n\n".encode()
    )
    target = target_at(serve(answer))
    played(
        interceptor_in(tmp_path), RECORD, target, asking(target, f"Is {KEY} my key, or {other}?")
    )

    [path] = files(tmp_path)
    text = path.read_text()

    assert KEY not in text.replace('",\n      "', "")
    assert other not in text
    assert kept(tmp_path)["response"]["pieces"] == ["data: ***\n", "\n", "data: ***\n", "\n"]


def test_of_all_headers_only_harmless_ones_are_kept(serve: Serve, tmp_path: Path) -> None:
    answer = as_json(
        {},
        429,
        retry_after="2",
        set_cookie="session=1",
        openai_organization="acme",
        x_request_id="req_1",
        x_ratelimit_remaining_requests="0",
    )
    target = target_at(serve(answer))
    played(interceptor_in(tmp_path), RECORD, target, asking(target))

    assert kept(tmp_path)["response"]["headers"] == {
        "content-type": "application/json",
        "retry-after": "2",
        "x-request-id": "req_1",
        "x-ratelimit-remaining-requests": "0",
    }


def test_repeated_requests_are_answered_in_their_order_and_then_by_the_last(
    serve: Serve, tmp_path: Path
) -> None:
    target = target_at(serve(openai_error(503), openai("b"), openai("c")))
    first, second, others = (
        interceptor_in(tmp_path),
        interceptor_in(tmp_path),
        asking(target, "Other"),
    )

    def result(interceptor: Interceptor, policy: Policy) -> list[int]:
        return [played(interceptor, policy, target, asking(target))[0].status for _ in range(2)]

    assert result(first, RECORD) == [503, 200]
    played(first, RECORD, target, others)
    assert result(second, REPLAY) == [503, 200]
    assert result(second, REPLAY) == [200, 200]
    assert len(files(tmp_path)) == 3


def test_recording_sends_only_what_has_no_recording_yet(serve: Serve, tmp_path: Path) -> None:
    server = serve(openai("a"), openai("b"))
    target = target_at(server)

    for _ in range(2):
        played(interceptor_in(tmp_path), RECORD, target, asking(target))

    assert len(server.requests) == 1
    assert len(files(tmp_path)) == 1


def test_an_attempt_without_an_answer_leaves_no_gap_in_the_numbers(
    serve: Serve, tmp_path: Path
) -> None:
    target = target_at(serve(openai("a")))
    nowhere = target_at(serve(openai()))
    request = asking(target)
    unreachable = HttpRequest("POST", "http://127.0.0.1:9/v1", request.headers, request.body)
    interceptor = interceptor_in(tmp_path)

    with pytest.raises(ProviderConnectionError):
        played(interceptor, RECORD, nowhere, unreachable)
    played(interceptor, RECORD, target, request)

    assert [path.name[-7:] for path in files(tmp_path)] == ["_1.json"]


@pytest.mark.parametrize("status", [401, 403])
def test_an_answer_about_the_key_is_not_recorded(serve: Serve, tmp_path: Path, status: int) -> None:
    target = target_at(serve(openai_error(status)))

    assert played(interceptor_in(tmp_path), RECORD, target, asking(target))[0].status == status
    assert not (tmp_path / "recordings").exists()


def test_an_answer_that_was_cut_is_cut_again(serve: Serve, tmp_path: Path) -> None:
    stream = openai_stream("a", "b")
    target = target_at(serve(as_stream(stream.steps[0], stream.steps[1], Close())))
    request = asking(target, stream=True)

    real, error = until_broken(interceptor_in(tmp_path), RECORD, target, request)
    again, replayed = until_broken(interceptor_in(tmp_path), REPLAY, target, request)

    assert real == again == b"".join([stream.steps[0], stream.steps[1]])  # type: ignore[list-item]
    assert type(replayed) is type(error)


def test_an_answer_whose_time_ran_out_is_not_recorded(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(as_stream(b"data: {}\n\n", Pause(30))))

    with pytest.raises(Exception, match="too long"):
        played(interceptor_in(tmp_path), RECORD, target, asking(target, stream=True), seconds=0.3)

    assert not (tmp_path / "recordings").exists()


def test_a_recording_ends_with_an_error_where_its_reader_left(serve: Serve, tmp_path: Path) -> None:
    events = [step for step in openai_stream("a", "b").steps if isinstance(step, bytes)]
    target = target_at(serve(as_stream(events[0], Pause(0.05), *events[1:])))
    request = asking(target, stream=True)

    played(interceptor_in(tmp_path), RECORD, target, request, leave_after=1)
    again, error = until_broken(interceptor_in(tmp_path), REPLAY, target, request)

    assert again == events[0]
    assert "its reader stopped" in error.message


def test_a_request_without_a_recording_is_an_error_with_the_fix(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(openai())
    target = target_at(server)
    played(interceptor_in(tmp_path), RECORD, target, asking(target, "Monday"))

    with pytest.raises(UnsupportedFeatureError) as caught:
        played(interceptor_in(tmp_path), REPLAY, target, asking(target, "Tuesday"))

    [path] = files(tmp_path)
    message = caught.value.message
    assert "POST /chat/completions for openai:gpt-4o-mini" in message
    assert f"{tmp_path / 'recordings' / 'openai_gpt-4o-mini_'}" in message
    assert f"The nearest, {path.name}, differs in messages[0].content." in message
    assert 'mode = "record"' in message
    assert len(server.requests) == 1


def test_without_any_recording_the_error_still_names_the_file(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(openai()))

    with pytest.raises(UnsupportedFeatureError, match=r"_1\.json does not exist\. To record it"):
        played(interceptor_in(tmp_path), REPLAY, target, asking(target))


@pytest.mark.parametrize("text", ["", "{}", '{"model": 1}', "\ufeffnothing"])
def test_a_file_that_holds_no_recording_is_named(serve: Serve, tmp_path: Path, text: str) -> None:
    target = target_at(serve(openai()))
    played(interceptor_in(tmp_path), RECORD, target, asking(target))
    [path] = files(tmp_path)
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=f"{path.name} is not a recording: .*remove it"):
        played(interceptor_in(tmp_path), REPLAY, target, asking(target))


def test_an_answer_may_be_edited_by_hand(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(openai("old")))
    played(interceptor_in(tmp_path), RECORD, target, asking(target))
    [path] = files(tmp_path)
    path.write_text(path.read_text().replace("old", "new"))

    _, found = played(interceptor_in(tmp_path), REPLAY, target, asking(target))

    assert found == [body(openai("new"))]


def test_the_address_and_the_key_of_a_provider_do_not_count(serve: Serve, tmp_path: Path) -> None:
    here, there = target_at(serve(openai("a"))), target_at(serve(openai("b")))
    elsewhere = msgspec.structs.replace(
        there,
        endpoint=msgspec.structs.replace(there.endpoint, base_url="http://h/proxy", key="other"),
    )

    played(interceptor_in(tmp_path), RECORD, here, asking(here))
    _, found = played(interceptor_in(tmp_path), REPLAY, elsewhere, asking(elsewhere))

    assert found == [body(openai("a"))]


def test_an_upload_is_recorded_and_played_back_without_a_model(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(as_json({"id": "file-1"}))
    upload = HttpRequest("POST", f"{server.url}/v1/files", {}, b"\x00")

    played(interceptor_in(tmp_path), RECORD, None, upload)
    _, found = played(interceptor_in(tmp_path), REPLAY, None, upload)

    assert found == [b'{"id": "file-1"}']
    assert files(tmp_path)[0].name.startswith("v1_files_")


def test_the_lockfile_sets_the_folder_of_recordings(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(openai()))
    policy = Policy(mode="record", recordings="elsewhere/answers")

    played(interceptor_in(tmp_path), policy, target, asking(target))

    assert len(list((tmp_path / "elsewhere" / "answers").iterdir())) == 1


def test_faults_apply_to_answers_that_are_played_back(serve: Serve, tmp_path: Path) -> None:
    stream = openai_stream("a", "b")
    target = target_at(serve(stream))
    request = asking(target, stream=True)
    played(interceptor_in(tmp_path), RECORD, target, request)

    policy = Policy(mode="replay", faults=(ScriptedFault(cut=2),))
    found, error = until_broken(interceptor_in(tmp_path), policy, target, request)

    assert found == b"".join(stream.steps[:2])  # type: ignore[arg-type]
    assert isinstance(error, ProviderConnectionError)
