"""The ID of a client's conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways import SECRET, post
from llmring import LLMRequest
from llmring.dialects.request_decoding import ClientRequest
from llmring.gateway.chats.conversation import HEADERS, conversation_of
from llmring.gateway.naming import CalledName

FAST = CalledName(name="fast", profile="default", alias="fast")
TURNS = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]


def id_of(
    headers: Mapping[str, str] | None = None,
    *turns: Mapping[str, Any],
    name: CalledName = FAST,
    conversation: str | None = None,
    secret: bytes = SECRET,
    key: str = "",
) -> str:
    request = LLMRequest(messages=list(turns or TURNS))
    client = ClientRequest(model="any", request=request, conversation=conversation)
    return conversation_of(post("/any", b"", headers=headers or {}), client, name, secret, key)


@pytest.mark.parametrize("header", HEADERS)
def test_g025_the_header_of_a_client_names_the_conversation(header: str) -> None:
    other = {"role": "user", "content": "Something else"}

    assert id_of({header: "s1"}) == id_of({header: "s1"}, other)
    assert id_of({header: "s1"}) != id_of({header: "s2"})
    assert id_of({header: "s1"}, conversation="c") == id_of({header: "s1"})


def test_g025_the_gateway_s_own_header_comes_first() -> None:
    every = dict.fromkeys(HEADERS, "other") | {"x-llmring-session": "s1"}

    assert id_of(every) == id_of({"x-llmring-session": "s1"})


def test_g025_the_id_in_the_body_names_the_conversation() -> None:
    other = {"role": "user", "content": "Something else"}

    assert id_of(conversation="c1") == id_of({}, other, conversation="c1")
    assert id_of(conversation="c1") != id_of(conversation="c2")


def test_g025_without_an_id_the_first_turns_are_it() -> None:
    later = [*TURNS, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "More"}]

    assert id_of({}, *later) == id_of()
    assert id_of({}, TURNS[0], {"role": "user", "content": "Bye"}) != id_of()
    assert id_of({}, TURNS[1]) != id_of()


def test_g025_a_text_is_never_taken_for_an_id() -> None:
    assert id_of({}, {"role": "user", "content": "c1"}) != id_of(conversation="c1")


def test_g025_parts_of_a_turn_count_too() -> None:
    def asked(url: str) -> str:
        image = {"type": "image_url", "image_url": {"url": url}}
        return id_of({}, {"role": "user", "content": [{"type": "text", "text": "a"}, image]})

    assert asked("https://example.com/1.png") == asked("https://example.com/1.png")
    assert asked("https://example.com/1.png") != asked("https://example.com/2.png")


def test_g164_conversations_of_other_keys_aliases_profiles_and_gateways_are_others() -> None:
    coder = CalledName(name="coder", profile="default", alias="coder")
    prod = CalledName(name="fast", profile="prod", alias="fast")
    session = {"x-llmring-session": "s1"}

    found = {
        id_of(session),
        id_of(session, key="web"),
        id_of(session, name=coder),
        id_of(session, name=prod),
        id_of(session, secret=b"another secret of 32 characters.."),
    }

    assert len(found) == 5


@given(st.text(), st.text())
def test_g025_ids_have_one_length_and_hold_nothing_of_the_text(one: str, other: str) -> None:
    ids = [id_of({}, {"role": "user", "content": each}) for each in (one, other)]

    assert [len(each) for each in ids] == [32, 32]
    assert (ids[0] == ids[1]) is (one == other)


# --- Calls ---
