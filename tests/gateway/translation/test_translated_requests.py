"""Requests in one API as vendors of every API get them: each part is kept, changed or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llmring.chat.events import TextDelta
from raw_calls import Asked, ask
from sdk_stage import Stage, scripted, stage
from vendors import APIS

each_api = pytest.mark.parametrize("api", APIS)

QUESTION = [{"role": "user", "content": "What is this?"}]
CONTENTS = [{"role": "user", "parts": [{"text": "What is this?"}]}]
PIXEL, PAGE, SOUND = "iVBORw0KGgo=", "JVBERi0xLjQK", "UklGRiQAAABXQVZF"
ADDRESS = "https://files.example.com/a.png"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def sent_to(scene: Stage, wire: str, api: str, body: dict[str, Any], **headers: str) -> Asked:
    asked = ask(scene, wire, api, body, scripted(api, TextDelta("Hi.")), headers=headers)
    assert asked.reply.status == 200, asked.reply.body
    return asked


# --- Instructions between the turns ---

TALK = [("user", "One"), ("assistant", "Two"), ("user", "Three"), ("late", "Rhyme.")]
LATE: dict[str, dict[str, Any]] = {
    "chat": {
        "messages": [
            {"role": "system", "content": "Top."},
            *({"role": r.replace("late", "developer"), "content": t} for r, t in TALK),
        ]
    },
    "responses": {
        "instructions": "Top.",
        "input": [{"role": r.replace("late", "developer"), "content": t} for r, t in TALK],
    },
    "messages": {
        "max_tokens": 50,
        "system": "Top.",
        "messages": [{"role": r.replace("late", "system"), "content": t} for r, t in TALK],
    },
}
MARKED = "<system_message>\\nRhyme.\\n</system_message>"


@pytest.mark.parametrize("wire", LATE)
@each_api
def test_g031_an_instruction_between_the_turns_stays_at_its_place(
    scene: Stage, wire: str, api: str
) -> None:
    asked = sent_to(scene, wire, api, LATE[wire])

    places = [asked.text.index(text) for text in ("One", "Two", "Three", "Rhyme.")]
    assert places == sorted(places)
    assert asked.text.count("Rhyme.") == 1
    # OpenAI's APIs have such messages. So have some of Anthropic's models, but not this one.
    is_kept = api in ("openai_chat", "openai_responses")
    assert (MARKED in asked.text) == (not is_kept)
    assert ("system message" in asked.notes) == (not is_kept)


@each_api
def test_g031_the_turns_before_an_instruction_stay_as_they_were(scene: Stage, api: str) -> None:
    """A prompt cache finds the beginning of the conversation again."""
    name = "contents" if api == "gemini" else "input" if api == "openai_responses" else "messages"
    before = {**LATE["chat"], "messages": LATE["chat"]["messages"][:3]}

    first = sent_to(scene, "chat", api, before).sent
    second = sent_to(scene, "chat", api, LATE["chat"]).sent

    assert second[name][: len(first[name])] == first[name]
    assert second.get("system") == first.get("system")
    assert second.get("systemInstruction") == first.get("systemInstruction")


# --- Images, documents and audio ---

INLINE: dict[str, dict[str, Any]] = {
    "chat": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                    {
                        "type": "file",
                        "file": {
                            "filename": "a.pdf",
                            "file_data": f"data:application/pdf;base64,{PAGE}",
                        },
                    },
                    {"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}},
                ],
            }
        ]
    },
    "responses": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"},
                    {
                        "type": "input_file",
                        "filename": "a.pdf",
                        "file_data": f"data:application/pdf;base64,{PAGE}",
                    },
                ],
            }
        ]
    },
    "messages": {
        "max_tokens": 50,
        "messages": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
                    },
                    {
                        "type": "document",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": PAGE},
                    },
                ],
            }
        ],
    },
    "gemini": {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": PIXEL}},
                    {"inlineData": {"mimeType": "application/pdf", "data": PAGE}},
                    {"inlineData": {"mimeType": "audio/wav", "data": SOUND}},
                ],
            }
        ]
    },
    "ollama": {"messages": [{"role": "user", "content": "Look", "images": [PIXEL]}]},
}
# What vendors of an API take, of an image, a document and a sound.
TAKEN = {
    "anthropic": {PIXEL, PAGE},
    "gemini": {PIXEL, PAGE, SOUND},
    "ollama": {PIXEL},
    "openai_chat": {PIXEL, PAGE, SOUND},
    "openai_responses": {PIXEL, PAGE},
}


@pytest.mark.parametrize("wire", INLINE)
@each_api
def test_g033_media_arrive_byte_for_byte_or_the_model_is_skipped(
    scene: Stage, wire: str, api: str
) -> None:
    given = {each for each in (PIXEL, PAGE, SOUND) if each in str(INLINE[wire])}

    asked = ask(scene, wire, api, INLINE[wire], scripted(api, TextDelta("Hi.")))

    if given <= TAKEN[api]:
        assert asked.reply.status == 200
        assert all(asked.text.count(each) == 1 for each in given)
    else:
        assert asked.reply.status == 400
        assert asked.vendor.requests == []


ADDRESSES: dict[str, dict[str, Any]] = {
    "chat": {
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": ADDRESS}}],
            }
        ]
    },
    "responses": {
        "input": [{"role": "user", "content": [{"type": "input_image", "image_url": ADDRESS}]}]
    },
    "messages": {
        "max_tokens": 50,
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image", "source": {"type": "url", "url": ADDRESS}}],
            }
        ],
    },
    "gemini": {
        "contents": [
            {
                "role": "user",
                "parts": [{"fileData": {"fileUri": ADDRESS, "mimeType": "image/png"}}],
            }
        ]
    },
}


@pytest.mark.parametrize("wire", ADDRESSES)
@each_api
def test_g033_the_address_of_an_image_is_passed_on_as_it_is(
    scene: Stage, wire: str, api: str
) -> None:
    asked = ask(scene, wire, api, ADDRESSES[wire], scripted(api, TextDelta("Hi.")))

    if api == "ollama":
        # Its API has no addresses.
        assert (asked.reply.status, asked.vendor.requests) == (400, [])
    else:
        assert asked.reply.status == 200
        assert ADDRESS in asked.text


# --- Reasoning ---

EFFORTS: dict[str, Any] = {
    "chat": {"messages": QUESTION, "reasoning_effort": "high"},
    "responses": {"input": "What is this?", "reasoning": {"effort": "high"}},
    "messages": {
        "max_tokens": 5000,
        "messages": QUESTION,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    },
    "gemini": {
        "contents": CONTENTS,
        "generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}},
    },
    "ollama": {"messages": QUESTION, "think": "high"},
}
BUDGETS: dict[str, Any] = {
    "messages": {
        "max_tokens": 5000,
        "messages": QUESTION,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
    },
    "gemini": {
        "contents": CONTENTS,
        "generationConfig": {"maxOutputTokens": 5000, "thinkingConfig": {"thinkingBudget": 2000}},
    },
}
OFF: dict[str, Any] = {
    "chat": {"messages": QUESTION, "reasoning_effort": "none"},
    "responses": {"input": "What is this?", "reasoning": {"effort": "none"}},
    "messages": {"max_tokens": 5000, "messages": QUESTION, "thinking": {"type": "disabled"}},
    "gemini": {
        "contents": CONTENTS,
        "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}},
    },
    "ollama": {"messages": QUESTION, "think": False},
}


def amount(api: str, sent: Any) -> Any:
    """Return the amount of reasoning that a vendor was asked for."""
    match api:
        case "anthropic":
            thinking = sent["thinking"]
            effort = sent.get("output_config", {}).get("effort")
            return (
                "none" if thinking["type"] == "disabled" else thinking.get("budget_tokens", effort)
            )
        case "gemini":
            config = sent["generationConfig"]["thinkingConfig"]
            tokens = config.get("thinkingBudget")
            return "none" if tokens == 0 else tokens or config["thinkingLevel"].lower()
        case "ollama":
            return {True: "on", False: "none"}.get(sent["think"], sent["think"])
        case "openai_chat":
            is_off = sent.get("thinking", {}).get("type") == "disabled"
            return "none" if is_off else sent["reasoning_effort"]
    return sent["reasoning"]["effort"]


def limit(api: str, sent: Any) -> int:
    """Return the longest answer that a vendor was asked for, with its reasoning."""
    match api:
        case "gemini":
            return int(sent["generationConfig"]["maxOutputTokens"])
        case "ollama":
            return int(sent["options"]["num_predict"])
        case "openai_responses":
            return int(sent["max_output_tokens"])
    return int(sent["max_tokens"])


@pytest.mark.parametrize("wire", EFFORTS)
@each_api
def test_g044_an_effort_is_the_same_in_every_api(scene: Stage, wire: str, api: str) -> None:
    asked = sent_to(scene, wire, api, EFFORTS[wire])

    # Ollama's models without levels can only think or not.
    on = ("high", "on") if api == "ollama" else ("high",)
    assert amount(api, asked.sent) in on


@pytest.mark.parametrize("wire", BUDGETS)
@each_api
def test_g044_a_budget_is_one_or_the_effort_nearest_to_it(
    scene: Stage, wire: str, api: str
) -> None:
    asked = sent_to(scene, wire, api, BUDGETS[wire])

    own = {"anthropic": 2000, "gemini": 2000, "ollama": "on"}
    assert amount(api, asked.sent) == own.get(api, "medium")
    assert limit(api, asked.sent) == 5000


@pytest.mark.parametrize("wire", OFF)
@each_api
def test_g044_reasoning_that_is_off_is_off_in_every_api(scene: Stage, wire: str, api: str) -> None:
    asked = sent_to(scene, wire, api, OFF[wire])

    assert amount(api, asked.sent) == "none"


# --- Prompt caches ---

HOUR = {"type": "ephemeral", "ttl": "1h"}
CACHED: dict[str, Any] = {
    "max_tokens": 50,
    "system": [{"type": "text", "text": "Long text.", "cache_control": HOUR}],
    "messages": [{"role": "user", "content": "Hello"}],
}


@each_api
def test_g049_marks_are_kept_or_become_the_key_of_the_conversation(scene: Stage, api: str) -> None:
    # A turn that the model does not take as it is, so that the request is written anew.
    late = [*QUESTION, {"role": "system", "content": "Rhyme."}]

    asked = sent_to(scene, "messages", api, {**CACHED, "messages": late}, session_id="s-1")
    again = sent_to(scene, "messages", api, CACHED, session_id="s-1")

    if api == "anthropic":
        assert asked.reply.headers["x-llmring-relay"] == "translated"
        assert asked.sent["system"] == CACHED["system"]
    else:
        assert "cache_control" not in asked.text
    keys = [each.sent.get("prompt_cache_key") for each in (asked, again)]
    if api == "openai_responses":
        assert all(keys)
        assert "s-1" not in str(keys)
    else:
        assert keys == [None, None]


def test_g049_the_turns_of_a_conversation_have_one_key_and_others_have_others(
    scene: Stage,
) -> None:
    def key(session: str, **more: Any) -> Any:
        vendor = scene.script("openai_responses", scripted("openai_responses", TextDelta("Hi.")))
        body = {**CACHED, **more, "model": "alone-openai_responses-7", "stream": True}
        scene.gateway.ask("POST", "/v1/messages", body, session_id=session)
        return vendor.requests[0].json["prompt_cache_key"]

    more = [*CACHED["messages"], {"role": "assistant", "content": "Hi."}, *QUESTION]

    assert key("s-1") == key("s-1", messages=more) != key("s-2")


def test_g049_a_request_without_marks_gets_no_key(scene: Stage) -> None:
    asked = sent_to(scene, "messages", "openai_responses", {"max_tokens": 5, "messages": QUESTION})

    assert "prompt_cache_key" not in asked.sent


# --- Fields of the Responses API ---

OWN = {
    "prompt_cache_key": "k-1",
    "client_metadata": {"installation": "i-1"},
    "include": ["reasoning.encrypted_content"],
    "truncation": "auto",
}


@each_api
def test_g053_fields_of_the_responses_api_go_to_servers_with_it_alone(
    scene: Stage, api: str
) -> None:
    asked = sent_to(scene, "responses", api, {"input": "Hello", "store": False, **OWN})

    if api == "openai_responses":
        assert {name: asked.sent[name] for name in OWN} == OWN
        assert asked.reply.headers["x-llmring-relay"] == "verbatim"
    else:
        assert not OWN.keys() & asked.sent.keys()
        assert all(name in asked.notes for name in ("client_metadata", "include", "truncation"))


def test_g053_they_are_kept_where_the_request_is_written_anew(scene: Stage) -> None:
    # A call without a result, which gets one.
    call = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    turns = [{"role": "user", "content": "Hello"}, call, {"role": "user", "content": "Stop"}]

    asked = sent_to(scene, "responses", "openai_responses", {"input": turns, **OWN})

    assert asked.reply.headers["x-llmring-relay"] == "translated"
    assert {name: asked.sent[name] for name in OWN} == OWN
