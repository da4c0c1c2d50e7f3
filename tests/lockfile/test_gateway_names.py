import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmring.lockfile.compose import Packages, look_up
from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.gateway_names import (
    ClientNames,
    FoundName,
    RefusedName,
    callable_aliases,
    find_name,
)
from llmring.providers.table import PROVIDERS

KNOWN = frozenset(PROVIDERS)
NAMES = ClientNames(
    aliases=("fast", "coder", "lib:fast", "claude-coder"),
    rules={
        "claude-opus-*": "coder",
        "claude-opus-5-5": "fast",
        "claude-*": "claude-coder",
        "gemini-pro": "fast",
        "broken": "missing",
        "sneaky": "openai:gpt-4o",
    },
    providers=KNOWN,
    direct=True,
)
KEYLESS = ClientNames(aliases=NAMES.aliases, rules={"*": "fast"}, providers=KNOWN)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("fast", "fast"),
        ("lib:fast", "lib:fast"),
        ("claude-coder", "claude-coder"),
        ("claude-opus-5-5", "fast"),
        ("claude-opus-4-8", "coder"),
        ("claude-opus-", "coder"),
        ("claude-haiku-5-5", "claude-coder"),
        ("gemini-pro", "fast"),
    ],
)
def test_an_alias_comes_before_a_rule_and_an_exact_rule_before_the_longest_beginning(
    asked: str, name: str
) -> None:
    assert find_name(asked, NAMES) == FoundName(name)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("models/fast", "fast"),
        ("claude/fast", "fast"),
        ("models/claude/fast:latest[1m]", "fast"),
        ("fast:latest", "fast"),
        ("fast[1m]", "fast"),
        ("lib:fast:latest", "lib:fast"),
        ("claude/lib:fast", "lib:fast"),
        ("models/gemini-pro", "fast"),
        ("claude-opus-5-5[1m]", "fast"),
        ("models/claude-opus-4-8", "coder"),
    ],
)
def test_decorations_are_dropped(asked: str, name: str) -> None:
    assert find_name(asked, NAMES) == FoundName(name)


def test_an_alias_with_a_decoration_of_its_own_comes_first() -> None:
    names = ClientNames(aliases=("fast", "fast:latest"))

    assert find_name("fast:latest", names) == FoundName("fast:latest")
    assert find_name("fast:latest[1m]", names) == FoundName("fast:latest")


def test_the_alias_that_the_picker_lists_is_not_taken_by_a_rule() -> None:
    names = ClientNames(aliases=("fast", "coder"), rules={"claude*": "coder"})

    assert find_name("claude/fast", names) == FoundName("fast")


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ("openai:gpt-4o", "openai:gpt-4o"),
        ("openai/gpt-4o", "openai:gpt-4o"),
        ("OpenAI/gpt-4o", "openai:gpt-4o"),
        ("ollama:llama3:latest", "ollama:llama3:latest"),
        ("ollama/llama3:8b", "ollama:llama3:8b"),
        ("openrouter/meta/llama:free", "openrouter:meta/llama:free"),
        ("openrouter:meta/llama", "openrouter:meta/llama"),
        ("models/openai/gpt-4o", "openai:gpt-4o"),
        ("claude/anthropic:claude-opus-5-5[1m]", "anthropic:claude-opus-5-5"),
    ],
)
def test_a_model_may_be_called_where_that_is_allowed(asked: str, model: str) -> None:
    assert find_name(asked, NAMES) == FoundName(model, direct=True)
    assert not isinstance(find_name(asked, ClientNames(aliases=(), providers=KNOWN)), FoundName)


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "Fast",
        " fast",
        "fast\n",
        "\uff46\uff41\uff53\uff54",
        "f\u0430st",
        "fast\u200b",
        "lib:",
        "LIB:fast",
        "openai:",
        "openai/",
        "openai: gpt-4o",
        "openai:gpt-4o\r\nx: y",
        "openai:../files",
        "openai/a/../b",
        "openai:.",
        "nope:gpt-4o",
        "\u212aimi:k2",
        "x" * 513,
        "fast" + "[1m]" * 2,
    ],
)
def test_another_spelling_is_an_unknown_name(asked: str) -> None:
    found = find_name(asked, NAMES)

    assert isinstance(found, RefusedName)
    assert not found.forbidden


@pytest.mark.parametrize("asked", ["broken", "sneaky"])
def test_a_rule_leads_to_an_alias_and_to_nothing_else(asked: str) -> None:
    assert not isinstance(find_name(asked, NAMES), FoundName)


def test_an_alias_that_calls_would_read_as_a_model_is_none_for_clients() -> None:
    names = ClientNames(
        aliases=("openai:chat", "fast"), rules={"*": "openai:chat"}, providers=KNOWN
    )

    assert find_name("openai:chat", names) == RefusedName(forbidden=False, nearest=("fast",))
    assert callable_aliases(names) == ["fast"]


