"""What Chat Completions serves of OpenAI's models and files."""

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import DocumentPart, ImagePart, Part, UploadedPart
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.openai_chat.reach import expresses, refuses_tools
from llmring.providers.table import PROVIDERS
from llmring.registry.bundled import bundled


@pytest.mark.parametrize(
    ("name", "refuses"),
    [
        ("gpt-5.4", True),
        ("gpt-5.4-mini-2026-03-17", True),
        ("gpt-5.10", True),
        ("gpt-6", True),
        ("gpt-6.1-sol", True),
        ("gpt-10", True),
        ("ft:gpt-5.4:acme::abc", True),
        ("openai/gpt-6-sol", True),
        ("gpt-5", False),
        ("gpt-5.3", False),
        ("gpt-5-2025-08-07", False),
        ("gpt-5.4-chat-latest", False),
        ("gpt-4.1", False),
        ("gpt-60b", False),
        ("gpt-oss-120b", False),
        ("o3", False),
        ("my-gpt-6", False),
    ],
)
def test_the_name_of_a_model_tells_whether_it_takes_tools_here(name: str, refuses: bool) -> None:
    assert refuses_tools(name) == refuses


def test_the_catalog_and_the_names_agree() -> None:
    models = [
        facts
        for facts in bundled().models
        if facts.provider in ("openai", "azure") and facts.kind == "chat" and facts.api is None
    ]

    assert len(models) > 40
    for facts in models:
        second = PROVIDERS[facts.provider].second_api
        assert facts.tools_api == (second if refuses_tools(facts.name) else None), facts.name


@pytest.mark.parametrize(
    ("part", "taken"),
    [
        (ImagePart(url="https://example.com/a.png"), True),
        (DocumentPart(data="AAAA", media_type="application/pdf"), True),
        (DocumentPart(data="AAAA", media_type="text/csv"), True),
        (DocumentPart(url="https://example.com/a.pdf", media_type="application/pdf"), False),
        (DocumentPart(data="AAAA", media_type="application/msword"), False),
        (UploadedPart("file-1", "application/pdf"), True),
        (UploadedPart("file-1", "image/png"), False),
    ],
    ids=str,
)
def test_only_some_files_are_taken(part: Part, taken: bool) -> None:
    request = LLMRequest("fast", [Message("user", [part])])

    assert expresses(parse_request(request)) == taken
