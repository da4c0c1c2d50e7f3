"""The limits of servers on the size of requests."""

import base64

import pytest

from llmring import LLMRequest, Message, UnsupportedFeatureError
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import AudioPart, DocumentPart, ImagePart, Part
from llmring.dialects.dialect import Limits
from llmring.routing.selection.request_size import SizedPart, check_sizes, sized_parts

DATA = base64.b64encode(bytes(300)).decode()


def test_the_files_of_a_request_are_those_with_bytes() -> None:
    parts: list[Part | str] = [
        "text",
        ImagePart(url="https://example.com/a.png"),
        ImagePart(data=DATA, media_type="image/png"),
        DocumentPart(data=DATA, name="a.pdf"),
        AudioPart(DATA, "audio/wav"),
    ]

    assert list(sized_parts(parse_request(LLMRequest("x", [Message("user", parts)])))) == [
        SizedPart("image/png", 300),
        SizedPart("application/pdf", 300, "a.pdf"),
        SizedPart("audio/wav", 300),
    ]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(each={"application/": 99}), r"a\.pdf \(application/pdf\): 0\.0 MB"),
        (Limits(files=199), "the request's files together"),
        (Limits(request=999), "the request: "),
    ],
)
def test_an_error_names_the_file_that_is_over_a_limit(limits: Limits, message: str) -> None:
    files = [SizedPart("application/pdf", 100, "a.pdf"), SizedPart("audio/wav", 100)]

    with pytest.raises(UnsupportedFeatureError, match=message):
        check_sizes(files, 1000, limits)


def test_a_request_just_within_the_limits_passes() -> None:
    files = [SizedPart("application/pdf", 100), SizedPart("image/png", 100)]

    check_sizes(files, 1000, Limits(request=1000, files=100, each={"image/": 100}))
