"""The lists of models that a server with Ollama's API answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmring.dialects.dialect import ListedModel
from llmring.dialects.ollama.encode_models import (
    encode_running,
    encode_show,
    encode_tags,
    encode_version,
)
from llmring.dialects.ollama.models import decode
from llmring.wire import HttpHead

FAST = ListedModel(id="fast", name="Fast", created=1_700_000_000, context_window=1000)
DIRECT = ListedModel(id="openai:gpt-4o")


def parsed(body: bytes) -> Any:
    return msgspec.json.decode(body)


def test_models_are_listed_with_a_tag() -> None:
    listed, _ = decode(HttpHead(200, {}), encode_tags([FAST, DIRECT]))

    assert [model.id for model in listed] == ["fast:latest", "openai:gpt-4o"]


def test_each_model_has_a_digest_of_its_own_that_stays() -> None:
    first, second = parsed(encode_tags([FAST, DIRECT]))["models"]

    assert first["digest"] != second["digest"]
    assert len(first["digest"]) == 64
    assert parsed(encode_tags([FAST]))["models"] == [first]
    assert parsed(encode_running([FAST], 0))["models"][0]["digest"] == first["digest"]


@pytest.mark.parametrize("change", [{"name": "fast → b"}, {"context_window": 9}, {"max_output": 9}])
def test_a_digest_changes_with_the_facts_as_programs_keep_them_by_it(change: Any) -> None:
    other = msgspec.structs.replace(FAST, **change)
    first, second = parsed(encode_tags([FAST, other]))["models"]

    assert first["digest"] != second["digest"]


def test_times_are_those_of_the_models() -> None:
    first, second = parsed(encode_tags([FAST, DIRECT]))["models"]

    assert first["modified_at"] == "2023-11-14T22:13:20Z"
    assert second["modified_at"] == "1970-01-01T00:00:00Z"
    assert parsed(encode_running([FAST], 60))["models"][0]["expires_at"] == "1970-01-01T00:01:00Z"


@pytest.mark.parametrize(
    ("created", "time"), [(-1, "1970-01-01T00:00:00Z"), (10**20, "9999-12-31T23:59:59Z")]
)
def test_a_time_without_a_date_is_the_nearest_one(created: int, time: str) -> None:
    [listed] = parsed(encode_tags([ListedModel(id="a", created=created)]))["models"]

    assert listed["modified_at"] == time


def test_the_context_is_in_the_facts_under_the_architecture() -> None:
    facts = parsed(encode_show(FAST))["model_info"]

    assert facts[f"{facts['general.architecture']}.context_length"] == 1000
    assert not [name for name in parsed(encode_show(DIRECT))["model_info"] if "context" in name]


@pytest.mark.parametrize("capabilities", [["completion"], ["completion", "tools", "vision"]])
def test_capabilities_are_shown_and_tools_in_the_template_too(capabilities: list[str]) -> None:
    shown = parsed(encode_show(FAST, capabilities))

    assert shown["capabilities"] == capabilities
    assert ("tools" in shown["template"].lower()) is ("tools" in capabilities)


def test_the_version_is_one_that_clients_accept() -> None:
    version = parsed(encode_version())["version"]

    assert tuple(map(int, version.split("."))) >= (0, 12)
    assert parsed(encode_version("9.9")) == {"version": "9.9"}
