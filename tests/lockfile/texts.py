"""TOML texts and lockfiles for tests, in all the styles that people use."""

from hypothesis import strategies as st

from llmring.lockfile.document import parse

# The example of the contract, with its comments.
EXAMPLE = """\
version = "1.0"
default_profile = "default"

[profiles.default]
name = "default"

[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini"]

[[profiles.default.bindings]]
alias = "balanced"
models = [
    "anthropic:claude-3-5-sonnet",   # Primary
    "openai:gpt-4o",                  # Fallback
    "google:gemini-1.5-pro"           # Second fallback
]

[[profiles.default.bindings]]
alias = "deep"
models = ["anthropic:claude-opus-4"]

[profiles.dev]
name = "dev"

[[profiles.dev.bindings]]
alias = "assistant"
models = ["openai:gpt-4o-mini"]  # Cheaper for development

[profiles.prod]
name = "prod"

[[profiles.prod.bindings]]
alias = "assistant"
models = ["anthropic:claude-3-5-sonnet"]  # Higher quality for production
"""

# The example for several regions: no version, no default profile, no names.
REGIONS = """\
[profiles.us-west]
[[profiles.us-west.bindings]]
alias = "assistant"
models = ["openai:gpt-4o"]

[profiles.eu-central]
[[profiles.eu-central.bindings]]
alias = "assistant"
models = ["anthropic:claude-3-5-sonnet"]  # Better EU availability
"""