def test_an_unknown_name_comes_with_the_three_nearest_that_may_be_called() -> None:
    names = ClientNames(
        aliases=("summary", "fast", "coder", "summarizer"), allowed=("sum*", "fast")
    )

    assert find_name("sumary", names) == RefusedName(
        forbidden=False, nearest=("summary", "summarizer", "fast")
    )


@pytest.mark.parametrize("asked", ["coder", "claude/coder", "gpt", "models/gpt:latest"])
def test_an_alias_that_the_client_may_not_call_is_forbidden_by_any_name(asked: str) -> None:
    names = ClientNames(aliases=("fast", "coder"), rules={"gpt": "coder"}, allowed=("fast",))

    assert find_name(asked, names) == RefusedName(forbidden=True, nearest=("fast",))


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (("sum*",), ["sum", "summary"]),
        (("*",), ["sum", "summary", "lib:sum", "s.m"]),
        (("*:*",), ["lib:sum"]),
        (("s.m",), ["s.m"]),
        (("s?m", "[a-z]um"), []),
        ((), []),
    ],
)
def test_a_star_of_an_allowed_alias_means_any_characters_and_nothing_else_does(
    allowed: tuple[str, ...], expected: list[str]
) -> None:
    names = ClientNames(aliases=("sum", "summary", "lib:sum", "s.m"), allowed=allowed)

    assert callable_aliases(names) == expected


# --- No spelling gets past what a client may call ---

ALIASES = ("fast", "coder", "lib:fast", "kimi", "openai:chat", "claude", "models/x")
LOOKS = str.maketrans("aceiokKs", "\u0430\u0441\u0435\u0456\u043e\u212a\u039a\u017f")


def disguised(text: str, how: int) -> str:
    """Write a name in another way that somebody may take for the same."""
    ways = (
        text,
        text.upper(),
        text.title(),
        text.translate(LOOKS),
        text.replace(":", "/"),
        text.replace("/", ":"),
        "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
        f"\u200b{text}",
        f"{text}\u00a0",
        f"{text}\x00",
        unicodedata.normalize("NFD", text + "é"),
        text.replace(":", "\uff1a"),
    )
    return ways[how % len(ways)]


@st.composite
def spelled(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*ALIASES, "openai:gpt-4o", "kimi:k2", "gpt-5", "claude-x", ""]))
    before = draw(st.sampled_from(["", "models/", "claude/", "models/claude/", "openai/", "kimi:"]))
    after = draw(st.sampled_from(["", ":latest", "[1m]", ":latest[1m]", "*"]))
    return disguised(f"{before}{name}{after}", draw(st.integers(0, 11)))


CLIENTS = st.builds(
    ClientNames,
    aliases=st.lists(st.sampled_from(ALIASES), unique=True).map(tuple),
    rules=st.dictionaries(
        st.sampled_from(["*", "claude*", "gpt-5", "gpt-*", "openai:*", "models/*", "kimi*"]),
        st.sampled_from([*ALIASES, "openai:gpt-4o", "missing"]),
        max_size=3,
    ),
    providers=st.just(KNOWN),
    allowed=st.none() | st.lists(st.sampled_from(["fast", "lib:*", "c*"]), max_size=2).map(tuple),
    direct=st.booleans(),
)


def may_call(alias: str, names: ClientNames) -> bool:
    allowed = names.allowed
    starts = {"c*": "c", "lib:*": "lib:"}
    return allowed is None or any(
        alias.startswith(starts[each]) if each in starts else alias == each for each in allowed
    )


@given(spelled() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12), CLIENTS)
@example("\u212aimi:k2", ClientNames(aliases=(), providers=KNOWN, direct=True))
@example("openai:chat", ClientNames(aliases=("openai:chat",), providers=KNOWN))
def test_no_spelling_reaches_what_the_client_may_not_call(asked: str, names: ClientNames) -> None:
    found = find_name(asked, names)

    if isinstance(found, RefusedName):
        assert all(each in names.aliases and may_call(each, names) for each in found.nearest)
        return
    if found.direct:
        assert names.direct
        provider, _, model = found.name.partition(":")
        assert str(ModelRef.parse(found.name)) == found.name
        assert provider in KNOWN
        # Bytes are lower-cased as ASCII only.
        assert provider.encode() in asked.encode().lower()
        assert model in asked
    else:
        assert found.name in names.aliases
        assert may_call(found.name, names)


@given(spelled(), CLIENTS)
def test_a_call_takes_the_name_that_was_found_for_the_same_thing(
    asked: str, names: ClientNames
) -> None:
    found = find_name(asked, names)
    if isinstance(found, RefusedName):
        return
    bound = "".join(
        f'[[profiles.default.bindings]]\nalias = "{alias}"\nmodels = ["mock:{at}"]\n'
        for at, alias in enumerate(names.aliases)
    )

    resolved = look_up(found.name, parse(bound), "default", KNOWN, Packages())

    assert resolved.alias == (None if found.direct else found.name)


@given(st.text(max_size=600))
def test_with_a_rule_for_all_names_only_its_alias_and_aliases_are_found(asked: str) -> None:
    found = find_name(asked, KEYLESS)

    assert isinstance(found, RefusedName) or found.name in KEYLESS.aliases
