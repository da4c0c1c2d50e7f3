import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.check import problems
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.edit.starter import Suggestion, starter
from llmring.lockfile.file import read
from llmring.lockfile.schema import gateway_keys, keys
from llmring.lockfile.schema.json_schema import document
from llmring.lockfile.schema.shapes import Choice, Items
from llmring.lockfile.toml.quoting import quoted
from llmring.providers.presets import PRESETS
from llmring.providers.table import PROVIDERS as ALL
from llmring.registry.catalog import Capability
from lockfile.texts import EXAMPLE, REGIONS, lockfile_texts

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "src" / "llmring" / "lockfile" / "lockfile.schema.json"
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONTRACT = ROOT.parent / "shared" / "design" / "contract.md"

PROVIDERS = {name: row for name, row in ALL.items() if name not in PRESETS}

Tree = dict[str, Any]


def _matches(_: Any, pattern: str, value: Any, __: Any) -> Iterator[Any]:
    # In JSON Schema, $ matches only at the very end; in Python, also before a final line end.
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


JUDGE = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _matches})(
    document()
)


def plain(value: Any) -> Any:
    """Convert a TOML tree to JSON as editors do."""
    match value:
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case date() | time():
            return str(value)
        case _:
            return value


def by_schema(text: str) -> list[str]:
    return [error.message for error in JUDGE.iter_errors(plain(tomllib.loads(text)))]


def by_parser(text: str) -> list[str]:
    return [str(problem) for problem in problems(text, PROVIDERS) if problem.severity == "error"]


def toml_blocks(path: Path) -> list[str]:
    """Return the lockfiles shown in a document."""
    blocks = re.findall(r"```toml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in blocks if {"profiles", "extends"} & tomllib.loads(block).keys()]


def binding(rest: str = "", models: str = '["openai:gpt-4o"]') -> str:
    return f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = {models}\n{rest}\n'


def profile(rest: str) -> str:
    return f"[profiles.default]\n{rest}\n"


def test_the_schema_is_a_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(document())


def test_the_shipped_schema_is_up_to_date() -> None:
    assert json.loads(SHIPPED.read_text(encoding="utf-8")) == document()


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.name)
def test_the_lockfiles_in_the_docs_match_the_schema(path: Path) -> None:
    assert [by_schema(block) for block in toml_blocks(path) if by_schema(block)] == []


def test_the_readme_shows_a_lockfile() -> None:
    assert toml_blocks(PAPERS[0])


@pytest.mark.skipif(not CONTRACT.exists(), reason="../shared is not here")
def test_the_lockfiles_in_the_contract_match_the_schema() -> None:
    blocks = toml_blocks(CONTRACT)

    assert blocks
    assert [by_schema(block) for block in blocks if by_schema(block)] == []


GOOD = {
    "nothing": "",
    "the example": EXAMPLE,
    "regions": REGIONS,
    "llmring's own": read(BUNDLED),
    "a new one": starter([Suggestion("fast", ("mock:a",))]),
    "one model as a string": binding(models='"openai:gpt-4o"'),
    "space around a model": binding(models='[" openai:gpt-4o\\n"]'),
    "colons in a model": binding(models='["ollama:llama3:8b"]'),
    "a version": 'version = "1.4.2"',
    "an empty default profile": 'default_profile = ""',
    "times": 'created_at = 2026-01-31T12:00:00Z\nupdated_at = "2026-01-31"',
    "keys of one's own": f"x-a = 1\n{profile('x-b = 1')}{binding('x-c = 1')}",
    "packages": '[extends]\npackages = ["mylibrary", "_a1", "été"]',
    "pins": "[profiles.default.registry_versions]\nopenai = 3",
    "another API": '[providers.mine]\nkind = "openai"\nbase_url = "http://h:1/v1"\n'
    'api_key_env = "MY_KEY"\napi = "responses"',
    "the registry": "[registry]\nurl = 'https://example.com/models.json'\npinned = 2026-01-31",
    "a model of one's own": "[registry.models.'ollama:mine']\ncontext_window = 8192\n"
    "prices = { input = 0, output = 0.5, long_context = { above = 9, input = 1, output = 2 } }",
    "policies of a binding": binding(
        'strategy = "weighted"\nweights = [3, 0]\nhedge_after = 2.5\nneeds = ["tools"]\n'
        'on_stream_failure = "raise"\nstall_timeout = 15\ntimeout = 60\nretries = 0\n'
        "first_content_timeout = 120\n"
        "max_concurrency = 1\nrpm = 60\ntpm = 1000\nmin_context = 128_000\n"
        "max_cost_per_request = 0.05\nmax_price_ratio = 3\ndaily_budget = 10"
    ),
    "policies of a profile": profile(
        'hedge_after = "p95"\nweights = { "openai:gpt-4o" = 0.5 }\nmode = "replay"\n'
        'policy = { retries = 2 }\nrecordings = "tests/answers"'
    ),
    "faults of a profile": profile(
        'faults = [{ model = "openai:*", status = 429, retry_after = 2, message = "", times = 1 },'
        " { malformed = 0, stall = 2, stall_seconds = 0.5, cut = 3, skip = 0, x-why = 1 },"
        ' { connection = "dns", latency = 0.5, rate = 0.1 }, {}]'
    ),
    "faults of a binding": binding("[[profiles.default.bindings.faults]]\nstatus = 503"),
    "the gateway": '[gateway]\nnames = { "a*" = "fast", "*" = "lib:x" }\nhead_after = 0.5\n'
    'body_limit = 1\ncache_memory = 1\ncors = ["http://[::1]:80"]\nhosts = ["a.b", "[::1]"]\n'
    'show_upstream_errors = true\nshow_upstream_limits = true\nbody_model = "asked"\nx-a = 1\n'
    'queue = 5\nwhen_blind = "share"',
    "the gateway's keys of a binding": binding(
        'stream_commit = 200\ntool_calls = "as_they_come"\naffinity = false\n'
        'cache = "1h"\ncache_scope = "team"'
    ),
}

