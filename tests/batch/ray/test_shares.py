import tomllib

from llmring.batch.ray.shares import share_limits

TEXT = """version = "1.0"
note = "rpm = 60"  # rpm = 60

[profiles.default]
rpm = 60
tpm = 100_001 # a minute

[[profiles.default.bindings]]
alias = "fast"
models = ["openai:a"]
max_concurrency = 1
daily_budget = 5
# daily_budget = 7
"""


def test_b51_limits_are_divided_evenly_and_named() -> None:
    text, divided = share_limits(TEXT, 2)

    found = tomllib.loads(text)
    profile = found["profiles"]["default"]
    assert (profile["rpm"], profile["tpm"]) == (30, 50_000)
    assert profile["bindings"][0]["max_concurrency"] == 1
    assert profile["bindings"][0]["daily_budget"] == 2.5
    assert found["note"] == "rpm = 60"
    assert divided == ["rpm", "tpm", "max_concurrency", "daily_budget"]


def test_one_worker_has_the_whole() -> None:
    assert share_limits(TEXT, 1) == (TEXT, [])
