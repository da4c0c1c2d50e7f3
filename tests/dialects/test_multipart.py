"""Uploads of files to providers."""

import email
from collections.abc import Callable
from email.message import Message

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.anthropic.files import FILES
from llmring.dialects.dialect import FileContent
from llmring.dialects.multipart import boundary_for, file_id_reply, form
from llmring.dialects.openai.files import CHAT_FILES
from llmring.exceptions import ProviderResponseError
from llmring.wire import HttpHead
from loopback import Loopback, as_json

HEAD = HttpHead(200, {"content-type": "application/json"})


def parts_of(body: bytes, content_type: str) -> list[Message]:
    """Parse the parts of a body with the standard library."""
    parsed = email.message_from_bytes(f"content-type: {content_type}\n\n".encode() + body)
    payload = parsed.get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


@given(st.binary(min_size=1))
def test_a_form_contains_any_bytes_unchanged(data: bytes) -> None:
    file = FileContent(name="a.bin", media_type="application/octet-stream", data=data)

    body, content_type = form({"purpose": "user_data"}, file)

    boundary = content_type.partition("boundary=")[2].encode()
    assert body.count(b"--" + boundary) == 3
    _, field, content, end = body.split(b"--" + boundary)
    assert field.endswith(b'name="purpose"\r\n\r\nuser_data\r\n')
    assert content.partition(b"\r\n\r\n")[2] == data + b"\r\n"
    assert end == b"--\r\n"


def test_a_form_can_be_parsed() -> None:
    file = FileContent(name="Über.pdf", media_type="application/pdf", data=b"%PDF-1.4\nx")

    purpose, content = parts_of(*form({"purpose": "user_data"}, file))

    assert purpose.get_param("name", header="content-disposition") == "purpose"
    assert content.get_param("name", header="content-disposition") == "file"
    assert content.get_content_type() == "application/pdf"
    assert content.get_payload(decode=True) == b"%PDF-1.4\nx"


@given(st.text())
def test_special_characters_in_a_file_name_are_escaped(name: str) -> None:
    file = FileContent(name=name, media_type="text/plain", data=b"x")

    body, _ = form({}, file)

    line = body.split(b"\r\n")[1]
    assert line.startswith(b'Content-Disposition: form-data; name="file"; filename="')
    assert line.count(b'"') == 4
    assert b"\n" not in line


def test_the_same_content_has_the_same_boundary() -> None:
    assert boundary_for(b"a") == boundary_for(b"a") != boundary_for(b"b")


def test_the_file_id_is_read_from_the_reply() -> None:
    assert file_id_reply(HEAD, b'{"id":"file-1","object":"file","bytes":3}').id == "file-1"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"id":1}', b"\xff"])
def test_a_reply_without_a_file_id_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        file_id_reply(HEAD, body)


def without_boundary(body: bytes, content_type: str) -> bytes:
    return body.replace(content_type.partition("boundary=")[2].encode(), b"BOUNDARY")


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_uploads_equal_those_of_the_vendors_sdk(
    serve: Callable[..., Loopback], vendor: str
) -> None:
    server = serve(as_json({"id": "file-1"}))
    sent = ("a.pdf", b"%PDF-1.4\nx", "application/pdf")
    if vendor == "openai":
        store = CHAT_FILES
        openai.OpenAI(base_url=server.url, api_key="k").files.create(file=sent, purpose="user_data")
    else:
        store = FILES
        anthropic.Anthropic(base_url=server.url, api_key="k").beta.files.upload(file=sent)
    name, data, media_type = sent

    ours = store.upload(FileContent(name=name, media_type=media_type, data=data))

    [theirs] = server.requests
    assert (ours.method, ours.path) == (theirs.method, theirs.path.partition("?")[0])
    assert without_boundary(ours.body or b"", ours.content_type) == without_boundary(
        theirs.body, theirs.headers["content-type"]
    )