_SCALARS = (
    *("1", "-0x1F", "1_000", "6.6e-3", "nan", "-inf", "true", "false"),
    *("1979-05-27", "07:32:00.5", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00-07:00"),
    *('""', "''", '"a # b"', "'a ] }'", r'"a \" \\ \u00e9"', "'C:\\'", '"é ü 漢"'),
    *('""""""', "''''''", '"""a"""""', "'''it's'''", '"""\na \\\n  b"c""d\n# no comment\n"""'),
    "'''\n[no.header]\nx = 1'''",
)
_KEYS = ("a", "b-1", "c_2", "3", '"q u"', "'l.l'", r'"\u00e9"', '""')


def _pick(draw: st.DrawFn, *options: str) -> str:
    return draw(st.sampled_from(options))


def _times(draw: st.DrawFn, least: int, most: int) -> range:
    return range(draw(st.integers(least, most)))


def _key(draw: st.DrawFn) -> str:
    dot = _pick(draw, ".", " .\t")
    return dot.join(_pick(draw, *_KEYS) for _ in range(draw(st.sampled_from((1, 1, 1, 2)))))


def _space(draw: st.DrawFn) -> str:
    return _pick(draw, "", "", " ", "\n", " # [c] = \"'\n  ", "\n\n# c\n\t")


@st.composite
def _array(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = [f"{_space(draw)}{draw(values)}{_space(draw)}" for _ in _times(draw, 0, 3)]
    comma = _pick(draw, "", ",") if items else ""
    return f"[{','.join(items)}{comma}{_space(draw)}]"


@st.composite
def _inline_table(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    equals = _pick(draw, "=", " = ")
    pairs = [f"{_key(draw)}{equals}{draw(values)}" for _ in _times(draw, 0, 2)]
    return f"{{{_pick(draw, '', ' ')}{' , '.join(pairs)}{_pick(draw, '', ' ')}}}"


def _collections(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _array(values) | _inline_table(values)


_VALUES = st.recursive(st.sampled_from(_SCALARS), _collections, max_leaves=6)


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    """Generate texts that look like TOML; most of them are."""
    lines = []
    for _ in _times(draw, 1, 6):
        key = _key(draw)
        kind = _pick(draw, "pair", "pair", "table", "array", "")
        statement = {
            "pair": f"{key} = {draw(_VALUES)}",
            "table": f"[{key}]",
            "array": f"[[ {key} ]]",
            "": _pick(draw, "", "# [c]"),
        }[kind]
        lines.append(_pick(draw, "", " ", "\t") + statement + _pick(draw, "", " ", "  # [x] = 1"))
    text = "\n".join(lines) + _pick(draw, "", "\n", "\n\n# end")
    return text.replace("\n", _pick(draw, "\n", "\r\n"))


def _models(draw: st.DrawFn) -> str:
    refs = ("openai:gpt-4o", "anthropic:claude", "ollama:llama3:8b", "mock:echo")
    chosen = draw(st.lists(st.sampled_from(refs), min_size=1, max_size=3, unique=True))
    quote = _pick(draw, '"', "'")
    texts = [f"{quote}{ref}{quote}" for ref in chosen]
    return _pick(
        draw,
        f"[{', '.join(texts)}]",
        f"[ {','.join(texts)}, ]",
        "[\n    " + ",  # c\n    ".join(texts) + "\n]",
        "[ # list\n\t" + ",\n\t# up\n\t".join(texts) + ",\n  # last\n]",
        "[\n  " + "\n  , ".join(texts) + " # last\n  ]",
        texts[0],
    )


def _tables(draw: st.DrawFn, profile: str, aliases: str) -> str:
    """Generate bindings as [[tables]] with comments and blank lines around them."""
    text = ""
    for alias in aliases:
        indent = _pick(draw, "", "", "  ")
        header = f"{indent}[[profiles.{profile}.bindings]]{_pick(draw, '', '  # why')}\n"
        pairs = draw(
            st.permutations([f'{indent}alias = "{alias}"\n', f"{indent}models = {_models(draw)}\n"])
        )
        policy = f"\n[profiles.{profile}.bindings.policy]\nretries = 1\n"
        text += _pick(draw, "", "", "\n", "\n\n", "# about it\n", "\n# on its own\n\n")
        text += header + "".join(pairs) + _pick(draw, "", "", "# after\n", policy)
    return text


def _list(draw: st.DrawFn, aliases: str) -> str:
    """Generate bindings as an array of inline tables."""
    items = [f'{{ alias = "{alias}", models = ["openai:gpt-4o"] }}' for alias in aliases]
    if not items:
        return _pick(draw, "[]", "[ ]", "[\n]", "[ # none\n]", "[\n  # none\n]")
    return _pick(
        draw,
        f"[{','.join(items)}]",
        f"[ {', '.join(items)} ]",
        "[\n  " + ",\n  ".join(items) + ",\n]",
        "[ # list\n  " + ", # c\n  # up\n  ".join(items) + " # last\n]",
        "[\n" + "\n  , ".join(items) + "\n]",
    )


def _profile(draw: st.DrawFn, name: str, least: int = 0) -> str:
    """Generate a profile; its aliases are the first of a, b, c."""
    aliases = "abc"[: draw(st.integers(least, 3))]
    name = _pick(draw, name, f'"{name}"')
    header = _pick(draw, f"[profiles.{name}]\n", f"[profiles.{name}]  # p\nx-owner = 'me'\n")
    pins = _pick(draw, "", "", f"\n[profiles.{name}.registry_versions]\nopenai = 3\n")
    match _pick(draw, "tables", "headless", "list"):
        case "tables":
            return header + _tables(draw, name, aliases) + pins
        case "headless":
            return _tables(draw, name, aliases) + pins
        case _:
            return f"{header}bindings = {_list(draw, aliases)}{_pick(draw, '', ' # b')}\n{pins}"


@st.composite
def lockfile_texts(draw: st.DrawFn, least: int = 0) -> str:
    """Generate lockfiles with or without the profiles "default" and "dev".

    "default" is there if it must have a least number of aliases.
    """
    text = _pick(draw, "", "# head\n", '# head\n\nversion = "1.0"\n', 'version = "1"\n')
    text += _pick(draw, "", "", 'x-note = """\n# a = [[b]]"""\n')
    text += _pick(draw, "", "\n") + (
        _profile(draw, "default", least) if least else _pick(draw, "", _profile(draw, "default"))
    )
    text += _pick(draw, "", "\n", "\n# ---- dev ----\n") + _pick(draw, "", _profile(draw, "dev"))
    text += _pick(draw, "", "", "# end\n", "\n\n", "\n[metadata]\nf = nan\n")
    if _pick(draw, "end", "end", "no end") == "no end":
        text = text.removesuffix("\n")
    return text.replace("\n", _pick(draw, "\n", "\r\n"))


@st.composite
def bound_aliases(draw: st.DrawFn) -> tuple[str, str, str]:
    """Generate a lockfile, an alias that it binds, and the profile that binds it."""
    text = draw(lockfile_texts(least=1))
    bound = [
        (alias, name) for name, each in parse(text).profiles.items() for alias in each.bindings
    ]
    return text, *draw(st.sampled_from(bound))
