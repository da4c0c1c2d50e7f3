from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import (
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.reply import fold
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.anthropic import dialect as anthropic
from llmring.dialects.anthropic import encode_reply as anthropic_encoder
from llmring.dialects.call_ids import ANY
from llmring.dialects.dialect import Dialect, Quirks
from llmring.dialects.gemini import dialect as gemini
from llmring.dialects.gemini import encode_reply as gemini_encoder
from llmring.dialects.history import fitted
from llmring.dialects.openai_responses import dialect as responses
from llmring.dialects.openai_responses import encode_reply as responses_encoder
from llmring.dialects.relay.open_requests import open_messages
from llmring.dialects.relay.seal_replies import ReplySealer
from llmring.dialects.relay.sealed_signatures import (
    OpenedSeal,
    SealedCall,
    SealedContent,
    SealedItem,
    SealedThought,
    SealKey,
    seal,
)
from llmring.dialects.reply_encoding import Envelope, ReplyEncoding
from llmring.wire import HttpHead

KEY = SealKey(b"secret", "team")
PROVIDERS = {"mark": "openai", "other": "google"}


def sealed(content: SealedContent, mark: str = "mark", dialect: str = "openai_responses") -> str:
    return seal(KEY, OpenedSeal(dialect, mark, content))


def opened(message: Message, key: SealKey = KEY) -> Message:
    (found,) = open_messages([message], key, PROVIDERS)
    return found


def thinking(text: str, signature: str) -> Message:
    part = ReasoningPart(text, signature, dialect="anthropic")
    return Message("assistant", [part, TextPart("Hi")])


def call(name: str = "f", **more: Any) -> ToolCall:
    function = {"name": name, "arguments": "{}"}
    return cast("ToolCall", {"id": "c1", "type": "function", "function": function, **more})


def test_a_thought_gets_its_api_its_signature_and_its_provider_again() -> None:
    message = opened(thinking("Hm", sealed(SealedThought("gAAA", "rs_1", "f"))))

    own = ReasoningPart("Hm", "gAAA", "rs_1", "openai_responses", "f")
    assert message == Message("assistant", [own, TextPart("Hi")], origin="openai")


def test_the_original_message_is_not_changed() -> None:
    message = thinking("Hm", sealed(SealedThought("gAAA")))
    before = msgspec.structs.replace(message)

    opened(message)

    assert message == before


@pytest.mark.parametrize(
    "part",
    [
        ("anthropic", {"type": "redacted_thinking", "data": "{}"}),
        ("anthropic", {"type": "thinking", "thinking": "", "signature": "{}"}),
        ("openai_responses", {"type": "reasoning", "summary": [], "encrypted_content": "{}"}),
        ("gemini", {"text": "", "thoughtSignature": "{}"}),
    ],
    ids=lambda part: "-".join(part[1]),
)
def test_an_item_is_opened_in_every_slot_that_a_decoder_keeps_whole(
    part: tuple[str, dict[str, Any]],
) -> None:
    dialect, form = part
    signature = sealed(SealedItem({"type": "web_search_call"}))
    content = {key: signature if value == "{}" else value for key, value in form.items()}

    message = opened(Message("assistant", [ProviderPart(dialect, content)]))

    own = ProviderPart("openai_responses", {"type": "web_search_call"})
    assert message == Message("assistant", [own], origin="openai")


def test_the_summary_of_a_kept_item_is_the_text_of_the_thought() -> None:
    item = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "encrypted_content": sealed(SealedThought("sig"), dialect="anthropic"),
    }

    message = opened(Message("assistant", [ProviderPart("openai_responses", item)]))

    assert message.parts == [ReasoningPart("a\n\nb", "sig", None, "anthropic")]


def test_a_thought_of_an_endpoint_that_is_gone_keeps_its_text_alone() -> None:
    message = opened(thinking("Hm", sealed(SealedThought("gAAA", "rs_1", "f"), "gone")))

    plain = ReasoningPart("Hm", dialect="openai_responses")
    assert message == Message("assistant", [plain, TextPart("Hi")])


