"""The names, profiles and wishes of the gateway's clients."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways import gateway_of, get
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.caller import Caller
from llmring.gateway.http import GatewayRequest
from llmring.gateway.naming import CalledName, ClientWishes, called, client_wishes
from llmring.gateway.refusals import ForbiddenError, NoSuchPathError, UnknownModelError
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, MESSAGES

Shipped = Callable[[str, str], None]

LOCK = """
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "anthropic:claude-haiku-4-5"]

[[profiles.default.bindings]]
alias = "coder"
models = ["anthropic:claude-opus-4-5"]

[[profiles.prod.bindings]]
alias = "fast"
models = ["openai:gpt-4o"]

[providers.Mine]
base_url = "http://127.0.0.1:9/v1"
"""
RULES = {"claude-opus-*": "coder", "*": "fast", "gpt-4o": "missing"}


@pytest.fixture
def gateway(tmp_path: Path) -> Callable[..., Gateway]:
    """Write the lockfile, and return a function that makes a gateway with it."""
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)
    return lambda text="", **options: gateway_of(_ring(path, text), **options)


def _ring(path: Path, text: str) -> ServedRing:
    path.write_text(text + LOCK)
    return ServedRing(path)


Made = Callable[..., Gateway]


def name(gateway: Gateway, asked: str, request: GatewayRequest | None = None) -> CalledName:
    return called(gateway, CHAT, request or get(), asked)


def test_g022_an_alias_is_called_in_the_lockfile_s_own_profile(gateway: Made) -> None:
    found = name(gateway(), "fast")

    assert found == CalledName(name="fast", profile="default", alias="fast")


@pytest.mark.parametrize("asked", ["models/coder", "claude/coder", "coder:latest", "coder[1m]"])
def test_g022_decorations_of_client_programs_are_dropped(gateway: Made, asked: str) -> None:
    assert name(gateway(), asked).name == "coder"


@pytest.mark.parametrize(
    ("asked", "alias"), [("claude-opus-4-8", "coder"), ("anything", "fast"), ("coder", "coder")]
)
def test_g022_a_rule_of_the_table_gives_a_name_its_alias(
    gateway: Made, asked: str, alias: str
) -> None:
    assert name(gateway(names=RULES), asked).alias == alias


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ("openai:gpt-4o", "openai:gpt-4o"),
        ("openai/gpt-4o", "openai:gpt-4o"),
        ("OpenAI:gpt-4o", "openai:gpt-4o"),
        ("mine/a/b:c", "mine:a/b:c"),
    ],
)
def test_g022_an_open_gateway_calls_models_directly(gateway: Made, asked: str, model: str) -> None:
    assert name(gateway(), asked) == CalledName(name=model, profile="default", alias=None)


def test_g022_a_gateway_with_keys_calls_no_model_directly(gateway: Made) -> None:
    with pytest.raises(UnknownModelError):
        name(gateway(is_open=False), "openai:gpt-4o")


@pytest.mark.parametrize(("asked", "nearest"), [("fats", "fast"), ("code", "coder")])
def test_g092_an_unknown_name_is_a_404_that_names_the_nearest(
    gateway: Made, asked: str, nearest: str
) -> None:
    with pytest.raises(UnknownModelError) as error:
        name(gateway(), asked)

    assert error.value.status == 404
    assert error.value.nearest[0] == nearest
    assert nearest in error.value.message


def test_g166_a_name_can_t_write_lines_into_its_error(gateway: Made) -> None:
    with pytest.raises(UnknownModelError) as error:
        name(gateway(), "x\r\nset-cookie: a=b\x1b[31m" + "y" * 10_000)

    assert error.value.message.isprintable()
    assert len(error.value.message) < 1000


@pytest.fixture(scope="module")
def with_keys(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    path = tmp_path_factory.mktemp("keys") / "llmring.lock"
    return gateway_of(_ring(path, ""), is_open=False, names=RULES)


WEB = Caller(key_id="1", key="web", aliases=("c*",))


def by(caller: Caller, **headers: str) -> GatewayRequest:
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    return get(headers=named, caller=caller)


@pytest.mark.parametrize("asked", ["fast", "models/fast", "fast:latest", "claude/fast", "other"])
def test_g091_an_alias_that_the_key_s_list_lacks_is_forbidden(
    with_keys: Gateway, asked: str
) -> None:
    with pytest.raises(ForbiddenError):
        name(with_keys, asked, by(WEB))
    assert name(with_keys, "claude-opus-4-8", by(WEB)).name == "coder"


def test_g022_a_key_calls_models_directly_if_it_may(gateway: Made) -> None:
    here = gateway(is_open=False)

    assert name(here, "openai:gpt-4o", by(Caller(key_id="1", direct=True))).alias is None
    # Even on this machine.
    with pytest.raises(UnknownModelError):
        name(gateway(), "openai:gpt-4o", by(Caller(key_id="1")))


@pytest.mark.parametrize(
    ("profile", "asked", "found"),
    [
        (None, None, "default"),
        (None, "default", "default"),
        ("prod", None, "prod"),
        ("prod", "prod", "prod"),
        ("*", None, "default"),
        ("*", "prod", "prod"),
    ],
)
def test_g023_a_call_has_the_profile_of_its_key(
    gateway: Made, profile: str | None, asked: str | None, found: str
) -> None:
    headers = {} if asked is None else {"x_llmring_profile": asked}

    assert name(gateway(), "fast", by(Caller(key_id="1", profile=profile), **headers)).profile == (
        found
    )


@pytest.mark.parametrize(("profile", "asked"), [(None, "prod"), ("prod", "default")])
def test_g023_another_profile_than_the_key_s_is_forbidden(
    gateway: Made, profile: str | None, asked: str
) -> None:
    with pytest.raises(ForbiddenError):
        name(gateway(), "fast", by(Caller(key_id="1", profile=profile), x_llmring_profile=asked))


def test_g091_another_api_than_the_key_s_is_forbidden(gateway: Made) -> None:
    caller = Caller(key_id="1", wires=("chat",))

    assert called(gateway(), CHAT, by(caller), "fast").alias == "fast"
    with pytest.raises(ForbiddenError):
        called(gateway(), MESSAGES, by(caller), "fast")


@given(asked=st.text(max_size=20) | st.sampled_from(["fast", "coder"]))
def test_g162_a_key_never_calls_what_its_list_lacks(with_keys: Gateway, asked: str) -> None:
    with contextlib.suppress(ForbiddenError, UnknownModelError):
        assert name(with_keys, asked, by(WEB)).alias == "coder"


WIDE = "\uff46ast"
NAMES = "fast FAST coder openai mine models/ claude/ :latest [1m] gpt-4o"
PIECES = st.sampled_from([*NAMES.split(), *":/* \0", WIDE])


@given(st.text() | st.lists(PIECES, max_size=5).map("".join))
def test_g162_whatever_the_name_only_an_alias_is_called(with_keys: Gateway, asked: str) -> None:
    try:
        found = name(with_keys, asked)
    except UnknownModelError:
        return

    assert found.name == found.alias
    assert found.alias in ("fast", "coder")


# --- Profiles ---

HEADER = {"x-llmring-profile": "prod"}


@pytest.mark.parametrize(
    ("request_", "options", "profile"),
    [
        (get(), {}, "default"),
        (get(), {"profile": "prod"}, "prod"),
        (get(profile="prod"), {}, "prod"),
        (get(profile="default"), {"profile": "prod"}, "default"),
        (get(headers=HEADER), {}, "prod"),
        (get(headers=HEADER, profile="default"), {}, "prod"),
        (get(headers={"x-llmring-profile": ""}, profile="prod"), {}, "prod"),
    ],
)
def test_g023_the_header_comes_before_the_path_and_the_gateway_s_own_profile(
    gateway: Made, request_: GatewayRequest, options: dict[str, Any], profile: str
) -> None:
    assert name(gateway(**options), "fast", request_).profile == profile


def test_g023_the_environment_chooses_the_profile_before_the_file(
    gateway: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_PROFILE", "prod")

    assert name(gateway(), "fast").profile == "prod"


def test_g023_an_alias_of_another_profile_is_unknown(gateway: Made) -> None:
    with pytest.raises(UnknownModelError):
        name(gateway(), "coder", get(profile="prod"))


@pytest.mark.parametrize("request_", [get(headers=HEADER), get(profile="prod")])
def test_g023_a_gateway_with_keys_forbids_another_profile(
    gateway: Made, request_: GatewayRequest
) -> None:
    with pytest.raises(ForbiddenError):
        name(gateway(is_open=False), "fast", request_)


@pytest.mark.parametrize("request_", [get(headers=HEADER), get(profile="prod")])
def test_g023_a_gateway_with_keys_takes_the_name_of_its_own_profile(
    gateway: Made, request_: GatewayRequest
) -> None:
    assert name(gateway(is_open=False, profile="prod"), "fast", request_).profile == "prod"


def test_g023_an_unknown_profile_is_an_error_of_where_it_is_named(gateway: Made) -> None:
    with pytest.raises(RequestFormatError) as error:
        name(gateway(), "fast", get(headers={"x-llmring-profile": "dev"}))
    assert error.value.field == "x-llmring-profile"

    for unknown in ("dev", ""):
        with pytest.raises(NoSuchPathError):
            name(gateway(), "fast", get(profile=unknown))


# --- Packages ---


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipped:
    """Write a package with a lockfile."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def write(package: str, text: str) -> None:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
        (folder / package / "llmring.lock").write_text(text)
        assert package not in sys.modules

    return write


