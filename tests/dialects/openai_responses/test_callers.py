"""What made a call gets its result."""

from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ProviderPart
from llmring.chat.request import LLMRequest
from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_responses.dialect import DIALECT

PROGRAM = {"type": "program", "caller_id": "pc_1"}
CODE = {"type": "code_execution_20250825", "tool_id": "srvtoolu_1"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "1"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "1"}


def sent(*messages: Any) -> list[dict[str, Any]]:
    request = parse_request(LLMRequest(messages=list(messages)))
    found: list[dict[str, Any]] = DIALECT.encode(
        request, "m", stream=False, quirks=Quirks()
    ).payload["input"]
    return found


def test_the_caller_of_an_item_is_in_the_output() -> None:
    item = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    mark = ProviderPart("openai_responses", {**item, "caller": PROGRAM})

    *_, output = sent({"role": "assistant", "content": [mark], "tool_calls": [CALL]}, RESULT)

    assert output == {**OUTPUT, "caller": PROGRAM}


def test_the_output_of_custom_tools_has_the_caller_too() -> None:
    item = {"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": "x"}
    mark = ProviderPart("openai_responses", {**item, "caller": PROGRAM})
    call = {**CALL, "type": "custom"}

    *_, output = sent({"role": "assistant", "content": [mark], "tool_calls": [call]}, RESULT)

    assert output == {**OUTPUT, "type": "custom_tool_call_output", "caller": PROGRAM}


def test_the_caller_of_a_dictionary_is_in_call_and_output() -> None:
    call, output = sent(
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "caller": PROGRAM}]}, RESULT
    )

    assert call["caller"] == PROGRAM
    assert output["caller"] == PROGRAM


def test_a_result_may_name_its_caller_itself() -> None:
    _, output = sent(
        {"role": "assistant", "content": None, "tool_calls": [CALL]}, {**RESULT, "caller": PROGRAM}
    )

    assert output == {**OUTPUT, "caller": PROGRAM}


@pytest.mark.parametrize(("caller", "kept"), [(CODE, True), (PROGRAM, False)])
def test_each_vendor_gets_only_callers_of_its_own_kind(caller: dict[str, str], kept: bool) -> None:
    answer = {"role": "assistant", "content": None, "tool_calls": [{**CALL, "caller": caller}]}

    call, output = sent(answer, RESULT)
    request = parse_request(LLMRequest(messages=[answer, RESULT]))
    blocks = ANTHROPIC.encode(request, "m", stream=False, quirks=Quirks()).payload["messages"]

    assert ("caller" in blocks[0]["content"][0]) == kept
    assert ("caller" in call) != kept
    assert ("caller" in output) != kept
