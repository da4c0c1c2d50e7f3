import re
from decimal import Decimal
from pathlib import Path

import pytest

from cli.terminal import Outcome, run, write
from llmring.cli.commands import demo
from llmring.lockfile.document import ModelRef
from llmring.registry.bundled import bundled
from lockfile.texts import EXAMPLE

# Settings that the demo must ignore.
HOSTILE = {
    "LLMRING_PROFILE": "nope",
    "LLMRING_LOCKFILE_PATH": "nope.lock",
    "LLMRING_PROVIDER_TIMEOUT_S": "never",
    "OPENAI_API_KEY": "sk-theirs-0123456789",
    "OPENAI_BASE_URL": "no address",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "NO_PROXY": "",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Run the demo without a local model, in a misleading environment."""
    home = str(tmp_path_factory.mktemp("home"))
    folders = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"), home)
    return run("demo", cwd=Path(home), **HOSTILE, **folders, LLMRING_LOCAL_MODEL="")


def test_the_demo_runs_without_key_network_or_model(shown: Outcome) -> None:
    assert (shown.code, shown.err) == (0, "")


def test_every_attempt_is_shown_in_order(shown: Outcome) -> None:
    failed = re.findall(r"^  (\S+) failed in [\d.]+ ms: (\w+)", shown.out, re.MULTILINE)

    assert failed == [
        ("openai:gpt-6-luna", "429"),
        ("anthropic:claude-haiku-5-5", "500"),
        ("ollama:llama3.2", "the"),
        ("anthropic:claude-haiku-5-5", "529"),
        ("local:smollm2-135m", "the" if "is not on this machine" in shown.out else "models"),
        ("openai:gpt-6-sol", "the"),
    ]


def test_the_catalog_knows_the_models_of_the_demo_and_retires_none() -> None:
    models = [
        ModelRef.parse(model)
        for alias in (demo.FAST, demo.WRITER, demo.STORY)
        for model in alias.models
    ]

    for model in models:
        facts = bundled().find(model.provider, model.model)
        assert facts is not None, model
        assert facts.retires is None, model


def test_each_scene_ends_with_tokens_time_and_cost(shown: Outcome) -> None:
    accounts = re.findall(
        r"^  (\S+): (\d+) tokens in, (\d+) out, [\d.]+ ms, (\$[\d.]+|cost unknown)",
        shown.out,
        re.MULTILINE,
    )

    assert accounts == [
        ("google:gemini-3.5-flash-lite", "12", "8", "$0.0000236"),
        ("openai:gpt-6-sol", "12", "9", "$0.000114"),
        ("mock:fixed", "6", "5", "cost unknown"),
        ("anthropic:claude-sonnet-5-5", "12", "9", "$0.000228"),
    ]


def test_streamed_text_is_complete_and_not_repeated(shown: Outcome) -> None:
    assert shown.out.count("Not a word was lost, and none came twice.\n") == 1
    assert "You will never read this." not in shown.out


def test_without_a_real_model_a_mock_answers_with_a_hint(shown: Outcome) -> None:
    assert (
        "\nThat was a mock, not a model. "
        "To use a real one: pip install 'llmring[local]'; llmring local pull\n"
    ) in shown.out


def test_the_demo_ends_with_an_answer_that_another_vendor_goes_on_with(shown: Outcome) -> None:
    last = shown.out.partition("\n4. ")[2].splitlines()

    begin, failed, mark, end = last[3:7]
    assert begin.endswith(" so a star seems")
    assert failed.startswith("  openai:gpt-6-sol failed in ")
    assert mark == "  --- anthropic:claude-sonnet-5-5 goes on ---"
    assert end == "to flicker. From space, stars shine without a tremor."


def test_the_last_lines_are_about_money(shown: Outcome) -> None:
    last = shown.out.splitlines()[-2:]

    whole, end, begin = map(Decimal, re.findall(r"\$([\d.]+\d)", " ".join(last)))
    assert last[0].startswith("Money: ")
    assert whole == end + begin
    assert begin > 0


def test_the_user_s_environment_does_not_affect_the_demo(shown: Outcome) -> None:
    assert "theirs" not in shown.out


def test_the_local_model_answers_in_the_demo(local_model: str) -> None:
    write("no lockfile at all")

    shown = run("demo")

    scene = shown.out.partition("\n3. ")[2].partition("\n4. ")[0].splitlines()
    assert (shown.code, shown.err) == (0, "")
    assert scene[-1].startswith(f"  {local_model}: ")
    assert scene[-1].endswith(" ms, $0.00")
    assert f"  {local_model} is a tiny offline model; its answers are often wrong\n" in shown.out
    assert Path("llmring.lock").read_text() == "no lockfile at all"


def test_the_demo_runs_on_an_ascii_output(no_local_model: None) -> None:
    write(EXAMPLE)

    shown = run("demo", PYTHONIOENCODING="ascii")

    assert (shown.code, shown.err) == (0, "")
