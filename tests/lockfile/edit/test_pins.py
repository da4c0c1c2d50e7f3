from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.edit.pins import pinned, signed, unpinned
from llmring.lockfile.pins import Pin, mismatch, pins_of
from lockfile.texts import EXAMPLE, lockfile_texts

DAY = date(2026, 11, 23)
MINI = Pin(
    ref=ModelRef("openai", "gpt-4o-mini"),
    model="gpt-4o-mini",
    snapshot="gpt-4o-mini-2024-07-18",
    context_window=128_000,
    max_output=16_384,
    capabilities=("json_schema", "tools"),
    prices={"input": Decimal("0.15"), "output": Decimal("0.6")},
    retires=date(2027, 1, 1),
)
BLOCK = f"""
[registry]
digest = "sha256:{{digest}}"
pinned = 2026-11-23

[registry.pins."openai:gpt-4o-mini"]
model = "gpt-4o-mini"
snapshot = "gpt-4o-mini-2024-07-18"
context_window = 128000
max_output = 16384
capabilities = ["json_schema", "tools"]
prices = {{{{ input = 0.15, output = 0.6 }}}}
retires = 2027-01-01
digest = "{MINI.digest}"
"""

# Registry tables that a file may have before it is pinned.
REGISTRIES = (
    "",
    "",
    '\n[registry]\nurl = "https://a.b/c"  # ours\n',
    '[registry]\n# about it\nurl = "https://a.b/c"\n\n# next\n',
    '\n[registry.models."mock:echo"]\nmax_output = 5\n',
    '[registry]\nurl = "https://a.b/c"\n[registry.models]\n"mock:echo" = { max_output = 5 }\n# e\n',
)
AT_TOP = ("", "", 'registry.url = "https://a.b/c" # u\n')


@st.composite
def texts(draw: st.DrawFn) -> str:
    text, last = draw(lockfile_texts()), draw(st.sampled_from(REGISTRIES))
    first = "" if last else draw(st.sampled_from(AT_TOP))
    eol = "\r\n" if "\r\n" in text else "\n"
    if last and text and not text.endswith("\n"):
        text += eol
    return first.replace("\n", eol) + text + last.replace("\n", eol)


@st.composite
def pin_sets(draw: st.DrawFn) -> dict[ModelRef, Pin]:
    found = {}
    for name in draw(st.lists(st.sampled_from(("a", "b:8b", "c d", 'q"')), unique=True)):
        ref = ModelRef("mock", name)
        amount = st.decimals(0, 1000, places=6)
        found[ref] = Pin(
            ref=ref,
            model=name,
            snapshot=draw(st.sampled_from((None, "s-1"))),
            context_window=draw(st.sampled_from((None, 5))),
            capabilities=draw(st.sampled_from(((), ("tools",)))),
            prices=draw(st.none() | st.fixed_dictionaries({"input": amount, "output": amount})),
            retires=draw(st.sampled_from((None, DAY))),
        )
    return found


def in_file(text: str) -> dict[ModelRef, Mapping[str, object]]:
    return {ref: pin.facts for ref, pin in pins_of(parse(text)).items()}


@settings(deadline=None, max_examples=150)
@given(texts(), pin_sets())
@example("", {MINI.ref: MINI})
@example(" ", {MINI.ref: MINI})
@example("# c", {MINI.ref: MINI})
@example("[registry]\r\nurl = 'https://a.b'", {MINI.ref: MINI})
@example("registry = { url = 'https://a.b' }\n", {MINI.ref: MINI})
def test_S026_pin_and_then_unpin_gives_back_the_same_text(
    text: str, pins: dict[ModelRef, Pin]
) -> None:
    assert unpinned(pinned(text, pins, DAY)) == text


@settings(deadline=None, max_examples=80)
@given(texts(), pin_sets())
def test_written_pins_parse_to_the_same_pins_and_match_their_digests(
    text: str, pins: dict[ModelRef, Pin]
) -> None:
    after = pinned(text, pins, DAY)

    assert in_file(after) == {ref: pin.facts for ref, pin in pins.items()}
    assert mismatch(parse(after)) is None


@settings(deadline=None, max_examples=80)
@given(texts(), pin_sets())
def test_pinning_twice_changes_nothing(text: str, pins: dict[ModelRef, Pin]) -> None:
    once = pinned(text, pins, DAY)

    assert pinned(once, pins, DAY) == once


@settings(deadline=None, max_examples=150)
@given(texts(), pin_sets(), pin_sets())
def test_pinning_again_changes_nothing_outside_the_pins(
    text: str, before: dict[ModelRef, Pin], after: dict[ModelRef, Pin]
) -> None:
    again = pinned(pinned(text, before, DAY), after, date(2026, 12, 1))

    assert in_file(again) == {ref: pin.facts for ref, pin in after.items()}
    assert unpinned(again) == text


@given(texts(), pin_sets())
def test_signing_and_taking_the_signature_away_gives_back_the_same_text(
    text: str, pins: dict[ModelRef, Pin]
) -> None:
    before = pinned(text, pins, DAY)
    first, second = (f"ed25519:{letter * 86}==" for letter in "AB")

    after = signed(before, first)

    assert parse(after).registry["signature"] == first
    assert signed(signed(after, second), first) == after
    assert signed(after, None) == before
    assert unpinned(after) == unpinned(before)


def test_pins_are_added_at_the_end_of_the_file() -> None:
    text = pinned(EXAMPLE, {MINI.ref: MINI}, DAY)

    digest = parse(text).registry["digest"].removeprefix("sha256:")
    assert text == EXAMPLE + BLOCK.format(digest=digest)


def test_a_changed_price_changes_three_lines() -> None:
    text = pinned(EXAMPLE, {MINI.ref: MINI}, DAY).replace("0.6 }", "0.60 } # ours\nx-why = 'us'")
    dearer = pinned_with(input=Decimal("0.2"))

    after = pinned(text, {dearer.ref: dearer}, DAY)

    old, new = text.splitlines(), after.splitlines()
    changed = [line for line in new if line not in old]
    assert [line.partition(" ")[0] for line in changed] == ["digest", "prices", "digest"]
    assert changed[1] == "prices = { input = 0.2, output = 0.6 } # ours"
    assert len(old) == len(new)


def pinned_with(**prices: Decimal) -> Pin:
    from msgspec.structs import replace

    return replace(MINI, prices={**(MINI.prices or {}), **prices})


@pytest.mark.parametrize(
    "written",
    [
        '[registry]\npins = { "openai:gpt-4o-mini" = { model = "x", x-a = 1 } } # p\n',
        '[registry.pins]\n"openai:gpt-4o-mini" = { model = "x", x-a = 1 }\n"b:c" = {}\n',
        '[registry.pins."openai:gpt-4o-mini"]\nx-a = 1\n'
        '[registry.pins."openai:gpt-4o-mini".prices]\ninput = 1\noutput = 2 # two\n',
        'registry = { pins = { "openai:gpt-4o-mini" = { x-a = 1 } }, url = "https://a.b" }\n',
    ],
)
def test_pins_written_in_other_forms_are_edited_in_place(written: str) -> None:
    after = pinned(written, {MINI.ref: MINI}, DAY)

    assert in_file(after) == {MINI.ref: MINI.facts}
    assert parse(after).registry["pins"]["openai:gpt-4o-mini"]["x-a"] == 1
    assert pinned(after, {MINI.ref: MINI}, DAY) == after
    assert "pins" not in parse(unpinned(after)).registry
