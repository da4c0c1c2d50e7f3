"""Content blocks of clients' requests, of every kind that the vendor's own client can send."""

from __future__ import annotations

import json
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import (
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.dialects.anthropic.decode_request import decode_request
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError
from llmring.providers.table import PROVIDERS

anthropic = pytest.importorskip("anthropic")

Block = dict[str, Any]

MARK = {"type": "ephemeral", "ttl": "1h"}
URL = "https://example.org/a"
SEARCH = {
    "type": "search_result",
    "source": URL,
    "title": "A",
    "content": [{"type": "text", "text": "b"}],
    "citations": {"enabled": True},
}
CITATION = {
    "type": "char_location",
    "cited_text": "b",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}


def read(*blocks: Block, role: str = "user") -> ClientRequest:
    turns = [{"role": role, "content": list(blocks)}]
    body = {"model": "m", "max_tokens": 9, "messages": turns}
    return decode_request(json.dumps(body).encode(), {})


def parts(*blocks: Block, role: str = "user") -> list[Part]:
    return [part for turn in read(*blocks, role=role).request.turns() for part in turn.parts]


def written_again(*blocks: Block, role: str = "user") -> list[Block]:
    parsed = parse_request(read(*blocks, role=role).request)
    payload = DIALECT.encode(parsed, "m", stream=False, quirks=Quirks()).payload
    [turn] = payload["messages"]
    found: list[Block] = turn["content"]
    return found


def ours(block: Block) -> ProviderPart:
    return ProviderPart("anthropic", block)


# --- Blocks that the library has a part for ---

PARTS: dict[str, tuple[Block, Part]] = {
    "text": ({"type": "text", "text": "a"}, TextPart("a")),
    "image by its bytes": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        ImagePart(data="aGk=", media_type="image/png"),
    ),
    "image by its address": (
        {"type": "image", "source": {"type": "url", "url": URL}},
        ImagePart(url=URL),
    ),
    "uploaded image": (
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        UploadedPart("file_1", "image/*"),
    ),
    "pdf by its bytes": (
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
            "title": "a.pdf",
        },
        DocumentPart(data="aGk=", name="a.pdf"),
    ),
    "pdf by its address": (
        {"type": "document", "source": {"type": "url", "url": URL}},
        DocumentPart(url=URL),
    ),
    "text document": (
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "é"},
            "title": "a",
        },
        DocumentPart(data="w6k=", media_type="text/plain", name="a"),
    ),
    "uploaded document": (
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}, "title": "a"},
        UploadedPart("file_1", "application/pdf", "a"),
    ),
    "file for code": (
        {"type": "container_upload", "file_id": "file_1"},
        UploadedPart("file_1", "application/octet-stream"),
    ),
}
each_part = pytest.mark.parametrize("name", PARTS)


@each_part
def test_a_block_is_read_as_its_part(name: str) -> None:
    block, part = PARTS[name]

    assert parts(block) == [part]


@each_part
def test_its_cache_mark_is_kept(name: str) -> None:
    block, part = PARTS[name]

    expected = msgspec.structs.replace(part, cache_control=MARK)
    assert parts({**block, "cache_control": MARK}) == [expected]


@each_part
@pytest.mark.parametrize("mark", [None, MARK], ids=["unmarked", "marked"])
def test_it_is_written_as_it_came(name: str, mark: Block | None) -> None:
    block = PARTS[name][0] | ({"cache_control": mark} if mark else {})

    assert written_again(block) == [block]


@each_part
def test_fields_that_are_null_are_as_if_they_were_not_given(name: str) -> None:
    block, part = PARTS[name]
    nulls = dict.fromkeys(("cache_control", "citations", "context", "title"))

    assert parts({**nulls, **block}) == [part]


@pytest.mark.parametrize("name", ["uploaded image", "uploaded document", "file for code"])
def test_a_file_in_the_vendor_s_store_can_be_read_by_the_vendor_alone(name: str) -> None:
    assert read(PARTS[name][0]).required_own == ("messages.0.content.0",)


# --- Blocks that this API alone understands ---