def test_g022_aliases_of_packages_are_called_with_the_package_s_name(
    gateway: Made, package: Shipped
) -> None:
    package("gwlib", '[[profiles.default.bindings]]\nalias = "ask"\nmodels = ["openai:gpt-4o"]\n')
    here = gateway('[extends]\npackages = ["gwlib"]\n')

    assert name(here, "gwlib:ask").alias == "gwlib:ask"
    assert name(here, "fast").alias == "fast"


def test_g022_a_package_brings_its_default_aliases_to_profiles_that_it_lacks(
    gateway: Made, package: Shipped
) -> None:
    package("gwown", '[[profiles.default.bindings]]\nalias = "ask"\nmodels = ["openai:gpt-4o"]\n')
    here = gateway('[extends]\npackages = ["gwown"]\n', is_open=False, profile="prod")

    assert name(here, "gwown:ask") == CalledName(
        name="gwown:ask", profile="prod", alias="gwown:ask"
    )


def test_g022_a_package_without_a_readable_lockfile_has_no_names(
    gateway: Made, package: Shipped
) -> None:
    package("gwbad", "[[[")
    here = gateway('[extends]\npackages = ["gwbad", "gwmissing"]\n')

    assert name(here, "fast").alias == "fast"
    with pytest.raises(UnknownModelError):
        name(here, "gwbad:ask")


