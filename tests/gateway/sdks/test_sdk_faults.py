"""Streams that break at a vendor, as official SDKs see them: as one answer, or as an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from broken_streams import FAULTS, STALL, WORDS, broken, going_on, seen
from loopback import Pause
from sdk_stage import Stage, stage
from sdk_talks import TALKS
from vendors import APIS

each_sdk = pytest.mark.parametrize("sdk", TALKS)
each_api = pytest.mark.parametrize("api", APIS)
each_fault = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage"), f"stall_timeout = {STALL}") as found:
        yield found


def checked(reply: Any) -> None:
    assert reply.text == "".join(WORDS)
    assert reply.tokens == (33, 7)


@each_sdk
@each_api
@each_fault
def test_g078_a_broken_stream_is_one_answer(scene: Stage, sdk: str, api: str, fault: str) -> None:
    vendor = scene.script(api, FAULTS[fault](api), then=going_on(seen(fault)))

    talk = scene.talk(sdk, api)
    talk.say("Count")
    reply = talk.answer(stream=True)

    checked(reply)
    assert (len(vendor.requests), len(scene.fallback.requests)) == (1, 1)


@each_sdk
@each_fault
def test_g078_a_whole_answer_is_whole_whatever_breaks(scene: Stage, sdk: str, fault: str) -> None:
    api = "anthropic"
    vendor = scene.script(api, FAULTS[fault](api), then=going_on(seen(fault)))

    talk = scene.talk(sdk, api)
    talk.say("Count")
    reply = talk.answer(stream=False)

    checked(reply)
    assert (len(vendor.requests), len(scene.fallback.requests)) == (1, 1)


@each_sdk
@each_api
@each_fault
def test_g082_a_broken_stream_that_can_t_go_on_is_an_error_of_the_sdk(
    scene: Stage, sdk: str, api: str, fault: str
) -> None:
    vendor = scene.script(api, FAULTS[fault](api))

    talk = scene.talk(sdk, api, alone=True)
    talk.say("Count")
    with pytest.raises(talk.errors):
        talk.answer(stream=True)

    assert len(vendor.requests) == 1


NEXT = dict(zip(TALKS, [*APIS][1:] + [*APIS][:1], strict=True))


@each_sdk
@pytest.mark.parametrize("alone", [False, True], ids=["saved", "lost"])
def test_g078_a_stream_that_stalls_goes_on_or_fails(scene: Stage, sdk: str, alone: bool) -> None:
    api = NEXT[sdk]
    vendor = scene.script(api, broken(api, 3, [Pause(20)]), then=going_on(3))

    talk = scene.talk(sdk, api, alone=alone)
    talk.say("Count")
    if alone:
        with pytest.raises(talk.errors):
            talk.answer(stream=True)
    else:
        checked(talk.answer(stream=True))

    assert len(vendor.requests) == 1
    assert vendor.hung_up.wait(5)
