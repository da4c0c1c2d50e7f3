"""The models through llm itself: its Python interface, and its command line."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import llm
import pytest
from click.testing import CliRunner, Result
from llm.cli import cli
from pydantic import BaseModel

from llm_llmring.alias_models import AliasModel
from llmring import AllModelsFailedError, ConfigurationError
from llmring.testing import Faults, Replies

Write = Callable[..., Path]

# The first model fails after it has shown three words.
CUT = "mock:cut?after=3&text=The%20quick%20brown%20fox%20jumps"
REST = "mock:fixed?text=%20fox%20jumps%20over%20it."
WHOLE = "The quick brown fox jumps over it."
OPENAI, ANTHROPIC = "openai:gpt-6-luna", "anthropic:claude-haiku-5-5"


class City(BaseModel):
    """A city."""

    name: str
    people: int


def run(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == code, done.output
    return done


def test_a_model_that_fails_in_the_middle_of_a_stream_is_continued_by_the_next(
    write: Write,
) -> None:
    write(fast=[CUT, REST])

    response = llm.get_model("fast").prompt("Go on")
    pieces = list(response)

    assert len(pieces) > 1
    assert "".join(pieces) == response.text() == WHOLE
    assert response.resolved_model == REST
    record = response.json() or {}
    assert [each["outcome"] for each in record["attempts"]] == ["failed", "ok"]


def test_an_asynchronous_model_fails_over_in_the_middle_of_a_stream_too(write: Write) -> None:
    write(fast=[CUT, REST])

    async def talk() -> tuple[list[str], str | None]:
        response = llm.get_async_model("llmring/fast").prompt("Go on")
        return [piece async for piece in response], response.resolved_model

    pieces, model = asyncio.run(talk())

    assert ("".join(pieces), model) == (WHOLE, REST)


@pytest.mark.parametrize("options", [(), ("--no-stream",), ("--async",)])
def test_the_command_line_fails_over(write: Write, options: tuple[str, ...]) -> None:
    write(fast=[CUT, "mock:fail?status=429", REST])

    done = run("-m", "fast", "Go on", *options)

    assert done.stdout.strip() in (WHOLE, unquote(REST.partition("=")[2]).strip())
    assert (done.stdout.strip() == WHOLE) is ("--no-stream" not in options)


def test_the_log_of_llm_has_the_model_that_answered_and_its_usage(write: Write) -> None:
    write(fast=["mock:fail", REST])

    run("-m", "fast", "Go on")

    [entry] = json.loads(run("logs", "--json").stdout)
    assert (entry["model"], entry["resolved_model"]) == ("llmring/fast", REST)
    assert entry["input_tokens"] > 0
    assert entry["output_tokens"] > 0
    assert [each["model"] for each in entry["response_json"]["attempts"]] == ["mock:fail", REST]


def test_all_models_that_failed_are_in_the_error(write: Write) -> None:
    write(fast=["mock:fail?status=503", "mock:fail?status=429"])

    with pytest.raises(AllModelsFailedError) as caught:
        llm.get_model("fast").prompt("Hello").text()

    assert [each.status for each in caught.value.attempts] == [503, 429]


def test_an_answer_that_starts_over_after_text_was_shown_is_an_error(write: Write) -> None:
    write(fast=[CUT, REST], more='on_stream_failure = "restart"')

    with pytest.raises(llm.ModelError, match="on_stream_failure"):
        llm.get_model("fast").prompt("Go on").text()

    assert llm.get_model("fast").prompt("Go on", stream=False).text() == " fox jumps over it."


def test_the_chain_of_llm_runs_the_tools_that_the_model_calls(
    write: Write, llmring_replies: Replies
) -> None:
    write(fast=[OPENAI])
    llmring_replies.add(tool_calls=[("weather", {"city": "Rome"}), ("weather", {"city": "Oslo"})])
    llmring_replies.add("Sunny in both.")
    asked: list[str] = []

    def weather(city: str) -> str:
        """Look up the weather."""
        asked.append(city)
        return f"{city}: sunny"

    chain = llm.get_model("fast").chain("Where is it sunny?", tools=[weather])

    assert (chain.text(), asked) == ("Sunny in both.", ["Rome", "Oslo"])
    first, second = (json.dumps(each.body) for each in llmring_replies.sent)
    assert "Look up the weather." in first
    assert "Rome: sunny" in second
    made = [each.tool_call_id for each in chain._responses[0].tool_calls()]
    assert all(each is not None and each in second for each in made)


def test_the_asynchronous_chain_goes_on_with_another_vendor(
    write: Write, llmring_replies: Replies, llmring_faults: Faults
) -> None:
    write(fast=[OPENAI, ANTHROPIC])
    llmring_replies.add(tool_calls=[("weather", {"city": "Rome"})])
    llmring_faults.add(model="openai:*", skip=1, status=503)
    llmring_replies.add("Sunny.", model="anthropic:*")

    async def weather(city: str) -> str:
        return f"{city}: sunny"

    async def talk() -> str:
        chain = llm.get_async_model("fast").chain("Where is it sunny?", tools=[weather])
        return await chain.text()

    assert asyncio.run(talk()) == "Sunny."
    assert "Rome: sunny" in json.dumps(llmring_replies.sent[-1].body)


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_does_not_fit_the_schema_is_repaired(
    write: Write, llmring_replies: Replies, stream: bool
) -> None:
    write(fast=[OPENAI])
    llmring_replies.add({"name": "Rome"})
    llmring_replies.add('Here it is:\n```json\n{"name": "Rome", "people": 3}\n```')

    response = llm.get_model("fast").prompt("The largest?", schema=City, stream=stream)

    assert json.loads(response.text()) == {"name": "Rome", "people": 3}
    assert len(llmring_replies.sent) == 2


def test_a_json_object_that_breaks_off_is_made_by_the_next_model(write: Write) -> None:
    write(fast=["mock:cut?after=1&text=%7B%22a%22%3A+1", 'mock:fixed?text=%7B"a"%3A2%7D'])

    response = llm.get_model("fast").prompt("As JSON", json_object=True)

    assert json.loads(response.text()) == {"a": 2}


def test_the_schema_of_the_command_line_is_sent(write: Write, llmring_replies: Replies) -> None:
    write(fast=[OPENAI])
    llmring_replies.add({"name": "Rome", "people": 3})

    done = run("-m", "fast", "The largest?", "--schema", "name, people int")

    assert json.loads(done.stdout) == {"name": "Rome", "people": 3}
    assert '"json_schema"' in json.dumps(llmring_replies.sent[0].body)


def test_a_conversation_is_sent_whole(write: Write, llmring_replies: Replies) -> None:
    write(fast=[OPENAI])
    for reply in ("One.", "Two."):
        llmring_replies.add(reply)

    conversation = llm.get_model("fast").conversation()
    conversation.prompt("First", system="Be brief").text()
    conversation.prompt("Second").text()

    body = json.dumps(llmring_replies.sent[1].body)
    places = [body.index(text) for text in ("Be brief", "First", "One.", "Second")]
    assert places == sorted(places)


def test_a_conversation_goes_on_from_the_log(write: Write, llmring_replies: Replies) -> None:
    write(fast=[OPENAI])
    for reply in ("One.", "Two."):
        llmring_replies.add(reply)

    run("-m", "fast", "First")
    run("-c", "Second")

    body = json.dumps(llmring_replies.sent[1].body)
    assert body.index("First") < body.index("One.") < body.index("Second")


def test_attachments_are_sent(write: Write, llmring_replies: Replies) -> None:
    write(vision=[OPENAI])
    llmring_replies.add("A dot.")
    Path("dot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))

    done = run("-m", "vision", "What is it?", "-a", "dot.png")

    assert done.stdout.strip() == "A dot."
    assert "data:image/png;base64,iVBOR" in json.dumps(llmring_replies.sent[0].body)


def test_options_are_sent(write: Write, llmring_replies: Replies) -> None:
    write(fast=["mistral:mistral-small-latest"])
    llmring_replies.add("Hi")

    run("-m", "fast", "Hello", "-o", "temperature", "0.2", "-o", "max_tokens", "99")

    body = llmring_replies.sent[0].body
    assert (body["temperature"], body["max_tokens"]) == (0.2, 99)


def test_an_option_chooses_the_profile(write: Write) -> None:
    write(
        fast=["mock:fixed?text=default"],
        more='[[profiles.dev.bindings]]\nalias = "fast"\nmodels = "mock:fixed?text=dev"',
    )

    assert run("-m", "fast", "Hello", "-o", "profile", "dev").stdout == "dev\n"


def test_a_stream_that_is_left_early_can_be_followed_by_another_call(write: Write) -> None:
    write(fast=["mock:fixed?text=one%20two%20three"])
    model = llm.get_model("fast")

    for _ in model.prompt("Hello"):
        break

    assert model.prompt("Hello").text() == "one two three"


def test_each_alias_is_a_model_in_the_order_of_the_lockfile(write: Write) -> None:
    write(fast=["mock:echo"], deep=["mock:echo"])

    ours = [each for each in llm.get_models() if isinstance(each, AliasModel)]

    assert [each.model_id for each in ours] == ["llmring/fast", "llmring/deep"]
    assert llm.get_model("deep").model_id == "llmring/deep"


def test_the_short_name_of_an_alias_does_not_replace_another_model(write: Write) -> None:
    write(**{"gpt-4o": ["mock:echo"]})

    assert not isinstance(llm.get_model("gpt-4o"), AliasModel)
    assert isinstance(llm.get_model("llmring/gpt-4o"), AliasModel)


@pytest.mark.parametrize("text", ["profiles = 1", "[profiles.default"])
def test_a_broken_lockfile_leaves_llm_its_other_models(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    Path("llmring.lock").write_text(text)

    models = llm.get_models()

    assert models
    assert not any(isinstance(each, AliasModel) for each in models)
    assert [each.levelno for each in caplog.records] == [logging.WARNING]


def test_a_lockfile_that_was_found_sends_keys_elsewhere_only_with_consent(
    write: Write, monkeypatch: pytest.MonkeyPatch, llmring_replies: Replies
) -> None:
    table = '[providers.other]\nkind = "openai"\nbase_url = "https://llm.example/v1"\n'
    write(fast=["other:model"], more=f'{table}api_key_env = "OTHER_KEY"')
    monkeypatch.setenv("OTHER_KEY", "sk-none")
    llmring_replies.add("Hi")

    with pytest.raises(ConfigurationError, match="llmring trust"):
        llm.get_model("fast").prompt("Hello").text()
    assert llmring_replies.sent == []

    monkeypatch.setenv("LLMRING_TRUST", "1")
    assert llm.get_model("fast").prompt("Hello").text() == "Hi"


def test_a_provider_s_own_tool_is_sent_as_it_is(write: Write, llmring_replies: Replies) -> None:
    write(fast=[ANTHROPIC])
    llmring_replies.add("Found.")
    search: dict[str, Any] = {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}

    response = llm.get_model("fast").prompt("Search", tools=[llm.ServerSideTool(search)])

    assert response.text() == "Found."
    assert search in llmring_replies.sent[0].body["tools"]