@pytest.mark.parametrize(
    "content", [SealedThought("gAAA"), SealedItem({"type": "x"}), SealedCall(0, "c1", "f", "S")]
)
def test_a_part_of_an_endpoint_that_is_gone_is_left_out_if_it_has_no_text(
    content: SealedContent,
) -> None:
    message = opened(thinking("", sealed(content, "gone")))

    assert message == Message("assistant", [TextPart("Hi")])


@pytest.mark.parametrize(
    "key", [SealKey(b"secret", "another"), SealKey(b"another", "team")], ids=["tenant", "secret"]
)
def test_a_seal_of_somebody_else_is_sent_to_nobody(key: SealKey) -> None:
    message = thinking("Hm", sealed(SealedThought("gAAA")))

    plain = ReasoningPart("Hm", dialect="anthropic")
    assert opened(message, key) == Message("assistant", [plain, TextPart("Hi")])
    assert opened(thinking("Hm", "lr1.made.up.AAAA")).parts[0] == plain


def test_a_message_of_several_servers_is_of_the_last_one() -> None:
    first = ReasoningPart("a", sealed(SealedThought("A"), "other", "gemini"))
    last = ReasoningPart("b", sealed(SealedThought("B")))

    message = opened(Message("assistant", [first, last]))

    assert message.origin == "openai"
    assert message.parts == [
        ReasoningPart("a", dialect="gemini"),
        ReasoningPart("b", "B", dialect="openai_responses"),
    ]


@pytest.mark.parametrize("dialect", ["openai_responses", "gemini"])
def test_another_server_with_the_same_api_does_not_get_the_signature(dialect: str) -> None:
    message = opened(thinking("Hm", sealed(SealedThought("gAAA"), dialect=dialect)))

    (sent,) = fitted([message], dialect, ANY, Quirks(server="azure"))

    assert sent.parts[0] == ReasoningPart("Hm", dialect=dialect)


@pytest.mark.parametrize(
    "slot", ["signature", "extra_content"], ids=["of Google", "of Chat Completions"]
)
def test_a_call_gets_its_signature_and_its_fields_again(slot: str) -> None:
    text = sealed(SealedCall(0, "c1", "f", "S", {"v": 1}), "other", "gemini")
    given: Any = text if slot == "signature" else {"google": {"thought_signature": text}}
    message = Message("assistant", None, tool_calls=[call(**{slot: given})])

    assert opened(message) == Message(
        "assistant",
        None,
        tool_calls=[call(signature="S", extra_content={"v": 1})],
        origin="google",
    )


def test_a_call_without_an_open_seal_is_sent_without_it() -> None:
    text = sealed(SealedCall(0, "c1", "f", "S"), "gone", "gemini")
    message = Message("assistant", None, tool_calls=[call(signature=text)])

    assert opened(message) == Message("assistant", None, tool_calls=[call()])


def test_a_thought_without_text_signs_the_call_that_it_came_with() -> None:
    carrier = ReasoningPart("", sealed(SealedCall(1, None, "g", "S"), "other", "gemini"))
    message = Message("assistant", [carrier], tool_calls=[call("f"), call("g"), call("g")])

    assert opened(message) == Message(
        "assistant",
        None,
        tool_calls=[call("f"), call("g", signature="S"), call("g")],
        origin="google",
    )


def test_a_call_is_found_by_its_id_then_by_its_place_then_by_its_name() -> None:
    def carried(at: int, id_: str | None, signature: str) -> ReasoningPart:
        content = SealedCall(at, id_, "f", signature)
        return ReasoningPart("", sealed(content, "other", "gemini"))

    message = Message(
        "assistant",
        [carried(0, "c3", "by ID"), carried(1, "other", "by place"), carried(7, None, "by name")],
        tool_calls=[call(), call(), call(id="c3")],
    )

    signatures = [each.get("signature") for each in opened(message).calls]

    assert signatures == ["by name", "by place", "by ID"]


def test_a_signature_of_another_function_is_left_out() -> None:
    carrier = ReasoningPart("", sealed(SealedCall(0, None, "g", "S"), "other", "gemini"))

    message = opened(Message("assistant", [carrier], tool_calls=[call("f")]))

    assert message == Message("assistant", None, tool_calls=[call("f")], origin="google")