BAD = {
    "an unknown key": "foo = 1",
    "an unknown key of a profile": profile("foo = 1"),
    "an unknown key of a binding": binding("alais = 1"),
    "an unknown key of a policy": binding("policy = { retry = 1 }"),
    "an unknown key of a provider": "[providers.mine]\nurl = 'http://a'",
    "an unknown key of [extends]": "[extends]\npackage = 'a'",
    "another version": 'version = "2.0"',
    "a version with a line end": 'version = "1.0\\n"',
    "a version as a number": "version = 1.0",
    "profiles that are not a table": "profiles = 3",
    "a profile that is not a table": "[profiles]\na = 3",
    "bindings that are not a list": profile("bindings = 3"),
    "a binding that is not a table": profile("bindings = [3]"),
    "no alias": profile('bindings = [{ models = ["a:b"] }]'),
    "no models": profile('bindings = [{ alias = "a" }]'),
    "an empty alias": profile('bindings = [{ alias = "", models = ["mock:b"] }]'),
    "a comma in an alias": profile('bindings = [{ alias = "a,b", models = ["mock:b"] }]'),
    "a line end after an alias": profile('bindings = [{ alias = "a\\n", models = ["mock:b"] }]'),
    "no model in the list": binding(models="[]"),
    "a model without a provider": binding(models='["gpt-4o"]'),
    "a provider without a model": binding(models='["openai:"]'),
    "a space after the colon": binding(models='["openai: gpt-4o"]'),
    "a tab in a model": binding(models='["openai:gpt\\t4o"]'),
    "a model that is a number": binding(models="[1]"),
    "an empty string for models": binding(models='""'),
    "a package with a space": "[extends]\npackages = ['my library']",
    "a package that begins with a digit": "[extends]\npackages = ['1a']",
    "packages that are not a list": "[extends]\npackages = 'a'",
    "a pin of 0": "[profiles.default.registry_versions]\nopenai = 0",
    "a time that is a number": "created_at = 1",
    "a profile that extends a number": profile("extends = 1"),
    "an unknown API": "[providers.mine]\nkind = 'opnai'",
    "an invalid address": "[providers.mine]\nbase_url = 'localhost:80'",
    "a key instead of its variable": "[providers.mine]\napi_key_env = 'sk-123'",
    "a provider that is not a table": "[providers]\nmine = 1",
    "a registry that is not a table": "registry = 1",
    "a registry with other keys": "[registry]\nanything = 1",
    "prices without output": "[registry.models.'a:b']\nprices = { input = 1 }",
    "an invalid day": "[registry.models.'a:b']\nretires = 'soon'",
    "an unknown strategy": binding('strategy = "random"'),
    "an unknown stream policy": binding('on_stream_failure = "stop"'),
    "a timeout of 0": binding("timeout = 0"),
    "a timeout as a string": binding('timeout = "60"'),
    "a boolean for a number": binding("timeout = true"),
    "a boolean for a count": binding("retries = true"),
    "negative retries": binding("retries = -1"),
    "fractional retries": binding("retries = 0.5"),
    "a concurrency of 0": binding("max_concurrency = 0"),
    "an unknown percentile for a hedge": binding('hedge_after = "p94"'),
    "a negative hedge": binding("hedge_after = -1"),
    "a weight below 0": binding("weights = [1, -1]"),
    "a weight in a table below 0": binding('weights = { "a:b" = -1 }'),
    "a boolean for a weight": binding("weights = [true]"),
    "weights that are a number": binding("weights = 1"),
    "an unknown capability": binding('needs = ["flying"]'),
    "needs that are not a list": binding('needs = "tools"'),
    "an unknown mode": profile('mode = "play"'),
    "a mode of a binding": binding('mode = "replay"'),
    "a policy that is not a table": binding("policy = 1"),
    "a bad value in a policy table": binding("policy = { rpm = 0 }"),
    "faults that are a number": binding("faults = 1"),
    "faults that are a table": binding("faults = { status = 429 }"),
    "a fault that is not a table": binding("faults = [429]"),
    "an unknown key of a fault": binding("faults = [{ statsu = 429 }]"),
    "a fault with a status of success": binding("faults = [{ status = 200 }]"),
    "a fault that cuts after a negative count": binding("faults = [{ cut = -1 }]"),
    "a fault that never happens": binding("faults = [{ times = 0 }]"),
    "an unknown kind of connection failure": binding('faults = [{ connection = "gone" }]'),
    "a fault with an empty model": binding('faults = [{ model = "" }]'),
    "recordings of a binding": binding('recordings = "a"'),
    "recordings in an empty path": profile('recordings = ""'),
    "an unknown key of the gateway": "[gateway]\ncache = 1",
    "a rule with a star inside": "[gateway.names]\n'a*b' = 'fast'",
    "a rule for a text that is not an alias": "[gateway.names]\n'a' = 'b c'",
    "any origin": "[gateway]\ncors = ['*']",
    "an origin with a path": "[gateway]\ncors = ['https://a.b/']",
    "a host with a port": "[gateway]\nhosts = ['a.b:80']",
    "a cache without a unit of time": binding('cache = "60"'),
    "no memory for kept answers": "[gateway]\ncache_memory = 0",
    "a switch that is a number": binding("affinity = 1"),
    "a stream that is shown after 0 characters": binding("stream_commit = 0"),
}

