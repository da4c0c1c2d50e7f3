"""What is checked of the `[providers]` of a lockfile."""

import pytest

from llmring import LockfileParseError
from llmring.lockfile.check import problems
from llmring.lockfile.document import parse
from llmring.providers import PROVIDERS

PROFILE = "[profiles.default]\n"


def found(table: str) -> list[str]:
    return [
        f"{problem.line}: {problem.severity}: {problem}"
        for problem in problems(PROFILE + table, PROVIDERS)
    ]


GOOD = {
    "a server of one's own": '[providers.mine]\nkind = "openai"\nbase_url = "http://h.example/v1"',
    "one with a key": '[providers.mine]\nkind = "anthropic"\nbase_url = "https://h.example"\n'
    'api_key_env = "MINE_KEY"\napi_key_header = "api-key"\nheaders = { x-team = "search" }\n'
    'query = { api-version = "2024-10-21" }',
    "a key over plain HTTP to this machine": '[providers.mine]\nkind = "openai"\n'
    'base_url = "http://127.0.0.1:8000/v1"\napi_key_env = "MINE_KEY"',
    "another API": '[providers.openai]\napi = "responses"',
    "another address of a local server": '[providers.vllm]\nbase_url = "http://gpu.example:8000/v1"',
    "a vendor's API by another path": '[providers.deepseek]\nkind = "anthropic"\n'
    'base_url = "https://api.deepseek.com/anthropic"',
    "a proxy of one's own": '[providers.litellm]\nbase_url = "https://proxy.example/v1"',
    "a key for more than one address of a vendor": '[providers.azure2]\nkind = "openai"\n'
    'base_url = "https://r.openai.azure.com/openai/v1"\napi_key_env = "AZURE_OPENAI_API_KEY"',
    "another key for a vendor": '[providers.openai]\napi_key_env = "OPENAI_KEY_OF_THE_TEAM"',
    "keys of one's own": "[providers.openai]\nx-note = 'kept'",
}


@pytest.mark.parametrize("table", GOOD.values(), ids=GOOD)
def test_a_good_table_is_not_remarked_on(table: str) -> None:
    assert found(table) == []


HALF = "and llmring knows no provider 'grok'; did you mean [providers.groq]? else add"
OWN = '[providers.mine]\nkind = "openai"\nbase_url = "https://h.example/v1"\n'

BAD = {
    '[providers.grok]\nkind = "openai"': (
        f'2: error: providers.grok: base_url is missing, {HALF} base_url = "http'
    ),
    '[providers.grok]\nbase_url = "http://h"': f"2: error: providers.grok: kind is missing, {HALF}",
    '[providers.grok]\napi = "chat"': "kind and base_url are missing",
    '[providers."a b"]\nkind = "openai"\nbase_url = "http://h/v1"': (
        "2: error: providers.\"a b\": 'a b' can't be the name of a provider; use"
    ),
    f'{OWN}[providers.MINE]\nkind = "openai"\nbase_url = "http://h"': (
        "5: error: providers.MINE: 'MINE' is another spelling of 'mine'; keep one of the two (the "
        "first is on line 2)"
    ),
    '[providers.openai]\nbase_url = "http://h:99999/v1"': (
        "3: error: providers.openai.base_url: 'http://h:99999/v1' can't be used; write base_url ="
    ),
    '[providers.openai]\nbase_url = "http://h/{OPENAI_API_KEY}"': "can't be used",
    '[providers.openai]\nbase_url = "http://me:pass@h/v1"': "holds a user or a password; name the",
    '[providers.openai]\nbase_url = "http://h/v1?a=b"': "put it under query, as in query = {",
    f'{OWN}api_key_env = "gsk_{"a" * 24}"': (
        "5: error: providers.mine.api_key_env: looks like a key, and a lockfile holds none; name"
    ),
    f'{OWN}headers = {{ x-k = "sk-{"a" * 24}" }}': "providers.mine.headers.x-k: looks like a key",
    f'{OWN}query = {{ key = "AIza{"a" * 35}" }}': "providers.mine.query.key: looks like a key",
    f'{OWN}headers = {{ Authorization = "x" }}': "a header that llmring sets itself; leave it out",
    f'{OWN}headers = {{ "a b" = "x" }}': "no header can be called that; write x-my-header",
    f'{OWN}headers = {{ a = "x\\r\\ny: 1" }}': "is not a text of ASCII characters on one line",
    f'{OWN}api_key_header = "a:b"': "is not the name of a header",
}


@pytest.mark.parametrize(("table", "told"), BAD.items())
def test_what_is_wrong_is_told_with_its_place_and_its_mend(table: str, told: str) -> None:
    [problem] = [line for line in found(table) if "error" in line]

    assert told in problem
    assert "a" * 24 not in problem
    assert "pass@" not in problem


@pytest.mark.parametrize("table", [table for table, told in BAD.items() if "missing" not in told])
def test_it_is_an_error_for_calls_too(table: str) -> None:
    with pytest.raises(LockfileParseError, match=r"^\d+:\d+: providers"):
        parse(PROFILE + table)


def test_a_table_of_a_provider_yet_to_come_stops_no_call() -> None:
    assert parse('[providers.tomorrow]\napi = "chat"').warnings == ()


WARNINGS = {
    '[providers.openai]\nbase_url = "https://gw.example/v1"': (
        "3: warning: providers.openai.base_url: sends the key in OPENAI_API_KEY to gw.example; set "
        "api_key_env to a variable for that server, or give it a name of its own"
    ),
    '[providers.groq]\nbase_url = "https://gw.example/v1"\napi_key_env = "GROQ_API_KEY"': (
        "sends the key in GROQ_API_KEY to gw.example; set"
    ),
    f'{OWN}api_key_env = "OPENAI_API_KEY"': "sends the key in OPENAI_API_KEY to h.example; set api",
    '[providers.mine]\nkind = "openai"\nbase_url = "http://h.example/v1"\napi_key_env = "K"': (
        "4: warning: providers.mine.base_url: sends the key in K to h.example unencrypted; use"
    ),
    '[providers.groq]\nkind = "anthropic"\napi = "responses"': (
        "4: warning: providers.groq.api: groq has no API 'responses', so its usual one is used"
    ),
    '[providers.cohere]\napi = "responses"': "cohere has no API 'responses'",
}


@pytest.mark.parametrize(("table", "told"), WARNINGS.items())
def test_what_may_not_be_meant_is_a_warning(table: str, told: str) -> None:
    [problem] = found(table)

    assert told in problem
    assert ": warning: " in problem