def test_messages_without_seals_are_the_same_objects() -> None:
    messages = [
        Message("user", "Hi"),
        Message("assistant", [ReasoningPart("Hm", "EqQB", dialect="anthropic")]),
        Message("assistant", "Hi", tool_calls=[call(signature="Sg==")]),
        Message("user", [TextPart("lr1.a.b.c")]),
    ]

    found = open_messages(messages, KEY, PROVIDERS)

    assert all(one is other for one, other in zip(found, messages, strict=True))


# --- The whole way: sealed, encoded for a client, returned by it, and opened again ---


class ClientApi(msgspec.Struct, frozen=True):
    """An API that clients speak, both ways."""

    dialect: Dialect
    encoding: ReplyEncoding


CLIENTS = {
    "anthropic": ClientApi(anthropic.DIALECT, anthropic_encoder.ENCODING),
    "gemini": ClientApi(gemini.DIALECT, gemini_encoder.ENCODING),
    "openai_responses": ClientApi(responses.DIALECT, responses_encoder.ENCODING),
}

WORDS = st.text("abcdefgh", min_size=1, max_size=6)
ANSWERS = WORDS.map(TextDelta)
ITEMS = WORDS.map(lambda word: ProviderItem({"type": "work", "output": word}))


@st.composite
def thoughts(draw: st.DrawFn) -> list[Event]:
    """Draw a thought as most APIs stream it: its text, then its signature."""
    id_ = draw(st.none() | WORDS.map("rs_{}".format))
    text = [ReasoningDelta(draw(WORDS), None, id_)]
    return [*text, ReasoningDelta("", draw(WORDS), id_)]


@st.composite
def replies_of_a_server(draw: st.DrawFn) -> list[Event]:
    groups = draw(
        st.lists(thoughts() | (ANSWERS | ITEMS).map(lambda event: [event]), min_size=1, max_size=4)
    )
    calls: list[Event] = []
    for at in range(draw(st.integers(0, 3))):
        signature = draw(st.none() | WORDS)
        calls.append(ToolCallDelta(at, f"call_{at}", draw(WORDS), "{}", signature))
        # Some servers mark the place of a call by an item, and think on after it.
        if draw(st.booleans()):
            calls.append(ProviderItem({"type": "function_call", "call_id": f"call_{at}"}))
        calls += draw(st.just([]) | thoughts())
    return [*(event for group in groups for event in group), *calls, Finished("stop", "stop")]


def through(client: str, events: Sequence[Event], *, streamed: bool) -> Message:
    """Return the message that a client of an API has after the reply, sealed as it is sent."""
    api = CLIENTS[client]
    sealer = ReplySealer(KEY, client)
    sealer.begin("openai_chat", "mark")
    sent = [each for event in events for each in sealer.take(event)]
    if not streamed:
        head = HttpHead(200, {"content-type": "application/json"})
        return fold(
            ":m", api.dialect.decode(head, api.encoding.whole(sent, Envelope())), client
        ).message
    decoder = api.dialect.decoder(HttpHead(200, {"content-type": api.encoding.stream_type}))
    pieces = [*api.encoding.stream(sent, Envelope())]
    read = [event for piece in pieces for event in decoder.feed(piece)]
    return fold(":m", [*read, *decoder.end()], client).message


def comparable(message: Message) -> tuple[list[Part], list[ToolCall]]:
    """The parts and calls; the client's API has marks of calls, and blank lines, of its own."""
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, ReasoningPart):
            parts.append(msgspec.structs.replace(part, text=part.text.removeprefix("\n\n")))
        elif not isinstance(part, ProviderPart) or part.dialect not in CLIENTS:
            parts.append(part)
    return parts, [*message.calls]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("client", CLIENTS)
@given(events=replies_of_a_server())
def test_a_server_gets_back_what_it_sent_through_a_client_of_another_api(
    client: str, streamed: bool, events: list[Event]
) -> None:
    direct = fold("openai:m", events, "openai_chat").message

    (message,) = open_messages([through(client, events, streamed=streamed)], KEY, PROVIDERS)

    assert comparable(message) == comparable(direct)