BEYOND = {
    # Relations between two places of a file.
    "an alias that is bound twice": binding() + binding(),
    "a profile that extends itself": profile('extends = "default"'),
    "a circle of profiles": '[profiles.a]\nextends = "b"\n[profiles.b]\nextends = "a"',
    "a profile that extends a missing one": profile('extends = "nope"'),
    # Unknown providers, since the file may define its own.
    "an unknown provider": binding(models='["nope:x"]'),
    "a provider of one's own without an address": '[providers.mine]\nkind = "openai"',
    "a key instead of the name of its variable": "[providers.openai]\n"
    f'api_key_env = "gsk_{"a" * 20}"',
    "a password in an address": '[providers.openai]\nbase_url = "http://me:secret@h/v1"',
    "a header that llmring sets": "[providers.openai.headers]\nHost = 'h'",
    # TOML types that JSON lacks.
    "an integer with a decimal point": binding("retries = 1.0"),
    "a date for a string": profile("extends = 2026-01-31"),
    "a time without a date": "created_at = 12:00:00",
    "an infinite number": binding("timeout = inf"),
    "a NaN": binding("timeout = nan"),
    # Characters that portable patterns can't distinguish from letters.
    "a package with a symbol in its name": "[extends]\npackages = ['a\u2192b']",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_schema_and_parser_accept_valid_lockfiles(text: str) -> None:
    assert (by_parser(text), by_schema(text)) == ([], [])


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_schema_and_parser_reject_invalid_lockfiles(text: str) -> None:
    assert by_parser(text) != []
    assert by_schema(text) != []


@pytest.mark.parametrize("text", BEYOND.values(), ids=BEYOND)
def test_the_parser_finds_errors_that_the_schema_can_t(text: str) -> None:
    assert by_parser(text) != []
    assert by_schema(text) == []


@given(lockfile_texts())
def test_schema_and_parser_accept_lockfiles_in_every_style(text: str) -> None:
    assert (by_parser(text), by_schema(text)) == ([], [])


TEXTS = (
    *("", "fast", "a b", "a\n", "default", "1.0", "2.0", "p95", "restart", "weighted", "replay"),
    *("openai:x", " openai:x ", "openai:", ":x", "openai:a:b", "openai:a\tb", "openai: b"),
    *("tools", "flying", "chat", "openai", "http://h/v1", "http://", "KEY", "sk-1", "x-a"),
)
VALUES = st.recursive(
    st.sampled_from([*TEXTS, -1, 0, 1, 2, -0.5, 0.5, 1.5, True, False]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TEXTS), inner, max_size=2)
    ),
    max_leaves=4,
)


