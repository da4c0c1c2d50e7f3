"""The checks of a lockfile's `[providers]`."""

import pytest

from llmring import LockfileParseError
from llmring.lockfile.check import problems
from llmring.lockfile.document import parse
from llmring.providers.table import PROVIDERS

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
    "a program of one's own": '[providers.litellm]\nbase_url = "http://localhost:9/v1"',
    "another region": "[providers.bedrock]\n"
    'base_url = "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"',
    "a second API of a vendor": '[providers.claude]\nkind = "anthropic"\n'
    'base_url = "https://bedrock-mantle.us-east-1.api.aws/anthropic"\n'
    'api_key_env = "AWS_BEARER_TOKEN_BEDROCK"',
    "a key for more than one address of a vendor": '[providers.azure2]\nkind = "openai"\n'
    'base_url = "https://r.openai.azure.com/openai/v1"\napi_key_env = "AZURE_OPENAI_API_KEY"',
    "another key for a vendor": '[providers.openai]\napi_key_env = "OPENAI_KEY_OF_THE_TEAM"',
    "keys of one's own": "[providers.openai]\nx-note = 'kept'",
}


@pytest.mark.parametrize("table", GOOD.values(), ids=GOOD)
def test_a_valid_provider_table_has_no_problem(table: str) -> None:
    assert found(table) == []


HALF = "and 'grok' is not a built-in provider; did you mean [providers.groq]? If not, add"
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
        "5: error: providers.MINE: 'MINE' differs from 'mine' only in case; keep one of the two "
        "(the first is on line 2)"
    ),
    '[providers.openai]\nbase_url = "http://h:99999/v1"': (
        "3: error: providers.openai.base_url: 'http://h:99999/v1' can't be used; write base_url ="
    ),
    '[providers.openai]\nbase_url = "http://h/{OPENAI_API_KEY}"': "can't be used",
    '[providers.openai]\nbase_url = "http://me:pass@h/v1"': "contains a user or a password; set",
    '[providers.openai]\nbase_url = "http://h/v1?a=b"': "put the query under query, as in",
    f'{OWN}api_key_env = "gsk_{"a" * 24}"': (
        "5: error: providers.mine.api_key_env: looks like a key, which a lockfile must not "
        "contain; set"
    ),
    f'{OWN}headers = {{ x-k = "sk-{"a" * 24}" }}': "providers.mine.headers.x-k: looks like a key",
    f'{OWN}query = {{ key = "AIza{"a" * 35}" }}': "providers.mine.query.key: looks like a key",
    f'{OWN}headers = {{ Authorization = "x" }}': "a header that llmring sets itself; remove it",
    f'{OWN}headers = {{ "a b" = "x" }}': "is not a header name; write x-my-header",
    f'{OWN}headers = {{ a = "x\\r\\ny: 1" }}': "is not a string of ASCII characters on one line",
    f'{OWN}api_key_header = "a:b"': "is not the name of a header",
}


@pytest.mark.parametrize(("table", "message"), BAD.items())
def test_an_error_in_a_provider_table_gives_place_and_fix(table: str, message: str) -> None:
    [problem] = [line for line in found(table) if "error" in line]

    assert message in problem
    assert "a" * 24 not in problem
    assert "pass@" not in problem


@pytest.mark.parametrize("table", [table for table in BAD if "missing" not in BAD[table]])
def test_an_invalid_provider_table_is_an_error_when_the_lockfile_is_parsed(table: str) -> None:
    with pytest.raises(LockfileParseError, match=r"^\d+:\d+: providers"):
        parse(PROFILE + table)


def test_an_incomplete_table_of_an_unknown_provider_does_not_stop_parsing() -> None:
    assert parse('[providers.tomorrow]\napi = "chat"').warnings == ()


