"""System messages in the middle of a conversation stay where they were given."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ImagePart, ProviderPart, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.result_order import with_results_in_place
from llmring.dialects.system_turns import (
    MOVED,
    late_systems_placed,
    own_parts,
    with_own_systems,
)
from llmring.exceptions import UnsupportedFeatureError
from llmring.providers.table import PROVIDERS

SYSTEM, USER = Message("system", "Be brief."), Message("user", "Hi")
ANSWER, LATE = Message("assistant", "Hello"), Message("system", "In French.")
CALL = Message(
    "assistant",
    tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
)
RESULT = Message("tool", "1", tool_call_id="c")
MARKED = ("user", "<system_message>\nIn French.\n</system_message>")


def placed(turns: Sequence[Message], *, between: bool = False) -> list[tuple[str, str]]:
    found = late_systems_placed(turns, "Google", [], between=between, dialect="gemini")
    return [(turn.role, turn.text) for turn in found]


def plain(*turns: Message) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in turns]


@pytest.mark.parametrize("between", [False, True])
def test_system_messages_at_the_beginning_stay_as_they_are(between: bool) -> None:
    turns = [SYSTEM, LATE, USER, ANSWER]

    assert late_systems_placed(turns, "Google", [], between=between, dialect="gemini") is turns


@pytest.mark.parametrize("turns", [[SYSTEM, USER, LATE], [SYSTEM, USER, LATE, ANSWER]])
def test_a_model_that_takes_them_gets_a_system_message_in_its_place(turns: list[Message]) -> None:
    assert placed(turns, between=True) == plain(*turns)


@pytest.mark.parametrize("turns", [[USER, LATE, USER], [USER, ANSWER, LATE, USER]])
def test_where_no_system_message_is_possible_a_marked_user_message_is_in_its_place(
    turns: list[Message],
) -> None:
    expected = [MARKED if turn is LATE else (turn.role, turn.text) for turn in turns]

    assert placed(turns, between=True) == placed(turns) == expected


def test_a_message_that_becomes_the_user_s_is_remarked_once() -> None:
    notes: list[str] = []

    late_systems_placed(
        [USER, LATE, ANSWER, LATE], "Google", notes, between=False, dialect="gemini"
    )
    kept: list[str] = []
    late_systems_placed([SYSTEM, USER, LATE], "Anthropic", kept, between=True, dialect="anthropic")

    assert (notes, kept) == ([MOVED], [])


def test_adjacent_system_messages_become_one() -> None:
    assert placed([USER, SYSTEM, LATE], between=True) == [
        ("user", "Hi"),
        ("system", "Be brief.In French."),
    ]


def test_between_a_call_and_its_results_it_follows_the_results() -> None:
    turns = with_results_in_place([USER, CALL, LATE, RESULT])

    assert placed(turns) == [*plain(USER, CALL, RESULT), MARKED]
    assert placed(turns, between=True) == plain(USER, CALL, RESULT, LATE)


def test_its_cache_mark_is_kept() -> None:
    late = Message("system", "In French.", metadata={"cache_control": {"type": "ephemeral"}})
    found = late_systems_placed([USER, late], "Anthropic", [], between=False, dialect="gemini")

    assert found[-1].cache_control == {"type": "ephemeral"}


def test_an_image_in_it_is_refused() -> None:
    late = Message("system", [ImagePart(url="https://example.org/a.png")])

    with pytest.raises(UnsupportedFeatureError, match="Google takes only text"):
        late_systems_placed([USER, late], "Google", [], between=False, dialect="gemini")


@given(st.lists(st.sampled_from([SYSTEM, USER, ANSWER, LATE])), st.booleans())
def test_no_text_is_lost_or_leaves_its_place(turns: list[Message], between: bool) -> None:
    found = "".join(text for _, text in placed(turns, between=between))

    assert found.replace("<system_message>\n", "").replace("\n</system_message>", "") == "".join(
        turn.text for turn in turns
    )


# --- Items of an API ---

OF_CLAUDE = ProviderPart("anthropic", {"type": "tool_addition", "tool": {}})


def test_an_item_of_another_api_is_left_out_of_a_system_message() -> None:
    late = Message("system", ["In French.", OF_CLAUDE])

    assert placed([USER, late]) == [*plain(USER), MARKED]
    assert own_parts(late, "gemini") == [TextPart("In French.")]
    assert own_parts(late, "anthropic") == late.parts


def test_the_api_s_own_items_stay_with_their_text() -> None:
    first = Message("system", ["In French.", OF_CLAUDE])
    turns = [USER, first, SYSTEM, ANSWER]

    found = late_systems_placed(turns, "Anthropic", [], between=True, dialect="anthropic")

    assert [(turn.role, turn.parts) for turn in found] == [
        (turn.role, list(turn.parts)) if turn.role == "system" else (turn.role, turn.parts)
        for turn in turns
    ]


def test_a_system_message_with_items_of_other_apis_alone_is_left_out() -> None:
    alone, both = Message("system", [OF_CLAUDE]), Message("system", ["Be brief.", OF_CLAUDE])
    turns = [alone, both, Message("system", ""), USER]

    assert with_own_systems(turns, "openai_chat") == turns[1:]
    assert with_own_systems(turns, "anthropic") == turns
    assert with_own_systems([SYSTEM, USER], "openai_chat") == [SYSTEM, USER]


# --- Requests to each API ---

CONVERSATION = [SYSTEM, USER, LATE, ANSWER, Message("user", "Go on")]
WORDS_OF_LATE = "<system_message>\nIn French.\n</system_message>"


def sent(server: str, api: str | None, turns: Sequence[Message], **quirks: Any) -> dict[str, Any]:
    provider = PROVIDERS[server]
    changed = msgspec.structs.replace(provider.quirks, server=server, **quirks)
    request = parse_request(LLMRequest(messages=turns, max_tokens=9))
    dialect = provider.speaking(api)
    payload: dict[str, Any] = dialect.encode(request, "m", stream=False, quirks=changed).payload
    return payload


def roles_and_texts(items: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    found = []
    for item in items:
        content: Any = item.get("content", item.get("parts"))
        texts = content if isinstance(content, str) else "".join(each["text"] for each in content)
        found.append((item["role"], texts))
    return found


@pytest.mark.parametrize(
    ("server", "api", "field"),
    [
        ("openai", None, "messages"),
        ("openai", "responses", "input"),
        ("deepseek", None, "messages"),
        ("openrouter", None, "messages"),
    ],
)
def test_apis_that_take_one_anywhere_get_it_in_its_place(
    server: str, api: str | None, field: str
) -> None:
    assert roles_and_texts(sent(server, api, CONVERSATION)[field]) == plain(*CONVERSATION)


def test_a_claude_model_that_takes_one_there_gets_it_in_its_place() -> None:
    payload = sent("anthropic", None, CONVERSATION, system_turns=True)

    assert roles_and_texts(payload["messages"]) == plain(*CONVERSATION[1:])
    assert payload["system"] == [{"type": "text", "text": "Be brief."}]


def test_another_claude_model_gets_it_marked_in_the_user_s_turn() -> None:
    payload = sent("anthropic", None, CONVERSATION)

    question = ("user", "Hi" + WORDS_OF_LATE)
    assert roles_and_texts(payload["messages"]) == [question, *plain(*CONVERSATION[3:])]
    assert payload["system"] == [{"type": "text", "text": "Be brief."}]


def test_gemini_gets_it_marked_in_its_place() -> None:
    payload = sent("google", None, CONVERSATION)

    answer, last = ("model", "Hello"), ("user", "Go on")
    assert roles_and_texts(payload["contents"]) == [*plain(USER), MARKED, answer, last]
    assert payload["systemInstruction"] == {"parts": [{"text": "Be brief."}]}


def test_ollama_gets_it_marked_in_its_place() -> None:
    payload = sent("ollama", None, CONVERSATION)

    expected = [*plain(SYSTEM, USER), MARKED, *plain(*CONVERSATION[3:])]
    assert roles_and_texts(payload["messages"]) == expected


def test_ollama_gets_it_after_the_results_of_a_call() -> None:
    payload = sent("ollama", None, [USER, CALL, LATE, RESULT])

    assert [message["role"] for message in payload["messages"]] == [
        "user",
        "assistant",
        "tool",
        "user",
    ]


@pytest.mark.parametrize("server", ["openai", "deepseek", "google", "ollama", "anthropic"])
def test_a_prefix_of_the_conversation_is_sent_as_before(server: str) -> None:
    field = "contents" if server == "google" else "messages"

    shorter = sent(server, None, CONVERSATION[:3])[field]
    longer = sent(server, None, CONVERSATION)[field]

    assert longer[: len(shorter)] == shorter