def bound(table: Tree) -> Tree:
    """Build a lockfile with these keys in its binding."""
    binding = {"alias": "fast", "models": ["openai:x"], **table}
    return {"profiles": {"default": {"bindings": [binding]}}}


PLACES: dict[str, tuple[Mapping[str, object], Callable[[Tree], Tree]]] = {
    "file": (keys.FILE, lambda table: table),
    "extends": (keys.EXTENDS, lambda table: {"extends": table}),
    "provider": (keys.PROVIDER, lambda table: {"providers": {"mine": table}}),
    "profile": (keys.PROFILE, lambda table: {"profiles": {"default": table}}),
    "binding": (keys.BINDING, bound),
    "policy": (keys.POLICY, lambda table: bound({"policy": table})),
    "gateway": (gateway_keys.GATEWAY, lambda table: {"gateway": table}),
    "names": ({"a*b": None, "a*": None}, lambda table: {"gateway": {"names": table}}),
    "fault": (keys.FAULT, lambda table: bound({"faults": [table]})),
}


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Generate lockfiles with one key in one place, with any value."""
    shapes, around = PLACES[draw(st.sampled_from([*PLACES]))]
    key = draw(st.sampled_from([*shapes, "x-a", "foo"]))
    return around({key: draw(VALUES)})


def toml(value: Any) -> str:
    """Format a value as TOML on one line."""
    match value:
        case dict():
            pairs = [f"{quoted(key)} = {toml(inner)}" for key, inner in value.items()]
            return f"{{ {', '.join(pairs)} }}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case str():
            return quoted(value)
        case bool():
            return str(value).lower()
        case _:
            return repr(value)


@given(trees())
def test_schema_and_parser_agree_on_any_value(tree: Tree) -> None:
    text = "".join(f"{quoted(key)} = {toml(value)}\n" for key, value in tree.items())
    beyond = re.compile(
        "unknown (provider|profile)|extends itself|is bound twice|is not a built-in provider"
        "|can't be the name of a provider|is not a header name|a header that llmring sets"
    )
    sayable = [error for error in by_parser(text) if not beyond.search(error)]

    assert bool(by_schema(text)) == bool(sayable)


def test_every_key_has_a_description_for_editors() -> None:
    definitions = document()["$defs"]
    tables = [document(), *definitions.values()]
    bare = [
        key
        for each in tables
        for key, schema in each["properties"].items()
        if "description" not in schema and "$ref" not in schema
    ]

    assert bare == []


def test_the_capabilities_in_the_schema_are_those_of_the_catalog() -> None:
    match keys.POLICY["needs"]:
        case Items(each=Choice(options=options)):
            assert options == get_args(Capability)
        case _:
            pytest.fail("needs is not a list of choices")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (binding("timeout = true"), "timeout: is not a number of seconds above 0; write timeout ="),
        (binding('strategy = "orderd"'), 'did you mean "ordered"?'),
        (binding('needs = ["tols"]'), "needs[0]: is not a capability (audio, caching, documents"),
        (binding("weights = [1, -1]"), "weights[1]: is not a number from 0; write 1"),
        (binding('hedge_after = "p9"'), 'is not a number of seconds above 0, or "p95"; write'),
        (binding("policy = { retry = 1 }"), "policy.retry: a policy has no such key; did you"),
        (binding("faults = [{ statsu = 429 }]"), "a fault has no such key; did you mean 'status'?"),
        (binding("faults = [{ status = 99 }]"), "faults[0].status: is not an HTTP status from 400"),
        (binding("faults = 429"), 'is not a list of tables; write faults = [{ model = "openai:*'),
        ("[providers.mine]\napi_key_env = 'sk-1'", "is not the name of an environment variable"),
    ],
)
def test_the_error_for_a_wrong_value_gives_the_fix(text: str, line: str) -> None:
    assert line in "\n".join(by_parser(text))


def test_a_key_in_the_wrong_place_is_reported_once() -> None:
    assert "sk-123" not in "\n".join(by_parser("[providers.mine]\napi_key_env = 'sk-123'"))
