import pytest

from llmring.chat.events import (
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.relay.seal_replies import ReplySealer
from llmring.dialects.relay.sealed_signatures import (
    OpenedSeal,
    SealedCall,
    SealedItem,
    SealedThought,
    SealKey,
    open_seal,
)

KEY = SealKey(b"secret", "team")
END = Finished("stop", "stop")


def sealed(client: str, dialect: str, *events: Event) -> list[Event]:
    sealer = ReplySealer(KEY, client)
    sealer.begin(dialect, "mark")
    return [each for event in events for each in sealer.take(event)]


def opened(event: Event) -> OpenedSeal | None:
    assert isinstance(event, ReasoningDelta | ToolCallDelta)
    return open_seal(KEY, event.signature or "")


@pytest.mark.parametrize("client", ["anthropic", "openai_responses", "gemini"])
def test_the_signature_of_another_api_goes_sealed(client: str) -> None:
    thought = ReasoningDelta("Hm", "gAAA", "rs_1")

    (event,) = sealed(client, "openai_chat", thought)

    assert isinstance(event, ReasoningDelta)
    assert (event.text, event.id) == ("Hm", "rs_1")
    assert opened(event) == OpenedSeal("openai_chat", "mark", SealedThought("gAAA", "rs_1"))


@pytest.mark.parametrize(
    "client", ["anthropic", "openai_responses", "gemini", "openai_chat", "ollama"]
)
def test_events_of_the_client_s_own_api_are_left_alone(client: str) -> None:
    events: list[Event] = [
        Started("m"),
        ReasoningDelta("Hm"),
        ReasoningDelta("", "sig"),
        ProviderItem({"type": "x"}),
        ToolCallDelta(0, "c", "f", "{}", "sig", extra={"a": 1}),
        END,
    ]

    assert sealed(client, client, *events) == events


def test_a_thought_without_a_signature_carries_its_api_and_its_field() -> None:
    events = sealed(
        "anthropic",
        "openai_chat",
        ReasoningDelta("H", field="reasoning_content"),
        UsageReport(Usage()),
        ReasoningDelta("m", field="reasoning_content"),
        TextDelta("Hi"),
    )

    assert [type(event) for event in events] == [
        ReasoningDelta,
        UsageReport,
        ReasoningDelta,
        ReasoningDelta,
        TextDelta,
    ]
    content = SealedThought(None, None, "reasoning_content")
    assert opened(events[3]) == OpenedSeal("openai_chat", "mark", content)


def test_the_thought_that_an_id_ends_is_sealed_before_the_next_one() -> None:
    events = sealed(
        "anthropic",
        "openai_responses",
        ReasoningDelta("a", id="rs_1"),
        ReasoningDelta("b", id="rs_2"),
        ReasoningDelta("", "gB", "rs_2"),
    )

    assert [each and each.content for each in map(opened, events)] == [
        None,
        SealedThought(None, "rs_1"),
        None,
        SealedThought("gB", "rs_2"),
    ]


def test_an_item_of_another_api_goes_in_a_thought_without_text() -> None:
    (event,) = sealed("anthropic", "gemini", ProviderItem({"executableCode": {"code": "1"}}))

    assert isinstance(event, ReasoningDelta)
    assert event.text == ""
    assert opened(event) == OpenedSeal(
        "gemini", "mark", SealedItem({"executableCode": {"code": "1"}})
    )


@pytest.mark.parametrize("client", ["anthropic", "openai_responses"])
def test_the_signature_of_a_call_goes_in_a_thought_before_it(client: str) -> None:
    call = ToolCallDelta(0, "c1", "f", "{}", "Sg==")

    carrier, event = sealed(client, "gemini", call)

    assert event == ToolCallDelta(0, "c1", "f", "{}")
    assert opened(carrier) == OpenedSeal("gemini", "mark", SealedCall(0, "c1", "f", "Sg=="))


def test_a_signature_that_comes_late_goes_after_the_call() -> None:
    events = sealed(
        "anthropic",
        "gemini",
        ToolCallDelta(0, "c0", "f", "{"),
        ToolCallDelta(0, None, None, "}", "Sg=="),
        ToolCallDelta(1, "c1", "g", "{}"),
        END,
    )

    assert events[0] == ToolCallDelta(0, "c0", "f", "{")
    assert events[1] == ToolCallDelta(0, None, None, "}")
    assert opened(events[2]) == OpenedSeal("gemini", "mark", SealedCall(0, "c0", "f", "Sg=="))
    assert events[3:] == [ToolCallDelta(1, "c1", "g", "{}"), END]


@pytest.mark.parametrize(
    ("client", "dialect"),
    [("gemini", "openai_chat"), ("openai_chat", "gemini")],
)
def test_a_call_carries_its_seal_where_calls_have_a_slot(client: str, dialect: str) -> None:
    extra = {"vendor": {"a": 1}}

    (event,) = sealed(client, dialect, ToolCallDelta(0, "c", "f", "{}", "S", extra=extra))

    assert isinstance(event, ToolCallDelta)
    assert event.extra is None
    assert opened(event) == OpenedSeal(dialect, "mark", SealedCall(0, "c", "f", "S", extra))


@pytest.mark.parametrize("client", ["openai_chat", "ollama"])
def test_what_has_no_slot_is_left_out_and_reported(client: str) -> None:
    sealer = ReplySealer(KEY, client)
    sealer.begin("anthropic", "mark")

    assert sealer.take(ReasoningDelta("Hm")) == [ReasoningDelta("Hm")]
    assert sealer.take(ReasoningDelta("", "sig")) == []
    assert sealer.take(TextDelta("Hi")) == [TextDelta("Hi")]
    assert sealer.lost == {"signatures"}

    assert sealer.take(ProviderItem({"type": "server_tool_use"})) == []
    assert sealer.lost == {"signatures", "items"}


def test_a_plain_thought_loses_nothing_where_thoughts_have_no_slot() -> None:
    sealer = ReplySealer(KEY, "openai_chat")
    sealer.begin("ollama", "mark")

    events: list[Event] = [ReasoningDelta("Hm"), ToolCallDelta(0, "c", "f", "{}"), END]

    assert [each for event in events for each in sealer.take(event)] == events
    assert sealer.lost == set()


def test_the_calls_are_counted_over_all_endpoints_that_answer() -> None:
    sealer = ReplySealer(KEY, "gemini")
    sealer.begin("gemini", "one")
    sealer.take(ToolCallDelta(0, "c0", "f", "{}", "own"))
    sealer.begin("openai_chat", "two")

    (event,) = sealer.take(ToolCallDelta(0, "c1", "g", "{}", "S"))

    assert opened(event) == OpenedSeal("openai_chat", "two", SealedCall(1, "c1", "g", "S"))


def test_the_thought_of_an_endpoint_that_broke_off_is_not_sealed_for_the_next() -> None:
    sealer = ReplySealer(KEY, "anthropic")
    sealer.begin("openai_chat", "one")
    sealer.take(ReasoningDelta("Hm"))
    sealer.begin("openai_responses", "two")

    assert sealer.take(TextDelta("Hi")) == [TextDelta("Hi")]


def test_a_thought_that_broke_off_ends_before_the_next_one_begins() -> None:
    sealer = ReplySealer(KEY, "anthropic")
    sealer.begin("openai_chat", "one")
    sealer.take(ReasoningDelta("Hm"))

    (end,) = sealer.begin("openai_responses", "two")

    assert opened(end) == OpenedSeal("openai_chat", "one", SealedThought())
    assert sealer.take(ReasoningDelta("Well")) == [ReasoningDelta("Well")]


def test_a_thought_of_the_client_s_own_api_that_broke_off_ends_without_an_endpoint() -> None:
    sealer = ReplySealer(KEY, "anthropic")
    sealer.begin("anthropic", "one")
    sealer.take(ReasoningDelta("Hm"))

    (end,) = sealer.begin("anthropic", "two")

    assert opened(end) == OpenedSeal("anthropic", "", SealedThought())


@pytest.mark.parametrize(
    "event", [ReasoningDelta("", "own"), TextDelta("Hi"), ToolCallDelta(0, "c", "f", "{}")]
)
@pytest.mark.parametrize("dialect", ["anthropic", "openai_chat"])
def test_a_thought_that_is_over_needs_no_other_end(dialect: str, event: Event) -> None:
    sealer = ReplySealer(KEY, "anthropic")
    sealer.begin(dialect, "one")
    sealer.take(ReasoningDelta("Hm"))
    sealer.take(event)

    assert sealer.begin("openai_responses", "two") == []


@pytest.mark.parametrize("client", ["openai_chat", "ollama"])
@pytest.mark.parametrize("dialect", ["openai_chat", "ollama", "anthropic"])
def test_where_thoughts_have_no_slot_a_blank_line_ends_the_one_that_broke_off(
    client: str, dialect: str
) -> None:
    sealer = ReplySealer(KEY, client)
    sealer.begin(dialect, "one")
    sealer.take(ReasoningDelta("Hm"))

    assert sealer.begin("openai_chat", "two") == []
    assert sealer.take(ReasoningDelta("Well")) == [ReasoningDelta("\n\nWell")]
    assert sealer.take(ReasoningDelta(" then")) == [ReasoningDelta(" then")]
