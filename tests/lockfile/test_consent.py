"""The settings of a lockfile that need consent."""

import os
from pathlib import Path

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
    "the gateway's names": '[gateway]\nbody_limit = 5\ncors = []\nnames = { "*" = "fast" }',
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
    '[gateway]\ncors = ["https://a.example", "https://b.example"]': (
        "lets web pages of https://a.example, https://b.example call the gateway"
    ),
    '[gateway]\nhosts = ["a.example"]': "lets clients reach the gateway as a.example",
    '[[gateway.keys]]\nname = "web"\nhash = "sha256:' + "0" * 64 + '"': (
        "lets clients with the keys web make calls"
    ),
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


RECORD = '[profiles.test]\nmode = "record"\n'
REPLAY = '[profiles.test]\nmode = "replay"\n'


@pytest.mark.parametrize("written", ["", 'recordings = "tests/recordings"'])
@pytest.mark.parametrize("mode", [RECORD, REPLAY])
def test_a_folder_that_a_link_leads_out_of_the_lockfile_s_needs_consent(
    tmp_path: Path, mode: str, written: str
) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    (home / "tests").mkdir(parents=True)
    (home / "tests" / "recordings").symlink_to(away)

    found = claims(parse(mode + written, home / "llmring.lock"), PROVIDERS)

    effect = f"reads recordings outside of the lockfile's folder, in {away}"
    assert found[-1].effect == effect
    if mode == RECORD:
        assert found[0].effect == f"writes requests and answers to {away}"


def test_a_lockfile_s_folder_that_is_a_link_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert claims(parse(REPLAY, tmp_path / "link" / "llmring.lock"), PROVIDERS) == ()


def test_consent_to_recording_is_for_one_folder(tmp_path: Path) -> None:
    def mark(folder: str) -> str:
        text = f"{RECORD}recordings = '{folder}'"
        return fingerprint(claims(parse(text, tmp_path / "llmring.lock"), PROVIDERS))

    (tmp_path / "link").symlink_to(tmp_path.parent)
    before = mark("link")
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(os.fsdecode(b"/\xff"))

    assert mark("a") != mark("b")
    assert mark("link") != before


def test_the_fingerprint_changes_with_these_settings_and_with_nothing_else() -> None:
    def mark(text: str) -> str:
        return fingerprint(claims(parse(text), PROVIDERS))

    assert mark(OWN + BINDING) == mark(f"# a comment\n{BINDING}{OWN}")
    assert mark(OWN) != mark(OWN.replace("h.example", "i.example"))
    assert mark(OWN) != mark(f'{OWN}headers = {{ x-team = "a" }}')