@pytest.mark.parametrize(
    "variable",
    [
        *("PATH", "HOME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("SSH_AUTH_SOCK", "GITHUB_TOKEN", "GH_TOKEN", "aws_secret_access_key"),
    ],
)
@pytest.mark.parametrize("place", ["https://h.example/v1", "http://127.0.0.1:8000/v1"])
def test_a_secret_of_the_machine_is_refused_as_a_key(variable: str, place: str) -> None:
    own = f'[providers.mine]\nkind = "openai"\nbase_url = "{place}"\n'

    [problem] = found(f'{own}api_key_env = "{variable}"')

    assert problem.startswith(f"5: error: providers.mine.api_key_env: {variable} holds no key for")


def test_the_key_of_another_vendor_is_refused() -> None:
    [problem] = found(f'{OWN}api_key_env = "OPENAI_API_KEY"')

    assert problem == (
        "5: error: providers.mine.api_key_env: OPENAI_API_KEY holds the key for openai, not for "
        "h.example; name a variable that holds the key of this server"
    )


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("openai_api_key", "https://h.example/v1"),
        ("OPENAI_API_KEY", "http://api.openai.com/v1"),
        ("OPENAI_API_KEY", "https://api.openai.com:8443/v1"),
        ("AZURE_OPENAI_API_KEY", "https://h.example/openai/v1"),
        ("DATABRICKS_TOKEN", "https://h.example/v1"),
        ("AWS_BEARER_TOKEN_BEDROCK", "https://h.example/v1"),
        ("CLOUDFLARE_API_TOKEN", "https://h.example/v1"),
        ("LITELLM_API_KEY", "https://h.example/v1"),
    ],
)
def test_a_vendor_s_key_is_refused_wherever_the_address_is_not_the_vendor_s(
    variable: str, url: str
) -> None:
    own = f'[providers.mine]\nkind = "openai"\nbase_url = "{url}"\n'

    [problem] = found(f'{own}api_key_env = "{variable}"')

    assert f"error: providers.mine.api_key_env: {variable} holds the key for " in problem


@pytest.mark.parametrize(
    "table",
    [
        '[providers.mine]\nkind = "openai"\nbase_url = "https://api.openai.com/v1"',
        '[providers.mine]\nkind = "openai"\nbase_url = "http://127.0.0.1:4000/v1"',
    ],
)
def test_a_vendor_s_key_may_go_to_the_vendor_and_to_this_machine(table: str) -> None:
    assert found(f'{table}\napi_key_env = "OPENAI_API_KEY"') == []


@pytest.mark.parametrize("header", ["Host", "content-length", "transfer-encoding", "te"])
def test_a_header_of_http_itself_carries_no_key(header: str) -> None:
    with pytest.raises(LockfileParseError, match="a header of HTTP itself"):
        parse(f'{PROFILE}{OWN}api_key_header = "{header}"')


WARNINGS = {
    '[providers.openai]\nbase_url = "https://gw.example/v1"': (
        "3: warning: providers.openai.base_url: sends requests to gw.example without the key in "
        'OPENAI_API_KEY; if that server needs it, add api_key_env = "OPENAI_API_KEY"'
    ),
    '[providers.azure]\nbase_url = "https://h.example/openai/v1"': (
        "sends requests to h.example without the key in AZURE_OPENAI_API_KEY; if"
    ),
    '[providers.litellm]\nbase_url = "https://proxy.example/v1"': (
        "sends requests to proxy.example without the key in LITELLM_PROXY_API_KEY; if"
    ),
    '[providers.groq]\nbase_url = "https://gw.example/v1"\napi_key_env = "GROQ_API_KEY"': (
        "sends the key in GROQ_API_KEY to gw.example; set"
    ),
    '[providers.mine]\nkind = "openai"\nbase_url = "http://h.example/v1"\napi_key_env = "K"': (
        "4: warning: providers.mine.base_url: sends the key in K to h.example unencrypted; use"
    ),
    '[providers.groq]\nkind = "anthropic"\napi = "responses"': (
        "4: warning: providers.groq.api: groq has no API 'responses', so its default one is used"
    ),
    '[providers.cohere]\napi = "responses"': "cohere has no API 'responses'",
}


@pytest.mark.parametrize(("table", "message"), WARNINGS.items())
def test_risky_provider_settings_are_warnings(table: str, message: str) -> None:
    [problem] = found(table)

    assert message in problem
    assert ": warning: " in problem
