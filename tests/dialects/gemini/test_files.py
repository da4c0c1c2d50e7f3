"""Google's file store."""

import json

import pytest

from llmring.dialects.dialect import FileContent
from llmring.dialects.gemini.files import FILES
from llmring.exceptions import ProviderResponseError
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "application/json"})
URI = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"


def test_a_file_is_uploaded_with_name_and_type_in_one_request() -> None:
    file = FileContent(name='my "video".mp4', media_type="video/mp4", data=b"\0\0ftyp")

    outgoing = FILES.upload(file)

    kind, _, boundary = outgoing.content_type.partition("; boundary=")
    _, about, content, end = (outgoing.body or b"").split(b"--" + boundary.encode())
    assert (outgoing.method, outgoing.path) == ("POST", "/upload/v1beta/files")
    assert outgoing.headers == {"x-goog-upload-protocol": "multipart"}
    assert kind == "multipart/related"
    assert json.loads(about.partition(b"\r\n\r\n")[2]) == {"file": {"display_name": file.name}}
    assert content == b"\r\nContent-Type: video/mp4\r\n\r\n\0\0ftyp\r\n"
    assert end == b"--\r\n"


def test_a_long_file_name_is_cut() -> None:
    file = FileContent(name="x" * 600, media_type="text/plain", data=b"x")

    assert b"x" * 513 not in (FILES.upload(file).body or b"")


@pytest.mark.parametrize(
    ("state", "ready"),
    [("ACTIVE", True), ("PROCESSING", False), ("STATE_UNSPECIFIED", True)],
)
def test_the_state_of_a_file_is_read(state: str, ready: bool) -> None:
    result = {"name": "files/abc-123", "uri": URI, "state": state}

    uploaded = FILES.stored(HEAD, json.dumps({"file": result}).encode())
    looked_at = FILES.stored(HEAD, json.dumps(result).encode())

    assert uploaded == looked_at
    assert (uploaded.id, uploaded.ready) == (URI, ready)


def test_a_file_that_google_rejects_raises_an_error_with_the_reason() -> None:
    result = {"uri": URI, "state": "FAILED", "error": {"code": 3, "message": "no such codec"}}

    with pytest.raises(ProviderResponseError, match="no such codec"):
        FILES.stored(HEAD, json.dumps(result).encode())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"file":[]}', b'{"uri":1}'])
def test_a_reply_without_a_file_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        FILES.stored(HEAD, body)


def test_a_file_is_queried_and_deleted_by_its_uri() -> None:
    assert FILES.look is not None
    look, delete = FILES.look(URI), FILES.delete(URI)

    assert (look.method, look.path) == ("GET", "/v1beta/files/abc-123")
    assert (delete.method, delete.path) == ("DELETE", "/v1beta/files/abc-123")


def test_the_lifetime_of_a_file_is_below_48_hours() -> None:
    assert FILES.lifetime is not None
    assert 40 * 3600 < FILES.lifetime < 48 * 3600