OWN: list[tuple[Block, bool]] = [
    (SEARCH, True),
    ({"type": "document", "source": {"type": "content", "content": "a"}}, True),
    ({"type": "document", "source": {"type": "content", "content": [SEARCH]}}, True),
    ({"type": "image", "source": {"type": "of tomorrow"}}, True),
    ({"type": "code_execution_tool_result", "tool_use_id": "s", "content": {}}, True),
    ({"type": "mcp_tool_use", "id": "s", "name": "a", "server_name": "b", "input": {}}, True),
    ({"type": "compaction", "content": "a"}, True),
    ({"type": "tool_addition", "tool": {"type": "tool_reference", "tool_name": "a"}}, False),
    ({"type": "tool_removal", "tool": {"type": "tool_reference", "tool_name": "a"}}, True),
    ({"type": "of tomorrow", "text": "Is this the question?"}, True),
    ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, False),
    ({"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, False),
    ({"type": "web_fetch_tool_result", "tool_use_id": "s", "content": {}}, False),
]


@pytest.mark.parametrize(("block", "is_content"), OWN, ids=lambda each: str(each)[:40])
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_another_block_is_kept_for_the_api_and_content_is_required(
    block: Block, is_content: bool, role: str
) -> None:
    text = {"type": "text", "text": "a"}

    assert parts(text, block, text, role=role) == [TextPart("a"), ours(block), TextPart("a")]
    required = ("messages.0.content.1",) if is_content else ()
    assert read(text, block, text, role=role).required_own == required
    assert written_again(text, block, text, role=role) == [text, block, text]


def test_every_kind_of_block_of_the_vendor_s_client_is_read() -> None:
    from anthropic.types.beta import BetaContentBlockParam

    whole: Block = {
        "text": "a",
        "source": {"type": "url", "url": URL},
        "file_id": "f",
        "thinking": "a",
        "signature": "s",
        "data": "d",
        "id": "i",
        "name": "n",
        "input": {},
        "tool_use_id": "i",
    }
    # The last of them is of the kinds that the vendor answers with.
    kinds = [
        get_args(get_type_hints(kind)["type"])[0] for kind in get_args(BetaContentBlockParam)[:-1]
    ]

    for kind in kinds:
        role = "user" if kind == "tool_result" else "assistant"
        assert read({"type": kind, **whole}, role=role).request.turns()
    assert len(kinds) > 20


# --- Further fields ---


@pytest.mark.parametrize("name", ["text", "image by its address", "pdf by its address"])
def test_further_fields_follow_the_part_and_are_required(name: str) -> None:
    block, part = PARTS[name]
    further = {**block, "of_tomorrow": {"a": 1}}

    fields = {"type": "llmring_fields", "of": block["type"], "fields": {"of_tomorrow": {"a": 1}}}
    assert parts(further) == [part, ours(fields)]
    assert read(further).required_own == ("messages.0.content.0.of_tomorrow",)
    assert written_again(further) == [further]


def test_a_document_may_be_read_without_its_citations_but_not_without_its_context() -> None:
    block = {**PARTS["text document"][0], "citations": {"enabled": True}, "context": "Old."}

    assert read(block).required_own == ("messages.0.content.0.context",)
    assert written_again(block) == [block]


def test_a_document_of_a_type_that_the_api_lacks_is_for_its_own_servers_to_refuse() -> None:
    source = {"type": "base64", "media_type": "application/msword", "data": "AAAA"}
    block = {"type": "document", "source": source}

    assert parts(block) == [ours(block)]
    assert read(block).required_own == ("messages.0.content.0",)
    assert written_again(block) == [block]


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_text_with_citations_is_text_for_all_and_a_block_for_the_api(role: str) -> None:
    cited = {"type": "text", "text": "b", "citations": [CITATION], "cache_control": MARK}
    blocks: list[Block] = [{"type": "text", "text": "a"}, cited, {"type": "text", "text": "c"}]

    expected = [TextPart("a"), TextPart("b", MARK), ours(cited), TextPart("c")]
    assert parts(*blocks, role=role) == expected
    assert read(*blocks, role=role).required_own == ()
    assert written_again(*blocks, role=role) == blocks


@pytest.mark.parametrize("server", ["openai", "google", "ollama", "deepseek"])
def test_other_apis_get_the_parts_alone(server: str) -> None:
    cited = {"type": "text", "text": "b", "citations": [CITATION]}
    further = {**PARTS["text document"][0], "citations": {"enabled": True}}
    parsed = parse_request(read(cited, further).request)
    provider = PROVIDERS[server]

    sent = provider.speaking(None).encode(parsed, "m", stream=False, quirks=provider.quirks)

    assert "citations" not in json.dumps(sent.payload)


# --- Malformed blocks ---


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({}, "type"),
        ({"type": 1}, "type"),
        ({"type": "text"}, "text"),
        ({"type": "text", "text": None}, "text"),
        ({"type": "text", "text": 1}, "text"),
        ({"type": "text", "text": "a", "cache_control": "ephemeral"}, "cache_control"),
        ({"type": "image"}, "source"),
        ({"type": "image", "source": URL}, "source"),
        ({"type": "image", "source": {}}, "source.type"),
        ({"type": "image", "source": {"type": "url"}}, "source.url"),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png"}},
            "source.data",
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "data:image/png"},
            },
            "source.data",
        ),
        ({"type": "document", "source": {"type": "url", "url": URL}, "title": 1}, "title"),
        ({"type": "container_upload"}, "file_id"),
    ],
    ids=str,
)
def test_an_incomplete_block_is_an_error_with_the_path_of_the_field(
    block: Block, field: str
) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(block)

    assert caught.value.field == f"messages.0.content.0.{field}"


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("assistant", "tool_result"),
        ("user", "tool_use"),
        ("user", "thinking"),
        ("user", "redacted_thinking"),
        ("system", "tool_result"),
    ],
)
def test_a_block_that_a_role_does_not_have_is_an_error(role: str, kind: str) -> None:
    with pytest.raises(RequestFormatError, match=kind) as caught:
        read({"type": kind}, role=role)

    assert caught.value.field == "messages.0.content.0"


def test_thoughts_are_those_of_this_api() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    hidden = {"type": "redacted_thinking", "data": "x"}

    expected = [ReasoningPart("Hm.", "s", dialect="anthropic"), ours(hidden)]
    assert parts(thought, hidden, role="assistant") == expected
    assert read(thought, hidden, role="assistant").required_own == ()
    assert written_again(thought, hidden, role="assistant") == [thought, hidden]