# --- Wishes ---


def test_g028_a_request_without_headers_has_no_wishes() -> None:
    assert client_wishes({"x-llmring-profile": "prod"}) == ClientWishes()


def test_g028_the_wishes_of_a_request_are_read_from_its_headers() -> None:
    found = client_wishes(
        {
            "x-llmring-tags": "team: search , nightly,nightly,",
            "x-llmring-timeout": "30",
            "x-llmring-max-cost": "0.05",
        }
    )

    assert found == ClientWishes(tags=("team: search", "nightly"), timeout=30.0, max_cost=0.05)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        *(
            (header, value)
            for header in ("x-llmring-timeout", "x-llmring-max-cost")
            for value in ("", "0", "-1", "1e3", "nan", "inf", "30s", "٣", "1_0", "1" * 30)
        ),
        ("x-llmring-tags", "a\x00b"),
        ("x-llmring-tags", "ä"),
        ("x-llmring-tags", "x" * 65),
        ("x-llmring-tags", ",".join(map(str, range(21)))),
    ],
)
def test_g028_a_header_that_can_t_be_used_is_named(header: str, value: str) -> None:
    with pytest.raises(RequestFormatError) as error:
        client_wishes({header: value})

    assert error.value.field == header


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [
        ({"x-stainless-timeout": "600"}, 600),
        ({"x-stainless-timeout": "600", "x-llmring-timeout": "30"}, 30),
        ({"x-stainless-timeout": "30.5", "x-llmring-timeout": "600"}, 30.5),
        *(({"x-stainless-timeout": each}, None) for each in ("", "0", "never", "-1", "1e9")),
    ],
)
def test_g026_the_time_limit_of_the_client_s_own_library_counts_too(
    given_: dict[str, str], seconds: float | None
) -> None:
    assert client_wishes(given_).timeout == seconds


@given(st.decimals("0.000001", "999999999", places=6))
def test_g028_an_amount_is_read_as_it_is_written(amount: Decimal) -> None:
    assert client_wishes({"x-llmring-max-cost": f"{amount:f}"}).max_cost == float(amount)


@given(st.text(max_size=30))
def test_g028_any_other_text_is_an_amount_above_zero_or_an_error(text: str) -> None:
    try:
        found = client_wishes({"x-llmring-timeout": text}).timeout
    except RequestFormatError:
        return

    assert found is not None
    assert 0 < found < 10**9


@pytest.mark.parametrize(
    ("wish", "most", "seconds"),
    [(None, None, None), (30, None, 30), (30, 600, 30), (600, 30, 30), (None, 30, 30)],
)
def test_g028_a_time_can_only_be_made_shorter(
    wish: float | None, most: float | None, seconds: float | None
) -> None:
    assert ClientWishes(timeout=wish).seconds_within(most) == seconds


def test_the_api_of_the_client_changes_no_name(gateway: Made) -> None:
    here = gateway()

    assert called(here, MESSAGES, get(), "fast") == called(here, CHAT, get(), "fast")


@pytest.mark.parametrize(("value", "wanted"), [("1", True), (" 1 ", True), ("0", False)])
def test_g106_a_report_is_asked_for_by_a_header(value: str, wanted: bool) -> None:
    assert client_wishes({"x-llmring-report": value}).report is wanted
    assert client_wishes({}).report is False


def test_g106_another_word_is_refused() -> None:
    with pytest.raises(RequestFormatError) as caught:
        client_wishes({"x-llmring-report": "yes"})

    assert caught.value.field == "x-llmring-report"
