"""The values of the gateway's keys, each error with its line, its key and its fix."""

import msgspec
import pytest

from llmring.exceptions import LockfileParseError
from llmring.lockfile.check import problems
from llmring.lockfile.document import parse
from llmring.lockfile.edit.profiles import set_policy
from llmring.providers.table import PROVIDERS
from llmring.routing.policy import policy_of

BINDING = (
    '[[profiles.default.bindings]]\nalias = "fast"\n'
    'models = ["openai:gpt-4o", "anthropic:claude-opus-4"]\n'
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('names = { "a*b" = "fast" }', 'gateway.names."a*b": is not a name, or the beginning of'),
        ('names = { "a b" = "fast" }', 'gateway.names."a b": is not a name'),
        ('names = { "" = "fast" }', 'gateway.names."": is not a name'),
        ('names = { "**" = "fast" }', 'gateway.names."**": is not a name'),
        ('names = { a = "b c" }', 'gateway.names.a: is not an alias; write a = "fast"'),
        ("names = 1", "gateway.names: is not a table of aliases; write names = "),
        ("head_after = 0", "gateway.head_after: is not a number of seconds above 0; write head_"),
        ("body_limit = 0.5", "gateway.body_limit: is not a whole number of bytes from 1; write"),
        ('body_limit = "1MB"', "write body_limit = 33554432"),
        ('cors = ["*"]', "gateway.cors[0]: is not an origin: scheme, host and port, in lower case"),
        ('cors = ["null"]', "gateway.cors[0]"),
        ('cors = ["https://A.example"]', "gateway.cors[0]"),
        ('cors = ["https://a.example/"]', "gateway.cors[0]"),
        ('cors = ["https://*.example"]', "gateway.cors[0]"),
        ('cors = "https://a.example"', "gateway.cors: is not a list of origins; write cors = ["),
        ('hosts = ["a.example:80"]', "gateway.hosts[0]: is not the name of a host, without a port"),
        ('hosts = ["*"]', "gateway.hosts[0]"),
        ("show_upstream_limits = 1", "gateway.show_upstream_limits: is not true or false"),
        ("queue = 0", "gateway.queue: is not a number of seconds above 0; write queue = 5"),
        ('when_blind = "refused"', "gateway.when_blind: is not one of share, refuse; did you"),
        ("show_upstream_errors = 1", "is not true or false; write show_upstream_errors = true"),
        (
            'body_model = "servd"',
            'gateway.body_model: is not one of served, asked; did you mean "s',
        ),
    ],
)
def test_a_wrong_value_is_an_error_with_its_line_its_key_and_its_fix(
    line: str, message: str
) -> None:
    with pytest.raises(LockfileParseError, match=r"^2:\d+: ") as caught:
        parse(f"[gateway]\n{line}\n")

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("affinity", [True, False]),
        ("stream_commit", ["first", "whole", 200]),
        ("tool_calls", ["whole", "as_they_come"]),
        ("cache_scope", ["key", "team", "all"]),
    ],
)
def test_a_binding_and_its_profile_have_the_gateway_s_keys(key: str, values: list[object]) -> None:
    for value in values:
        text = set_policy(BINDING, key, value, "default", "fast")
        text = set_policy(text, key, values[0], "default")
        profile = parse(text).profiles["default"]
        policy = policy_of(profile.policy, profile.bindings["fast"].policy)

        assert {each.severity for each in problems(text, PROVIDERS)} <= {"hint"}
        assert getattr(policy, key) == value
        assert msgspec.structs.asdict(policy_of())[key] == values[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("affinity = 1", "affinity: is not true or false; write affinity = true"),
        ("stream_commit = 0", 'stream_commit: is not "first", "whole" or a number of characters'),
        ('stream_commit = "last"', 'write stream_commit = "first"'),
        ("cache = true", 'cache: is not a time like "1h"'),
        ('cache = "0h"', 'write cache = "1h"'),
        ('cache = "1 h"', 'write cache = "1h"'),
        ('cache_scope = "teams"', 'is not one of key, team, all; did you mean "team"'),
        ('tool_calls = "hole"', 'tool_calls: is not one of whole, as_they_come; did you mean "w'),
    ],
)
def test_a_wrong_value_of_a_binding_is_an_error_with_its_fix(line: str, message: str) -> None:
    with pytest.raises(LockfileParseError) as caught:
        parse(f"{BINDING}{line}\n")

    assert message in str(caught.value)


def test_g123_a_binding_has_the_time_for_which_its_answers_are_kept() -> None:
    for time in ("1h", "30m", "2d", "1w"):
        profile = parse(set_policy(BINDING, "cache", time, "default", "fast")).profiles["default"]

        assert policy_of(profile.policy, profile.bindings["fast"].policy).cache == time
    assert policy_of().cache is None
