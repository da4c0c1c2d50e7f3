"""Made-up replies: word by word, with tokens that can be counted by hand."""

from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import TextDelta, ToolCallDelta, Usage
from llmring.chat.made_up_reply import made_up_reply, words
from llmring.chat.reply import fold


@given(st.text())
def test_words_add_up_to_the_text(text: str) -> None:
    assert "".join(words(text)) == text


def test_a_word_keeps_the_space_before_it() -> None:
    assert words("One  two\n") == ["One", "  two", "\n"]


def test_a_made_up_reply_has_a_token_for_each_word_and_call() -> None:
    calls = [("a", "weather", {"city": "Paris"})]
    events = made_up_reply("Let me look.", calls, model="m", id="1", prompt_tokens=5)
    reply = fold("a:model", events)

    assert [event.text for event in events if isinstance(event, TextDelta)] == [
        "Let",
        " me",
        " look.",
    ]
    assert ToolCallDelta(0, "a", "weather", '{"city":"Paris"}') in events
    assert reply.usage == Usage(prompt_tokens=5, completion_tokens=4)
    assert (reply.finish_reason, reply.served_model, reply.id) == ("tool_calls", "m", "1")
