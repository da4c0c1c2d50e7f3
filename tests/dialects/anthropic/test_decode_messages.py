"""Conversations of clients' requests, as messages in the same order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ImagePart, Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.dialects.anthropic.decode_request import decode_request
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError
from llmring.providers.table import PROVIDERS

Json = dict[str, Any]

MARK = {"type": "ephemeral"}
BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197; cch=0a1b2;"}
PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def text(words: str, **more: Any) -> Json:
    return {"type": "text", "text": words, **more}


def use(id_: str, **more: Any) -> Json:
    return {"type": "tool_use", "id": id_, "name": "look", "input": {"at": 1}, **more}


def result(id_: str, **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": id_, **more}


def read(*turns: Json, **fields: Any) -> ClientRequest:
    body = {"model": "m", "max_tokens": 9, "messages": list(turns), **fields}
    return decode_request(json.dumps(body).encode(), {})


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def system(*blocks: Json, **more: Any) -> Json:
    return {"role": "system", "content": list(blocks), **more}


def turns(*given: Json, **fields: Any) -> list[Message]:
    return read(*given, **fields).request.turns()


def call(id_: str, arguments: str = '{"at":1}') -> Any:
    return {"id": id_, "type": "function", "function": {"name": "look", "arguments": arguments}}


def ours(block: Json) -> ProviderPart:
    return ProviderPart("anthropic", block)


def written(found: ClientRequest, *, system_turns: bool = True) -> Json:
    quirks = Quirks(system_turns=system_turns, server="anthropic")
    payload: Json = DIALECT.encode(
        parse_request(found.request), "m", stream=False, quirks=quirks
    ).payload
    return payload


def written_again(*given: Json) -> list[Json]:
    found: list[Json] = written(read(*given))["messages"]
    return found


# --- Turns ---


def test_a_text_is_a_message() -> None:
    given = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]

    assert turns(*given) == [Message("user", "Hi"), Message("assistant", "Hello")]


def test_blocks_are_the_parts_of_a_message_in_order() -> None:
    image = ImagePart(data="aGk=", media_type="image/png")

    assert turns(user(text("a"), PIXEL, text("b"))) == [Message("user", ["a", image, "b"])]


def test_results_and_text_in_one_turn_are_messages_in_order_and_written_as_that_turn() -> None:
    given = [
        user(text("Go.")),
        assistant(use("a"), use("b"), use("c")),
        user(
            result("a", content="1"),
            result("b", content=[text("2"), PIXEL], is_error=True),
            result("c", cache_control=MARK),
            text("Look at this."),
            PIXEL,
        ),
        user(text("Quick!")),
    ]
    image = ImagePart(data="aGk=", media_type="image/png")

    assert turns(*given)[2:] == [
        Message("tool", "1", tool_call_id="a"),
        Message("tool", ["2", image], tool_call_id="b", metadata={"is_error": True}),
        Message("tool", tool_call_id="c", metadata={"cache_control": MARK}),
        Message("user", ["Look at this.", image]),
        Message("user", ["Quick!"]),
    ]
    # The API joins turns of one side.
    given[2]["content"] += given.pop()["content"]
    given[2]["content"][0]["content"] = [text("1")]
    assert written_again(*given) == given


def test_a_text_between_results_is_a_message_between_them() -> None:
    found = turns(user(result("a", content="1"), text("and"), result("b", content="2")))

    assert [turn.role for turn in found] == ["tool", "user", "tool"]


def test_the_calls_of_an_answer_are_in_order_and_so_are_its_thoughts() -> None:
    given = assistant(
        {"type": "thinking", "thinking": "Hm.", "signature": "s"}, text("Wait."), use("a"), use("b")
    )

    assert turns(given) == [
        Message(
            "assistant",
            [ReasoningPart("Hm.", "s", dialect="anthropic"), TextPart("Wait.")],
            tool_calls=[call("a"), call("b")],
        )
    ]
    assert written_again(given) == [given]


def test_calls_keep_their_places_between_other_blocks() -> None:
    given = assistant(use("a"), text("and"), use("b"))

    parts: list[Part] = [ours({"type": "tool_use", "id": "a"}), TextPart("and")]
    expected = Message("assistant", parts, tool_calls=[call("a"), call("b")])
    assert turns(given) == [expected]
    assert written_again(given) == [given]


@pytest.mark.parametrize(
    "more",
    [
        {"caller": {"type": "code_execution_20260120", "tool_id": "t"}},
        {"toolset_name": "browser"},
        {"cache_control": MARK},
    ],
    ids=lambda more: next(iter(more)),
)
def test_further_fields_of_a_call_are_kept(more: Json) -> None:
    given = assistant(use("a", **more), use("b"))

    assert written_again(given) == [given]
    assert read(given).required_own == ()


def test_the_mark_of_a_last_call_is_that_of_the_message() -> None:
    given = assistant(text("Wait."), use("a", cache_control=MARK))

    found = turns(given)[0]
    assert (found.metadata, list(found.parts)) == ({"cache_control": MARK}, [TextPart("Wait.")])
    assert written_again(given) == [given]


def test_a_direct_caller_is_as_no_caller() -> None:
    assert turns(assistant(use("a", caller={"type": "direct"}))) == turns(assistant(use("a")))


def test_an_unknown_field_of_a_call_is_kept_and_required() -> None:
    given = assistant(use("a", of_tomorrow=1))

    assert read(given).required_own == ("messages.0.content.0.of_tomorrow",)
    assert written_again(given) == [given]


def test_the_toolset_of_a_result_is_that_of_its_call() -> None:
    given = [
        assistant(use("a", toolset_name="browser")),
        user(result("a", content=[text("1")], toolset_name="browser")),
    ]

    assert read(*given).required_own == ()
    assert written_again(*given) == given


def test_an_unknown_field_of_a_result_is_kept_and_required() -> None:
    given = [assistant(use("a")), user(result("a", content="1", of_tomorrow=[2]))]

    assert read(*given).required_own == ("messages.1.content.0.of_tomorrow",)
    [again] = written_again(*given)[1]["content"]
    assert again == result("a", content=[text("1")], of_tomorrow=[2])


def test_large_numbers_in_a_call_are_exact() -> None:
    found = turns(assistant({**use("a"), "input": {"at": 2**80}}))[0]

    assert found.calls[0]["function"]["arguments"] == f'{{"at":{2**80}}}'


@pytest.mark.parametrize(("kind", "required"), [("of tomorrow", True), ("tool_reference", False)])
def test_an_unknown_block_within_a_result_is_required_but_not_the_name_of_a_tool(
    kind: str, *, required: bool
) -> None:
    given = [
        assistant(use("a")),
        user(result("a", content=[{"type": kind, "tool_name": "f"}])),
    ]

    paths = ("messages.1.content.0.content.0",) if required else ()
    assert read(*given).required_own == paths
    assert written_again(*given) == given


# --- System ---


@pytest.mark.parametrize("prompt", ["Be brief.", [text("Be brief.", cache_control=MARK)]])
def test_the_system_prompt_is_the_first_message(prompt: Any) -> None:
    found = turns(user(text("Hi")), system=prompt)

    part = TextPart("Be brief.", None if isinstance(prompt, str) else MARK)
    assert (found[0].role, list(found[0].parts)) == ("system", [part])


@pytest.mark.parametrize("prompt", ["", [], None])
def test_an_empty_system_prompt_is_none(prompt: Any) -> None:
    assert [turn.role for turn in turns(user(text("Hi")), system=prompt)] == ["user"]


def test_g032_claude_code_s_line_for_billing_is_kept_for_this_api_alone() -> None:
    prompt = [BILLING, text("You are Claude Code.", cache_control=MARK), text("Be brief.")]
    found = read(user(text("Hi")), system=prompt)

    assert written(found)["system"] == prompt
    for server in ("openai", "google", "ollama", "deepseek", "openrouter"):
        provider = PROVIDERS[server]
        for dialect in (provider.speaking(None), PROVIDERS["openai"].speaking("responses")):
            sent = dialect.encode(
                parse_request(found.request), "m", stream=False, quirks=provider.quirks
            )
            assert "billing" not in json.dumps(sent.payload)
            assert "You are Claude Code." in json.dumps(sent.payload)
    assert found.required_own == ()


def test_a_system_message_in_the_conversation_stays_in_its_place() -> None:
    given = [
        user(text("Hi")),
        system(text("In French.", cache_control=MARK)),
        assistant(text("Salut")),
        user(text("Go on")),
    ]
    found = read(*given, system="Be brief.")

    roles = ["system", "user", "system", "assistant", "user"]
    assert [turn.role for turn in found.request.turns()] == roles
    assert written(found)["messages"] == given
    assert found.required_own == ()


def test_a_system_message_as_text_stays_in_its_place() -> None:
    given = [user(text("Hi")), {"role": "system", "content": "In French."}]

    assert turns(*given) == [Message("user", ["Hi"]), Message("system", "In French.")]


def test_the_fields_of_a_system_message_are_kept_and_required() -> None:
    given = [
        user(text("Hi")),
        system(text("In French."), clear_at="next_user_message"),
        system(text("Be kind."), output_config={"effort": "of tomorrow"}),
        system(text("Be brief.")),
    ]

    assert read(*given).required_own == ("messages.1.clear_at", "messages.2.output_config")
    assert written_again(*given) == given


def test_a_system_message_may_change_the_effort_for_all_apis() -> None:
    given = [
        user(text("Hi")),
        system(text("Think."), output_config={"effort": "max"}),
        system(output_config={"effort": "low"}),
    ]

    found = read(*given)

    assert found.required_own == ()
    assert found.request.reasoning_effort == "low"
    assert written_again(*given) == given


def test_a_system_message_may_have_fields_alone() -> None:
    given = [user(text("Hi")), {"role": "system", "output_config": {"effort": "low"}}]

    assert written_again(*given) == [given[0], {**given[1], "content": []}]


def test_a_tool_may_be_added_in_a_system_message() -> None:
    addition = {
        "type": "tool_addition",
        "tool": {"type": "tool_reference", "tool_name": "look"},
    }
    given = [user(text("Hi")), system(text("Look."), addition)]

    assert read(*given).required_own == ()
    assert written_again(*given) == given


def test_an_unknown_field_of_a_turn_is_kept_and_required() -> None:
    given = [{**user(text("Hi")), "of_tomorrow": 1}, {**assistant(use("a")), "of_tomorrow": 2}]

    assert read(*given).required_own == ("messages.0.of_tomorrow", "messages.1.of_tomorrow")
    assert written_again(*given) == given


# --- Malformed conversations ---


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ([], "messages"),
        (["Hi"], "messages.0"),
        ([{"content": "Hi"}], "messages.0.role"),
        ([{"role": "tool", "content": "Hi"}], "messages.0.role"),
        ([{"role": "user"}], "messages.0.content"),
        ([{"role": "system"}], "messages.0.content"),
        ([{"role": "user", "content": 1}], "messages.0.content"),
        ([{"role": "user", "content": ["Hi"]}], "messages.0.content.0"),
        ([user(result(""))], "messages.0.content.0.tool_use_id"),
        ([user(result("a", content=1))], "messages.0.content.0.content"),
        ([user(result("a", content=[{}]))], "messages.0.content.0.content.0.type"),
        ([user(result("a", is_error="yes"))], "messages.0.content.0.is_error"),
        ([assistant({"type": "tool_use", "name": "f", "input": {}})], "messages.0.content.0.id"),
        ([assistant(use("a", input="{}"))], "messages.0.content.0.input"),
        ([assistant(use("a", name=""))], "messages.0.content.0.name"),
        ([assistant({"type": "thinking"})], "messages.0.content.0.thinking"),
        ([assistant({"type": "redacted_thinking"})], "messages.0.content.0.data"),
        ([user(text("Hi")), system(PIXEL)], "messages.1.content"),
    ],
    ids=str,
)
def test_a_malformed_turn_is_an_error_with_the_path_of_the_field(given: Any, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(*given)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("prompt", "field"),
    [(1, "system"), (["a"], "system.0"), ([{"type": "text"}], "system.0.text")],
    ids=str,
)
def test_a_malformed_system_prompt_is_an_error(prompt: Any, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(user(text("Hi")), system=prompt)

    assert caught.value.field == field
