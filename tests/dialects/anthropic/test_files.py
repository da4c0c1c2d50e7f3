"""Anthropic's file store."""

from llmring.dialects.anthropic.files import FILES
from llmring.dialects.dialect import FileContent


def test_an_upload_is_a_form_with_only_the_file() -> None:
    outgoing = FILES.upload(FileContent(name="a.png", media_type="image/png", data=b"\x89PNG"))

    assert (outgoing.method, outgoing.path) == ("POST", "/v1/files")
    assert (outgoing.body or b"").count(b"Content-Disposition") == 1
    assert outgoing.content_type.startswith("multipart/form-data; boundary=")


def test_every_file_request_has_the_beta_header() -> None:
    file = FileContent(name="a.png", media_type="image/png", data=b"\x89PNG")

    for outgoing in (FILES.upload(file), FILES.delete("file_1")):
        assert outgoing.headers == {"anthropic-beta": "files-api-2025-04-14"}


def test_a_file_is_deleted_by_its_id() -> None:
    assert FILES.delete("file_1").path == "/v1/files/file_1"
    assert FILES.delete("file_1").method == "DELETE"


def test_types_that_models_cannot_read_are_not_accepted() -> None:
    assert "application/pdf".startswith(FILES.media_types)
    assert not "text/csv".startswith(FILES.media_types)
    assert not "image/tiff".startswith(FILES.media_types)
