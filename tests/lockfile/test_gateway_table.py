"""The `[gateway]` table of a lockfile: read, checked, compared and formatted."""

from pathlib import Path

import pytest

from llmring.lockfile.check import problems
from llmring.lockfile.compare import changes
from llmring.lockfile.compose import Packages, look_up
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.edit.format import formatted
from llmring.lockfile.file import LockfileSource
from llmring.lockfile.gateway_table import GatewayTable, gateway_table
from llmring.providers.table import PROVIDERS

OWN = LockfileSource(Path("/app/llmring.lock"), "folder", writable=True)
SHIPPED = LockfileSource(Path("/lib/llmring.lock"), "package", writable=False)

BINDING = (
    '[[profiles.default.bindings]]\nalias = "fast"\n'
    'models = ["openai:gpt-4o", "anthropic:claude-opus-4"]\n'
)
WHOLE = f"""{BINDING}
[gateway]
head_after = 5
body_limit = 1_000_000
cors = ["https://chat.example.com", "http://localhost:3000", "http://[::1]:80", "tauri://app"]
hosts = ["LLM.example.com", "[::1]"]
show_upstream_errors = false
show_upstream_limits = true
metrics_keys = true
body_model = "asked"
allow = ["mcp"]
queue = 2
when_blind = "refuse"
x-note = "ours"

[gateway.names]
"claude-opus-*" = "fast"
"gpt-4o" = "lib:fast"
"*" = "fast"
"""


def graver_than_hints(text: str) -> list[str]:
    return [each.render("f") for each in problems(text, PROVIDERS) if each.severity != "hint"]


def test_the_table_is_read_with_all_its_keys() -> None:
    lockfile = parse(WHOLE)

    assert lockfile.warnings == ()
    assert gateway_table(lockfile, OWN) == GatewayTable(
        names={"claude-opus-*": "fast", "gpt-4o": "lib:fast", "*": "fast"},
        head_after=5,
        body_limit=1_000_000,
        cors=(
            "https://chat.example.com",
            "http://localhost:3000",
            "http://[::1]:80",
            "tauri://app",
        ),
        hosts=("llm.example.com", "[::1]"),
        show_upstream_errors=False,
        show_upstream_limits=True,
        metrics_keys=True,
        body_model="asked",
        allow=("mcp",),
        queue=2,
        when_blind="refuse",
    )


def test_keys_that_are_left_out_have_their_usual_values() -> None:
    assert gateway_table(Lockfile(), OWN) == GatewayTable()
    assert gateway_table(parse('[gateway]\nbody_model = "asked"\n'), OWN).head_after == 15


def test_the_table_of_a_package_s_lockfile_is_ignored() -> None:
    assert gateway_table(parse(WHOLE), SHIPPED) == GatewayTable()


def test_the_table_of_a_package_that_is_extended_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "gatewaylib"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "llmring.lock").write_text(WHOLE)
    monkeypatch.syspath_prepend(tmp_path)
    own = parse('[extends]\npackages = ["gatewaylib"]\n[gateway]\nhead_after = 3\n')

    found = look_up("gatewaylib:fast", own, "default", [*PROVIDERS], Packages())

    assert [str(ref) for ref in found.models] == ["openai:gpt-4o", "anthropic:claude-opus-4"]
    assert gateway_table(own, OWN) == GatewayTable(head_after=3)


def test_an_unknown_key_is_an_error_of_the_check_and_a_warning_in_use() -> None:
    text = f"{BINDING}[gateway]\nhed_after = 3\n"

    [warning] = parse(text).warnings
    assert "did you mean 'head_after'?" in warning.fix
    assert graver_than_hints(text) == [f"f:5:1: error: {warning}"]


def test_a_rule_for_an_alias_that_no_profile_binds_is_a_warning() -> None:
    text = f'{BINDING}[gateway.names]\n"a" = "fats"\n"b" = "fast"\n"c" = "openai:gpt-4o"\n'

    assert graver_than_hints(text) == [
        "f:5:7: warning: gateway.names.a: no profile binds 'fats', so the names of this rule are "
        "unknown to clients; did you mean 'fast'?",
        "f:7:7: warning: gateway.names.c: no profile binds 'openai:gpt-4o', so the names of this "
        "rule are unknown to clients; bind the alias, or name another one",
    ]


def test_a_rule_for_an_alias_of_a_package_is_accepted() -> None:
    text = f'{BINDING}[extends]\npackages = ["lib"]\n[gateway.names]\n"a" = "lib:any"\n'

    assert graver_than_hints(text) == []


def test_changes_of_the_table_are_differences() -> None:
    before = parse(f'{BINDING}[gateway.names]\n"a*" = "fast"\n')
    after = parse(
        f'{BINDING}affinity = false\n[gateway]\nhead_after = 5\nnames = {{ b = "fast" }}\n'
    )

    assert [str(each) for each in changes(before, after)] == [
        "+ gateway.head_after → 5",
        "+ gateway.names.b → fast",
        '- gateway.names."a*" → fast',
        "+ default.fast.affinity → false",
    ]


def test_g123_changes_of_kept_answers_are_differences() -> None:
    before = parse(f'{BINDING}cache = "1h"\n')
    after = parse(f'{BINDING}cache = "2h"\ncache_scope = "all"\n[gateway]\ncache_memory = 1\n')

    assert [str(each) for each in changes(before, after)] == [
        "+ gateway.cache_memory → 1",
        "default.fast.cache: 1h → 2h",
        "+ default.fast.cache_scope → all",
    ]


def test_formatting_keeps_the_table() -> None:
    text = '[gateway]\nhead_after=5\n[gateway.names]\n"a*"="fast"\n'

    assert formatted(text) == '[gateway]\nhead_after = 5\n\n[gateway.names]\n"a*" = "fast"\n'
