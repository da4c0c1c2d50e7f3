"""Streams of any content, put together by official SDKs: the same as the whole reply."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmring.chat.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from sdk_stage import Stage, scripted, stage
from sdk_talks import TALKS
from vendors import APIS

each_sdk = pytest.mark.parametrize("sdk", TALKS)

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@st.composite
def contents(draw: st.DrawFn) -> list[Event]:
    """Return thoughts, texts and calls in any order, with at least one text."""
    events: list[Event] = []
    calls = 0
    kinds = draw(st.lists(st.sampled_from(["text", "thought", "call"]), max_size=6))
    for kind in [*kinds, "text"]:
        if kind == "call":
            arguments = msgspec.json.encode({"city": draw(TEXTS)}).decode()
            cut = draw(st.integers(0, len(arguments)))
            events += [
                ToolCallDelta(calls, f"call_{calls}", "weather", arguments[:cut]),
                ToolCallDelta(calls, arguments=arguments[cut:]),
            ]
            calls += 1
        else:
            made = TextDelta if kind == "text" else ReasoningDelta
            events += [made(each) for each in draw(st.lists(TEXTS, min_size=1, max_size=3))]
    # Not white space alone, which is no answer.
    return [*events, TextDelta("end")]


@each_sdk
@given(events=contents(), api=st.sampled_from([*APIS]))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_g077_a_stream_adds_up_to_the_whole_reply(
    scene: Stage, sdk: str, events: list[Event], api: str
) -> None:
    called = any(isinstance(each, ToolCallDelta) for each in events)
    replies = []
    for stream in (False, True):
        scene.script(api, scripted(api, *events, reason="tool_calls" if called else "stop"))
        talk = scene.talk(sdk, api, tools=True, thinks=True)
        talk.say("Hello")
        replies.append(talk.answer(stream=stream))

    whole, streamed = replies
    assert streamed.text == whole.text
    assert streamed.text == "".join(e.text for e in events if isinstance(e, TextDelta))
    assert streamed.places == whole.places
    assert len(streamed.places) == len({e.index for e in events if isinstance(e, ToolCallDelta)})
    assert streamed.reasoning.replace("\n", "") == whole.reasoning.replace("\n", "")
    assert (streamed.finish, streamed.tokens) == (whole.finish, whole.tokens)
