"""Token counts as Anthropic sends them."""

from hypothesis import given

from llmring import Usage
from llmring.dialects.anthropic.encode_usage import encode_usage
from replies import usages


@given(usages())
def test_the_counts_of_the_input_add_up_to_the_prompt(usage: Usage) -> None:
    sent = encode_usage(usage)
    read, written = sent["cache_read_input_tokens"], sent["cache_creation_input_tokens"]

    assert sent["input_tokens"] + read + written == usage.prompt_tokens
    assert sum(sent["cache_creation"].values()) == written


def test_counts_that_do_not_agree_are_never_below_zero() -> None:
    assert encode_usage(Usage(prompt_tokens=1, cached_tokens=5))["input_tokens"] == 0


def test_thoughts_and_searches_are_sent_only_if_there_were_any() -> None:
    none = encode_usage(Usage())
    some = encode_usage(Usage(reasoning_tokens=3, provider_tool_calls=2))

    assert "output_tokens_details" not in none
    assert none["server_tool_use"] is None
    assert some["output_tokens_details"] == {"thinking_tokens": 3}
    assert some["server_tool_use"]["web_search_requests"] == 2


def test_the_parts_of_a_service_tier_are_sent_in_fields_of_their_own() -> None:
    sent = encode_usage(Usage(service_tier="priority, us, fast"))

    assert (sent["service_tier"], sent["speed"]) == ("priority", "fast")
    assert sent["inference_geo"] == "us"
    assert encode_usage(Usage())["service_tier"] == "standard"
