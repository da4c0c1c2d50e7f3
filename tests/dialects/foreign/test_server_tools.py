"""Tools that one vendor's servers run, as the APIs of others take them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_bodies import sent_to
from llmring.chat.parsed_request import OwnFields, ParsedRequest, parse_request
from llmring.chat.request import LLMRequest
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.anthropic.decode_request import decode_request as read_messages
from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Dialect, Quirks
from llmring.dialects.foreign.server_tools import (
    has_server_tools,
    names_of,
    place_of,
    prefers_other,
    texts_in,
    tool_name,
    with_server_tools,
)
from llmring.dialects.gemini.dialect import DIALECT as GEMINI
from llmring.dialects.ollama.dialect import DIALECT as OLLAMA
from llmring.dialects.openai_chat.dialect import DIALECT as CHAT
from llmring.dialects.openai_responses.decode_request import decode_request as read_responses
from llmring.dialects.openai_responses.dialect import DIALECT as RESPONSES
from llmring.exceptions import UnsupportedFeatureError
from llmring.providers.dialects import known_tools

Json = dict[str, Any]

DIALECTS = {each.name: each for each in (ANTHROPIC, CHAT, GEMINI, OLLAMA, RESPONSES)}
CLAUDE_SEARCH: Json = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
OPENAI_SEARCH: Json = {"type": "web_search"}
GOOGLE_SEARCH: Json = {"googleSearch": {}}
# The search of each API that has one.
SEARCHES: Json = {
    "anthropic": {"type": "web_search_20250305", "name": "web_search"},
    "gemini": GOOGLE_SEARCH,
    "openai_responses": OPENAI_SEARCH,
}
CLOCK = Tool("clock", "Tell the time", {"type": "object", "properties": {}})
LEFT_OUT = "the tool {!r} left out: the API has no such tool"


def offered(*definitions: Json | Tool, client: str | None = None, choice: Any = None) -> Any:
    tools = [each if isinstance(each, Tool) else ProviderTool(each) for each in definitions]
    request = LLMRequest("fast", "Hi", tools=tools, tool_choice=choice)
    parsed = parse_request(request)
    if client is None:
        return parsed
    fields = {name: getattr(parsed, name) for name in parsed.__struct_fields__}
    return ParsedRequest(**{**fields, "own": OwnFields(dialect=client)})


def placed(
    request: ParsedRequest, dialect: str, *, searches: bool = True
) -> tuple[ParsedRequest, tuple[str, ...]]:
    return with_server_tools(request, dialect, known_tools(), searches=searches)


def definitions(request: ParsedRequest) -> list[Any]:
    return [tool.definition if isinstance(tool, ProviderTool) else tool for tool in request.tools]


def written(request: ParsedRequest, dialect: Dialect) -> Json:
    found, _ = placed(request, dialect.name)
    return dialect.encode(found, "m", stream=False, quirks=Quirks()).payload


# --- Searches of the web ---


@pytest.mark.parametrize("target", SEARCHES)
@pytest.mark.parametrize(
    ("client", "search"),
    [("anthropic", CLAUDE_SEARCH), ("openai_responses", OPENAI_SEARCH), ("gemini", GOOGLE_SEARCH)],
)
@pytest.mark.parametrize("is_client", [True, False])
def test_g037_a_search_becomes_the_one_of_the_api(
    client: str, search: Json, target: str, *, is_client: bool
) -> None:
    request = offered(search, CLOCK, client=client if is_client else None)
    found, notes = placed(request, target)

    if client == target:
        assert found is request
        assert notes == ()
    else:
        assert definitions(found) == [SEARCHES[target], CLOCK]
        assert len(notes) == 1
        assert tool_name(search) in notes[0]


def test_options_that_the_other_search_has_are_kept() -> None:
    place = {"type": "approximate", "city": "Bern", "country": "CH"}
    search = {**CLAUDE_SEARCH, "allowed_domains": ["a.example"], "user_location": place}
    responses, notes = placed(offered(search, client="anthropic"), "openai_responses")
    [sent] = definitions(responses)

    assert sent == {
        "type": "web_search",
        "filters": {"allowed_domains": ["a.example"]},
        "user_location": place,
    }
    assert notes == ("the tool 'web_search': the API's own search of the web, without max_uses",)
    [back] = definitions(placed(offered(sent, client="openai_responses"), "anthropic")[0])
    assert back == {key: value for key, value in search.items() if key != "max_uses"}


@pytest.mark.parametrize(
    ("client", "search", "target"),
    [
        ("anthropic", {**CLAUDE_SEARCH, "blocked_domains": ["a.example"]}, "openai_responses"),
        ("anthropic", {**CLAUDE_SEARCH, "allowed_domains": ["a.example"]}, "gemini"),
        ("openai_responses", {**OPENAI_SEARCH, "external_web_access": False}, "anthropic"),
        ("openai_responses", {**OPENAI_SEARCH, "filters": {"new": 1}}, "anthropic"),
        ("gemini", {"googleSearch": {"excludeDomains": ["a.example"]}}, "anthropic"),
        ("gemini", {"enterpriseWebSearch": {}}, "anthropic"),
    ],
)
def test_a_search_that_would_find_what_it_must_not_is_left_out(
    client: str, search: Json, target: str
) -> None:
    found, notes = placed(offered(search, CLOCK, client=client), target)

    assert definitions(found) == [CLOCK]
    assert notes == (LEFT_OUT.format(tool_name(search)),)


def test_several_searches_are_one() -> None:
    request = offered(CLAUDE_SEARCH, {**CLAUDE_SEARCH, "name": "again"}, client="anthropic")

    assert definitions(placed(request, "openai_responses")[0]) == [OPENAI_SEARCH]


def test_g037_a_search_that_must_be_made_is_the_choice_of_the_api() -> None:
    request = offered(CLAUDE_SEARCH, CLOCK, client="anthropic", choice=NamedTool("web_search"))
    other = offered(OPENAI_SEARCH, client="openai_responses", choice=NamedTool("web_search"))

    assert written(request, RESPONSES)["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "web_search"}],
    }
    assert written(other, ANTHROPIC)["tool_choice"] == {"type": "tool", "name": "web_search"}


def test_a_search_that_google_cannot_be_made_to_make_is_offered_with_a_remark() -> None:
    request = offered(CLAUDE_SEARCH, CLOCK, client="anthropic", choice=NamedTool("web_search"))
    found, notes = placed(request, "gemini")
    body = GEMINI.encode(found, "m", stream=False, quirks=Quirks()).payload

    assert body["tools"][1] == GOOGLE_SEARCH
    assert "functionCallingConfig" not in body.get("toolConfig", {})
    assert notes[1] == "the tool 'web_search': offered, but the API can't force it"


# --- Other tools ---

OTHERS: list[tuple[str, Json]] = [
    ("anthropic", {"type": "bash_20250124", "name": "bash"}),
    ("anthropic", {"type": "code_execution_20250825", "name": "code_execution"}),
    ("anthropic", {"type": "mcp_toolset", "mcp_server_name": "files"}),
    ("anthropic", {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"}),
    ("gemini", {"codeExecution": {}}),
    ("gemini", {"url_context": {}}),
    ("gemini", {"type": "google_maps"}),
    ("openai_chat", {"type": "openrouter:datetime"}),
    ("openai_chat", {"type": "builtin_function", "function": {"name": "$web_search"}}),
    ("openai_responses", {"type": "image_generation"}),
    ("openai_responses", {"type": "local_shell"}),
    ("openai_responses", {"type": "mcp", "server_label": "a", "server_url": "https://a.example"}),
]


@pytest.mark.parametrize("target", DIALECTS)
@pytest.mark.parametrize(("client", "tool"), OTHERS, ids=str)
def test_g037_other_tools_are_for_their_own_api_alone(client: str, tool: Json, target: str) -> None:
    found, notes = placed(offered(tool, CLOCK, client=client, choice="auto"), target)

    if target == client:
        assert (definitions(found), notes) == ([tool, CLOCK], ())
    else:
        assert definitions(found) == [CLOCK]
        assert notes == (LEFT_OUT.format(tool_name(tool)),)
        assert found.choice == "auto"


@pytest.mark.parametrize("target", DIALECTS)
@pytest.mark.parametrize(("client", "tool"), OTHERS, ids=str)
@pytest.mark.parametrize("choice", [None, "auto", "none"])
def test_a_request_whose_tools_are_all_left_out_has_no_choice(
    client: str, tool: Json, target: str, choice: Any
) -> None:
    if target == client:
        return
    body = written(offered(tool, client=client, choice=choice), DIALECTS[target])

    assert not {"tools", "tool_choice", "toolConfig"} & body.keys()


@pytest.mark.parametrize("target", DIALECTS)
@pytest.mark.parametrize(("client", "tool"), OTHERS, ids=str)
def test_g037_a_tool_that_must_be_called_needs_its_own_api(
    client: str, tool: Json, target: str
) -> None:
    for choice in (NamedTool(tool_name(tool)), "required"):
        request = offered(tool, client=client, choice=choice)
        if target == client:
            assert placed(request, target)[0].choice == choice
        else:
            with pytest.raises(UnsupportedFeatureError, match="has to be called"):
                placed(request, target)


def test_one_of_the_other_tools_may_be_called_instead() -> None:
    request = offered({"type": "image_generation"}, CLOCK, choice="required")

    assert placed(request, "anthropic")[0].choice == "required"


# --- Tools of applications, and of no known API ---


@pytest.mark.parametrize("target", DIALECTS)
def test_a_tool_of_no_known_api_stays_as_it_is(target: str) -> None:
    request = offered({"type": "of_tomorrow", "a": 1})

    assert placed(request, target) == (request, ())


def test_a_tool_of_no_known_api_belongs_to_the_client_that_sent_it() -> None:
    request = offered({"type": "of_tomorrow"}, client="openai_responses")

    assert definitions(placed(request, "openai_responses")[0]) == [{"type": "of_tomorrow"}]
    assert definitions(placed(request, "anthropic")[0]) == []


@pytest.mark.parametrize("tool", [{"type": "web_search"}, {"type": "code_interpreter"}])
def test_servers_with_chat_completions_get_what_an_application_gives_them(tool: Json) -> None:
    assert definitions(placed(offered(tool), "openai_chat")[0]) == [tool]
    assert definitions(placed(offered(tool, client="openai_chat"), "openai_chat")[0]) == [tool]
    assert definitions(placed(offered(tool, client="openai_responses"), "openai_chat")[0]) == []


def test_the_options_of_z_ai_are_not_those_of_responses() -> None:
    tool = {"type": "web_search", "web_search": {"enable": True}}

    assert definitions(placed(offered(tool), "openai_chat")[0]) == [tool]
    assert definitions(placed(offered(tool), "openai_responses")[0]) == []


@pytest.mark.parametrize("target", DIALECTS)
@pytest.mark.parametrize(
    "tool",
    [
        {"type": "custom", "name": "patch"},
        {"type": "custom", "custom": {"name": "patch"}},
        {"type": "namespace", "name": "agents", "tools": []},
    ],
)
def test_tools_that_clients_run_are_not_touched(tool: Json, target: str) -> None:
    request = offered(tool, client="openai_responses")

    assert placed(request, target) == (request, ())


def test_functions_alone_are_the_same_request() -> None:
    request = offered(CLOCK)

    assert not has_server_tools(request)
    assert placed(request, "anthropic")[0] is request


# --- Two APIs of one provider ---


@pytest.mark.parametrize(
    ("tool", "preferred"),
    [
        (CLOCK, False),
        (CLAUDE_SEARCH, True),
        (OPENAI_SEARCH, True),
        ({"type": "mcp", "server_label": "a"}, True),
        ({"googleMaps": {}}, False),
        ({"type": "of_tomorrow"}, False),
        ({"type": "custom", "custom": {"name": "patch"}}, False),
    ],
)
def test_the_api_with_more_of_the_tools_is_preferred(tool: Any, *, preferred: bool) -> None:
    request = offered(tool)

    assert is_preferred(request, "openai_chat", "openai_responses") == preferred
    assert not is_preferred(request, "openai_responses", "openai_chat")


def is_preferred(request: ParsedRequest, main: str, other: str, *, searches: bool = True) -> bool:
    return prefers_other(request, main, other, known_tools(), searches=searches)


def test_a_search_of_another_vendor_needs_a_server_with_one() -> None:
    request = offered(CLAUDE_SEARCH, CLOCK, client="anthropic")
    found, notes = placed(request, "openai_responses", searches=False)

    assert (definitions(found), notes) == ([CLOCK], (LEFT_OUT.format("web_search"),))
    assert not is_preferred(request, "openai_chat", "openai_responses", searches=False)
    own = offered(OPENAI_SEARCH, client="openai_responses")
    assert placed(own, "openai_responses", searches=False) == (own, ())


# --- What clients send ---


def claude_search(body: Json) -> bool:
    return any(tool.get("type") == "web_search_20250305" for tool in body.get("tools", ()))


MESSAGES = sent_to("/v1/messages?beta=true", "/v1/messages")
SEARCHING = [each for each in MESSAGES if claude_search(each.values[0])] or MESSAGES[:1]


@pytest.mark.parametrize("body", SEARCHING)
def test_g037_the_search_of_claude_code_is_made_by_every_api_that_has_one(body: Json) -> None:
    client = read_messages(json.dumps(body).encode(), {})
    request = client.parsed("anthropic")

    assert written(request, ANTHROPIC)["tools"] == body["tools"]
    assert written(request, ANTHROPIC)["tool_choice"] == body["tool_choice"]
    assert written(request, RESPONSES)["tools"] == [OPENAI_SEARCH]
    assert written(request, GEMINI)["tools"] == [GOOGLE_SEARCH]
    for dialect in (CHAT, OLLAMA):
        with pytest.raises(UnsupportedFeatureError, match="web_search"):
            written(request, dialect)


@pytest.mark.parametrize("body", MESSAGES)
def test_g037_the_functions_of_claude_code_are_offered_by_every_api(body: Json) -> None:
    client = read_messages(json.dumps(body).encode(), {})
    request = client.parsed("anthropic")
    if has_server_tools(request):
        return
    for name, dialect in DIALECTS.items():
        assert placed(request, name) == (request, ())
        sent = json.dumps(written(request, dialect))
        assert all(f'"{tool["name"]}"' in sent for tool in body.get("tools", ()))


@pytest.mark.parametrize("body", sent_to("/v1/responses"))
def test_g037_the_tools_of_codex_are_taken_by_every_api(body: Json) -> None:
    client = read_responses(json.dumps(body).encode(), {})
    request = client.parsed("openai_responses")
    is_codex = {"type": "web_search", "external_web_access": False} in body["tools"]

    for dialect in DIALECTS.values():
        sent = written(request, dialect)["tools"]
        kinds = [str(tool.get("type")) for tool in sent]
        if dialect is RESPONSES:
            assert ("web_search" in kinds) == is_codex
        else:
            assert "web_search" not in kinds
            assert "namespace" not in kinds
            assert LEFT_OUT.format("web_search") in placed(request, dialect.name)[1] or not is_codex


# --- Readers of options ---


def test_names_are_those_that_a_choice_may_have() -> None:
    assert names_of(CLAUDE_SEARCH) == ("web_search", "web_search_20250305")
    assert names_of(OPENAI_SEARCH) == ("web_search",)
    assert names_of(GOOGLE_SEARCH) == ("googleSearch",)
    assert (names_of({}), tool_name({})) == ((), "")


def test_options_of_another_type_are_none() -> None:
    assert place_of("Bern") == {}
    assert place_of({"city": 1, "country": "", "region": "BE"}) == {"region": "BE"}
    assert texts_in("a") == ()
    assert texts_in(["a", 1]) == ("a",)
