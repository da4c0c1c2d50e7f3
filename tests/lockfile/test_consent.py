"""The settings of a lockfile that need consent."""

import pytest

from llmring.lockfile.consent import claims, fingerprint
from llmring.lockfile.document import parse
from llmring.providers.table import PROVIDERS


def effects(text: str) -> list[str]:
    return [claim.effect for claim in claims(parse(text), PROVIDERS)]


BINDING = '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["openai:gpt-6.1-sol"]\n'

HARMLESS = {
    "aliases": BINDING,
    "needs and limits": f"{BINDING}needs = ['tools']\nmax_cost = 0.1\n",
    "a server on this machine": '[providers.mine]\nkind = "openai"\nbase_url = "http://[::1]:8/v1"',
    "another API of a vendor": '[providers.openai]\napi = "responses"',
    "another path of a vendor": '[providers.deepseek]\nkind = "anthropic"\n'
    'base_url = "https://api.deepseek.com/anthropic"',
    "another resource of a vendor": "[providers.azure]\n"
    'base_url = "https://team.openai.azure.com/openai/v1"',
    "replay of recordings in the folder": '[profiles.test]\nmode = "replay"\nrecordings = "a/b"',
    "corrections of prices": '[registry.models."openai:x"]\ncontext_window = 1000',
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_a_setting_that_steers_no_key_and_no_file_needs_no_consent(text: str) -> None:
    assert effects(text) == []


OWN = '[providers.mine]\nkind = "openai"\nbase_url = "https://h.example/v1"\n'

STEERING = {
    OWN: "sends the requests to mine, and their texts, to h.example",
    f'{OWN}api_key_env = "MINE"': "sends the key in MINE to h.example",
    '[providers.openai]\nbase_url = "https://h.example/v1"': "sends the requests to openai, and",
    '[providers.azure]\nbase_url = "https://h.example/v1"': "sends the requests to azure, and",
    '[providers.openai]\nbase_url = "http://api.openai.com/v1"': (
        "sends the requests to openai, and their texts, to http://api.openai.com"
    ),
    '[providers.openai]\nbase_url = "https://api.openai.com:8443/v1"': (
        "sends the requests to openai, and their texts, to api.openai.com:8443"
    ),
    '[providers.bedrock]\nbase_url = "https://h.example/v1"': "sends the requests to bedrock, and",
    '[providers.azure]\nbase_url = "https://h.example/v1"\napi_key_env = "AZURE_OPENAI_API_KEY"': (
        "sends the key in AZURE_OPENAI_API_KEY to h.example"
    ),
    '[providers.openai]\napi_key_env = "TEAM_KEY"': "sends the key in TEAM_KEY to api.openai.com",
    '[providers.vllm]\napi_key_env = "MINE"': "sends the key in MINE to localhost",
    '[registry]\nurl = "https://h.example/m.json"': "takes prices and facts about models from http",
    '[profiles.test]\nmode = "record"': "writes requests and answers to the folder of recordings",
    '[profiles.test]\nmode = "record"\nrecordings = "here"': "writes requests and answers to here",
    '[profiles.test]\nrecordings = "../x"': "reads recordings outside of the lockfile's folder",
    '[profiles.test]\nrecordings = "/etc"': "reads recordings outside of the lockfile's folder",
    "[profiles.test]\nrecordings = 'C:\\x'": "reads recordings outside of the lockfile's folder",
    "[profiles.test]\nrecordings = '~/x'": "reads recordings outside of the lockfile's folder",
}


@pytest.mark.parametrize(("text", "effect"), STEERING.items())
def test_a_setting_that_steers_a_key_or_a_file_needs_consent(text: str, effect: str) -> None:
    [found] = effects(text)

    assert found.startswith(effect)


def test_the_fingerprint_changes_with_these_settings_and_with_nothing_else() -> None:
    def mark(text: str) -> str:
        return fingerprint(claims(parse(text), PROVIDERS))

    assert mark(OWN + BINDING) == mark(f"# a comment\n{BINDING}{OWN}")
    assert mark(OWN) != mark(OWN.replace("h.example", "i.example"))
    assert mark(OWN) != mark(f'{OWN}headers = {{ x-team = "a" }}')
