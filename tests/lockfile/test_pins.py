"""Reading the pins of a lockfile, their digests, and amounts as exact decimals."""

import hashlib
import json
import tomllib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.lockfile.edit.pins import pinned
from llmring.lockfile.pins import Pin, digest_of, is_pinned, mismatch, pins_of, plain_amount
from lockfile.texts import EXAMPLE

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


def test_pins_are_read_in_the_order_of_the_file_with_exact_prices() -> None:
    pins = pins_of(
        parse(
            '[registry.pins."b:two"]\nmodel = "other"\ncapabilities = ["tools", "audio", "tools"]\n'
            '[registry.pins."a:one"]\n'
            "prices = { input = 0.1, output = 3, x-why = 'ours', "
            "long_context = { above = 200000, input = 0.3, output = 6 } }\n"
        )
    )

    two, one = pins.values()
    assert [str(ref) for ref in pins] == ["b:two", "a:one"]
    assert (two.model, two.capabilities, two.written) == ("other", ("audio", "tools"), None)
    assert one.model == "one"
    assert one.prices == {
        "input": Decimal("0.1"),
        "output": Decimal(3),
        "long_context": {"above": 200_000, "input": Decimal("0.3"), "output": Decimal(6)},
    }


def test_the_facts_of_a_pin_leave_out_what_has_no_value() -> None:
    assert Pin(ref=ModelRef("a", "b"), model="b").facts == {"model": "b"}


def test_a_pin_of_the_same_facts_under_another_reference_has_another_digest() -> None:
    first = Pin(ref=ModelRef("a", "x"), model="m", written="sha256:0")
    second = Pin(ref=ModelRef("b", "x"), model="m")

    assert first.digest != second.digest
    assert first.digest == Pin(ref=ModelRef("a", "x"), model="m").digest


def test_the_digest_covers_the_bindings_that_a_profile_inherits() -> None:
    base = '[[profiles.a.bindings]]\nalias = "fast"\nmodels = ["x:one"]\n[profiles.b]\n'

    assert digest_of(parse(f'{base}extends = "a"\n'), {}) != digest_of(parse(base), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("[registry]\npinned = 2026-11-23\n", False),
        ('[registry.pins."a:b"]\n', True),
        (f'[registry]\ndigest = "sha256:{"0" * 64}"\n', True),
    ],
)
def test_a_lockfile_with_pins_or_a_digest_is_pinned(text: str, expected: bool) -> None:
    assert is_pinned(parse(text)) is expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=0, max_value=10**9))
def test_an_amount_is_written_exactly_without_exponent_or_trailing_zeros(amount: Decimal) -> None:
    text = plain_amount(amount)

    assert Decimal(text) == amount
    assert set(text) <= set("0123456789.")
    assert "." not in text or not text.endswith(("0", "."))


def test_the_digest_does_not_depend_on_comments_order_or_layout() -> None:
    text = pinned(EXAMPLE, {MINI.ref: MINI}, DAY)
    first, _, second = text.partition("\n[profiles.dev]")
    dev, _, rest = second.partition("\n[profiles.prod]")
    prod, _, registry = rest.partition("\n[registry]")
    other = (
        f"{first}\n[profiles.prod]{prod}\n# new\n[profiles.dev]{dev}\n[registry]"
        f"{registry.replace('2026-11-23', '2026-11-24').replace('0.6 ', '0.600 ')}"
    )

    assert mismatch(parse(other)) is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('models = ["openai:gpt-4o-mini"]\n', 'models = ["openai:gpt-4o"]\n', "the bindings or"),
        (
            'alias = "deep"',
            'alias = "deeper"',
            "the bindings or the pins differ from those of",
        ),
        ("input = 0.15", "input = 0.14", "the pin of openai:gpt-4o-mini was changed"),
        ("retires = 2027-01-01\n", "", "the pin of openai:gpt-4o-mini was changed"),
        ('retires = 2027-01-01\ndigest = "' + MINI.digest + '"', "", "has no digest"),
    ],
)
def test_S037_a_digest_detects_any_change(old: str, new: str, complaint: str) -> None:
    text = pinned(EXAMPLE, {MINI.ref: MINI}, DAY)
    assert old in text

    fault = mismatch(parse(text.replace(old, new, 1)))

    assert fault is not None
    assert complaint in fault.message


def test_a_missing_digest_is_an_error() -> None:
    text = pinned(EXAMPLE, {MINI.ref: MINI}, DAY)
    digest = parse(text).registry["digest"]

    fault = mismatch(parse(text.replace(f'digest = "{digest}"\n', "")))

    assert fault is not None
    assert (fault.message, fault.severity) == ("the pins have no digest", "error")


def test_a_lockfile_that_was_never_pinned_gets_a_hint() -> None:
    fault = mismatch(Lockfile())

    assert fault is not None
    assert (fault.message, fault.severity, fault.fix) == (
        "is not pinned",
        "hint",
        "llmring lock pin",
    )


def test_a_digest_can_be_computed_from_the_documentation() -> None:
    """Compute the SHA-256 of JSON with sorted keys and no spaces, as documented."""
    text = pinned('[profiles.p]\nbindings = [{alias="é", models="a:b"}]\n', {MINI.ref: MINI}, DAY)
    tree = tomllib.loads(text, parse_float=str)
    facts = dict(tree["registry"]["pins"]["openai:gpt-4o-mini"])
    assert facts.pop("digest") == MINI.digest
    facts["retires"] = facts["retires"].isoformat()
    plain = {"bindings": {"p": {"é": ["a:b"]}}, "pins": {"openai:gpt-4o-mini": facts}}
    data = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert tree["registry"]["digest"] == f"sha256:{hashlib.sha256(data.encode()).hexdigest()}"
