"""The rows of the contract about `llmring lock chat`."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.fakes import MINI, calling, key_at, saying
from cli.terminal import Call, Outcome, run, write
from llmring.lockfile.document import parse
from lockfile.texts import EXAMPLE
from loopback import Loopback

Serve = Callable[..., Loopback]

NEED = "I need a fast, cheap model for development"
THAT = "Set that as my 'dev' alias"


def held(*message: str, options: tuple[str, ...] = ()) -> Outcome:
    """Run a conversation with these messages of the user."""
    return run("lock", "chat", *options, stdin="\n".join([*message, ""]))


def advisor(out: str) -> list[str]:
    """Return the advisor's messages, each as one string."""
    return re.findall(r"^(?:You: |Apply\? \[y/N\] )?Advisor: (.*)$", out, re.MULTILINE)


def test_S007_lock_chat_opens_a_conversation() -> None:
    done = held(NEED, f"use {MINI} for fast", "y")

    assert done.code == 0
    assert len(advisor(done.out)) == 2
    assert done.out.endswith(
        "Changed in llmring.lock:\n  Added binding fast → openai:gpt-4o-mini\n"
    )


def test_S054_lock_chat_takes_no_argument() -> None:
    done = held()

    assert done.code == 0
    assert done.out.rstrip().endswith("Nothing was changed.")
    assert not Path("llmring.lock").exists()


def test_S055_the_advisor_takes_natural_language() -> None:
    done = held("please remove the old alias", options=("--yes", "--file", str(_with_old())))

    assert advisor(done.out) == ["Done! Removed binding old"]


def _with_old() -> Path:
    return write(f'[[profiles.default.bindings]]\nalias = "old"\nmodels = ["{MINI}"]\n')


def test_S056_S057_recommendations_and_their_prices_are_those_of_the_catalog(call: Call) -> None:
    [answer] = advisor(held(NEED).out)

    found = re.search(r"it's (\$[\d.]+)/(\$[\d.]+) per million tokens", answer)
    [model] = re.findall(r"I recommend (\S+) -", answer)
    info = call("list", "--json").out
    assert found is not None
    [facts] = [each for each in json.loads(info) if each["name"] == model]
    prices = facts["prices"]
    assert [float(each.strip("$")) for each in found.groups()] == [
        float(prices["input"]),
        float(prices["output"]),
    ]


def test_S058_the_advisor_binds_aliases_with_fallbacks(call: Call) -> None:
    held("bind a cheap model with fallbacks to fast", options=("--yes",))

    assert re.match(r"fast → \S+ \(\+ 2 fallbacks\)\n", call("aliases").out)


def test_S059_the_advisor_sets_up_profiles(call: Call, example: Path) -> None:
    message = ("copy profile default to staging", f"bind {MINI} to extra for staging")
    held(*message, options=("--yes",))

    assert call("aliases", "--profile", "staging").out == (
        call("aliases").out + "extra → openai:gpt-4o-mini\n"
    )


def test_S060_the_prompts_of_lock_chat_are_you_and_advisor() -> None:
    out = held(NEED).out

    assert f"\nYou: {NEED}\nAdvisor: I recommend " in out


EXAMPLE_SESSION = (
    calling(("find_models", {"providers": ["openai"], "count": 25})),
    calling(("model_details", {"models": [MINI]})),
    saying("I recommend gpt-4o-mini - it's $0.15/$0.60 per million tokens..."),
    calling(("bind", {"alias": "dev", "models": [MINI]})),
    saying("Done! Added binding dev → openai:gpt-4o-mini"),
)


@pytest.fixture
def model(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Serve the model's replies of the contract's session."""
    server = serve(*EXAMPLE_SESSION)
    for name, value in key_at(server).items():
        monkeypatch.setenv(name, value)
    return server


def test_S061_the_session_of_the_contract_word_for_word(model: Loopback, call: Call) -> None:
    done = held(NEED, THAT, "y", options=("--model", MINI))

    assert advisor(done.out) == [
        "I recommend gpt-4o-mini - it's $0.15/$0.60 per million tokens...",
        "Done! Added binding dev → openai:gpt-4o-mini",
    ]
    assert "not from the registry" not in done.out
    assert call("aliases").out == "dev → openai:gpt-4o-mini\n"


def test_S062_the_word_that_refers_to_the_model_recommended_before(model: Loopback) -> None:
    [first, second] = advisor(held(NEED, THAT, options=("--yes", "--guided")).out)
    [name] = re.findall(r"I recommend (\S+) -", first)
    [bound] = re.findall(r"Done! Added binding dev → (\S+)", second)
    assert bound.partition(":")[2] == name

    held(NEED, THAT, "y", options=("--model", MINI))
    texts = [each.get("content") for each in model.requests[3].json["messages"]]
    assert any("I recommend gpt-4o-mini" in text for text in texts if text)
    assert texts[-1] == THAT


@pytest.mark.parametrize("existing", [None, EXAMPLE])
def test_C13_an_alias_dev_does_not_make_a_profile_dev(call: Call, existing: str | None) -> None:
    if existing:
        write(existing)
    held(f"use {MINI}, set that as my 'dev' alias", options=("--yes", "--profile", "default"))

    assert "dev → openai:gpt-4o-mini\n" in call("aliases", "--profile", "default").out
    assert {*parse(Path("llmring.lock").read_text()).profiles} == (
        {*parse(existing).profiles} if existing else {"default"}
    )
